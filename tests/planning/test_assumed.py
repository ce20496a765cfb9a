"""Tests what a plan without a look at the accounts assumes of records."""

from __future__ import annotations

import pytest

from reconciler.model.observed import Found, TaskStatus, Unknown, Unverifiable
from reconciler.planning import assumed
from tests.planning import cases


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("ready", Found),
        ("deposed", Found),
        ("running", Found),
        ("intended", Unknown),
        ("uncertain", Unknown),
        ("failed", Unverifiable),
        ("deleted", Unverifiable),
    ],
)
def test_a_record_is_assumed_to_be_as_recorded_and_an_open_call_stays_open(status: str, kind: type) -> None:
    state = cases.state_of({"records": {"a@1": status}})
    [record] = state.records.values()
    [observed] = assumed.observations(state, {"kling": record.account})["kling"].of.values()
    assert isinstance(observed, kind)
    if isinstance(observed, Found):
        assert observed.remote.status is (TaskStatus.RUNNING if status == "running" else TaskStatus.READY)


def test_a_provider_that_is_not_declared_any_more_is_left_out() -> None:
    state = cases.state_of({"records": {"a@1": "ready"}})
    assert assumed.observations(state, {}) == {}

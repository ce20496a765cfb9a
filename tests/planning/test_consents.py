"""While the consent to a voice has expired, the voice is never paid for; it stays, or it is deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from reconciler.model.consent import Consent
from reconciler.model.plan import Action, Change
from reconciler.model.state import Status
from tests.planning import cases

YESTERDAY = str((cases.NOW - timedelta(days=1)).date())
TODAY = str(cases.NOW.date())
OTHER = {"create": {"voice_name": "Another name"}}


def consent(expires: str, **more: str) -> dict[str, Any]:
    return {"consent": {"owner": "Ann", "document": "consents/ann.pdf", "expires": expires, **more}}


def changes(entry: dict[str, Any], **case: Any) -> list[Change]:
    return list(cases.plan({"voices": {"hero": entry}, **case}).changes)


def actions(entry: dict[str, Any], **case: Any) -> list[Action]:
    return [change.action for change in changes(entry, **case)]


def test_a_consent_holds_on_its_last_day() -> None:
    given = Consent.model_validate({"owner": "Ann", "expires": "2027-01-31"})
    assert not given.has_expired(datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC))
    assert given.has_expired(datetime(2027, 2, 1, tzinfo=UTC))
    assert actions(consent(TODAY)) == [Action.CREATE]
    assert not Consent.model_validate({"owner": "Ann"}).has_expired(datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "given",
    [
        {"expires": TODAY},
        {"owner": "", "expires": TODAY},
        {"owner": "Ann", "expires": "31.01.2027"},
        {"owner": "Ann", "expires": "2027-02-30"},
        {"owner": "Ann", "expires": "20270131T"},
        {"owner": "Ann", "expires": "1234567890"},
        {"owner": "Ann", "when_expired": "delete"},
        {"owner": "Ann", "expires": TODAY, "when_expired": "keep"},
    ],
    ids=str,
)
def test_a_consent_has_an_owner_and_a_day(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Consent.model_validate(given)


def test_an_entry_without_consent_any_more_is_blocked_and_not_made() -> None:
    [change] = changes(consent(YESTERDAY))
    assert (change.action, change.calls) == (Action.BLOCKED, (0, 0))
    assert change.reason == f"the consent of Ann (consents/ann.pdf) ended with {YESTERDAY}"


@pytest.mark.parametrize(
    "case",
    [
        {"records": {"hero@1": "ready"}},
        {"records": {"hero@1": "ready"}, "seen": {"hero@1": "absent"}},
        {"records": {"hero@1": "ready"}, "options": {"replace": ["hero"]}},
        {"records": {"hero@1": "failed"}, "options": {"retry": ["hero"]}},
        {"records": {"hero@1": "intended"}, "seen": {"hero@1": "absent"}},
        {"marked": ["hero@1"]},
    ],
    ids=str,
)
def test_nothing_is_bought_or_replaced_whatever_is_asked_for(case: dict[str, Any]) -> None:
    for entry in (consent(YESTERDAY), consent(YESTERDAY) | OTHER):
        assert actions(entry, **case) == [Action.BLOCKED]
        plan = cases.plan({"voices": {"hero": entry | consent(YESTERDAY, when_expired="delete")}, **case})
        assert sum(calls["paid"] for calls in plan.calls().values()) == 0


def test_its_voice_is_deleted_where_the_entry_says_so_and_not_made_again() -> None:
    entry = consent(YESTERDAY, when_expired="delete")
    [change] = changes(entry, records={"hero@1": "ready"})
    assert change.action is Action.DELETE
    assert change.reason.startswith("the consent of Ann")
    for records in ({}, {"hero@1": str(Status.DELETED)}):
        plan = cases.plan({"voices": {"hero": entry}, "records": records})
        assert plan.changes == ()
        assert [note for note in plan.notes if note.endswith("so it has no voice.")] != []


def test_a_running_creation_is_deleted_too() -> None:
    entry = consent(YESTERDAY, when_expired="delete")
    assert actions(entry, records={"hero@1": "running"}) == [Action.DELETE]


def test_prevent_destroy_is_stronger_than_the_consent() -> None:
    entry = consent(YESTERDAY, when_expired="delete") | {"lifecycle": {"prevent_destroy": True}}
    [change] = changes(entry, records={"hero@1": "ready"})
    assert change.action is Action.BLOCKED
    assert change.reason.startswith("prevent_destroy: the consent of Ann")


def test_the_limits_of_deletions_count_them() -> None:
    names = [f"v{n}" for n in range(10)]
    gone = consent(YESTERDAY, when_expired="delete")
    voices: dict[str, Any] = {name: gone if n < 4 else {} for n, name in enumerate(names)}
    plan = cases.plan({"voices": voices, "records": {f"{name}@1": "ready" for name in names}})
    assert [stop.what for stop in plan.stops] == [
        "4 of 10 recorded voices would be deleted, replaced or forgotten, and the limit is 30 %"
    ]


def test_an_official_voice_is_only_forgotten() -> None:
    entry = consent(YESTERDAY, when_expired="delete") | {"preset": {"voice_id": "829"}}
    records = {"hero@1": {"status": "ready", "preset": {"voice_id": "829"}}}
    assert actions(entry, records=records) == [Action.FORGET]


def test_a_destroy_deletes_it_like_every_other() -> None:
    assert actions(consent(YESTERDAY), records={"hero@1": "ready"}, options={"destroy": True}) == [Action.DELETE]


def test_a_consent_is_no_difference() -> None:
    assert actions(consent(TODAY), records={"hero@1": "ready"}) == []

"""What another run has begun was interrupted, unless that run holds the lock of the state."""

from __future__ import annotations

import pytest

from reconciler.planning import earlier_run
from reconciler.planning.plan_context import PlanOptions

ANN = "ann@mac (pid 4711)"


def test_without_a_holder_of_the_lock_a_run_was_interrupted() -> None:
    options = PlanOptions()
    assert earlier_run.not_called(options) == "an earlier run was interrupted before this call"
    assert earlier_run.created(options) == "an earlier run was interrupted, but it created the voice"
    assert earlier_run.began(options, "it exists") == "an interrupted run began the new voice, and it exists"
    assert earlier_run.not_needed(options) == "started by an interrupted run, no longer needed"


@pytest.mark.parametrize(
    "said",
    [
        earlier_run.not_called(PlanOptions(under_way=ANN)),
        earlier_run.created(PlanOptions(under_way=ANN)),
        earlier_run.began(PlanOptions(under_way=ANN), "it exists"),
        earlier_run.not_needed(PlanOptions(under_way=ANN)),
    ],
)
def test_the_run_that_holds_the_lock_is_named_and_not_called_interrupted(said: str) -> None:
    assert f"the run of {ANN}" in said
    assert "under way" in said
    assert "interrupted" not in said

"""What an apply does around its calls: the lock before the state, the thresholds before a call, a plan once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.errors import PlanSpent, SafetyStop
from reconciler.model.manifest import Lifecycle
from reconciler.model.state import Status
from reconciler.protocols import LockInfo
from tests.engine.rehearsal import Died, Rehearsal, voice


def after(*addresses: str) -> Rehearsal:
    rehearsal = Rehearsal(task_seconds=2)
    rehearsal.declare(*map(voice, addresses))
    rehearsal.apply()
    return rehearsal


def test_what_another_run_did_while_the_lock_was_waited_for_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsal = Rehearsal(task_seconds=2)
    rehearsal.declare(voice("narrator"))
    free = rehearsal.backend.lock

    @contextmanager
    def held_by_another_run(holder: LockInfo) -> Iterator[None]:
        monkeypatch.setattr(rehearsal.backend, "lock", free)
        rehearsal.apply()
        with free(holder):
            yield

    monkeypatch.setattr(rehearsal.backend, "lock", held_by_another_run)
    assert rehearsal.apply().plan.empty
    assert len(rehearsal.made) == 1


def test_nothing_is_called_or_written_under_a_stop() -> None:
    rehearsal = after("narrator", "hero")
    happened = len(rehearsal.order("create", "delete", "write", "append"))
    rehearsal.declare()
    with pytest.raises(SafetyStop, match="declares no voice"):
        rehearsal.apply()
    assert len(rehearsal.order("create", "delete", "write", "append")) == happened
    assert len(rehearsal.living) == 2


def test_the_number_lets_it_run() -> None:
    rehearsal = after("narrator", "hero")
    rehearsal.declare()
    rehearsal.apply(allow_deletes=2)
    assert rehearsal.living == {}


def test_a_saved_plan_that_was_applied_is_refused_as_spent() -> None:
    rehearsal = Rehearsal(task_seconds=2)
    rehearsal.declare(voice("narrator"))
    saved = rehearsal.plan()
    rehearsal.apply(saved)
    with pytest.raises(PlanSpent):
        rehearsal.apply(saved)
    assert len(rehearsal.made) == 1


def test_a_saved_plan_of_nothing_but_blocked_changes_is_not_used_up() -> None:
    rehearsal = Rehearsal(task_seconds=2)
    kept = Lifecycle(prevent_destroy=True)
    rehearsal.declare(voice("narrator", lifecycle=kept))
    rehearsal.apply()
    rehearsal.declare(voice("narrator", sample="another", lifecycle=kept))
    saved = rehearsal.plan()
    assert [rehearsal.apply(saved).tally.blocked for _ in range(2)] == [1, 1]


def test_a_saved_plan_whose_run_died_goes_on() -> None:
    rehearsal = Rehearsal(task_seconds=2)
    rehearsal.declare(voice("narrator"), voice("hero"))
    saved = rehearsal.plan()
    rehearsal.die("after", "create")
    with pytest.raises(Died):
        rehearsal.apply(saved)
    rehearsal.apply(saved)
    assert rehearsal.at_status(Status.READY) == ["hero", "narrator"]
    assert len(rehearsal.made) == 2

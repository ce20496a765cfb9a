"""What an apply does around its calls: the lock before the state, the thresholds before a call, a plan once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.errors import PlanSpent, SafetyStop
from reconciler.model.manifest import Lifecycle
from reconciler.model.state import Status
from reconciler.protocols.backend import Lease, LockInfo
from tests.engine.simulated_run import Died, SimulatedRun, voice


def after(*addresses: str) -> SimulatedRun:
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(*map(voice, addresses))
    simulated.apply()
    return simulated


def test_what_another_run_did_while_the_lock_was_waited_for_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(voice("narrator"))
    free = simulated.backend.lock

    @contextmanager
    def held_by_another_run(holder: LockInfo) -> Iterator[Lease]:
        monkeypatch.setattr(simulated.backend, "lock", free)
        simulated.apply()
        with free(holder) as lease:
            yield lease

    monkeypatch.setattr(simulated.backend, "lock", held_by_another_run)
    assert simulated.apply().plan.empty
    assert len(simulated.made) == 1


def test_nothing_is_called_or_written_under_a_stop() -> None:
    simulated = after("narrator", "hero")
    happened = len(simulated.order("create", "delete", "write", "append"))
    simulated.declare()
    with pytest.raises(SafetyStop, match="declares no voice"):
        simulated.apply()
    assert len(simulated.order("create", "delete", "write", "append")) == happened
    assert len(simulated.living) == 2


def test_the_number_lets_it_run() -> None:
    simulated = after("narrator", "hero")
    simulated.declare()
    simulated.apply(allow_deletes=2)
    assert simulated.living == {}


def test_a_saved_plan_that_was_applied_is_refused() -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(voice("narrator"))
    saved = simulated.plan()
    simulated.apply(saved)
    with pytest.raises(PlanSpent):
        simulated.apply(saved)
    assert len(simulated.made) == 1


def test_a_saved_plan_of_nothing_but_blocked_changes_is_not_used_up() -> None:
    simulated = SimulatedRun(task_seconds=2)
    kept = Lifecycle(prevent_destroy=True)
    simulated.declare(voice("narrator", lifecycle=kept))
    simulated.apply()
    simulated.declare(voice("narrator", sample="another", lifecycle=kept))
    saved = simulated.plan()
    assert [simulated.apply(saved).tally.blocked for _ in range(2)] == [1, 1]


def test_a_saved_plan_whose_run_died_continues() -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(voice("narrator"), voice("hero"))
    saved = simulated.plan()
    simulated.die("after", "create")
    with pytest.raises(Died):
        simulated.apply(saved)
    simulated.apply(saved)
    assert simulated.at_status(Status.READY) == ["hero", "narrator"]
    assert len(simulated.made) == 2

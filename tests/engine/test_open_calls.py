"""A run that may have lost its lock sends no call that changes anything, whatever its own clock says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.engine.import_resolve import resolve
from reconciler.engine.session import Request
from reconciler.engine.store import Store
from reconciler.errors import Fenced, StateError, StateNotSaved, UsageError
from reconciler.model.events import Event, Kind
from reconciler.model.state import State, Status
from reconciler.protocols.backend import Blob
from tests.engine.simulated_run import SimulatedRun, voice
from tests.support.clock import FakeClock
from tests.support.memory_backend import MemoryBackend
from tests.support.stores import with_voice

BOB = "bob@elsewhere took over the lock of this state."


@dataclass
class Held:
    """A lease that the test sets."""

    seconds: float = 50.0
    lost: str | None = None
    fence: int = 1

    def left(self) -> float:
        return self.seconds

    def renew(self) -> None:
        raise NotImplementedError


def with_lease(lease: Held, *addresses: str) -> SimulatedRun:
    simulated = SimulatedRun(task_seconds=1)
    simulated.backend.lease = lease
    simulated.declare(*map(voice, addresses or ("narrator",)))
    return simulated


def test_under_a_good_lease_everything_is_made() -> None:
    simulated = with_lease(Held(), "narrator", "hero")
    assert simulated.apply().halted is None
    assert len(simulated.made) == 2


def test_after_a_lease_that_ran_out_nothing_is_sent_until_it_is_renewed() -> None:
    lease = Held()
    simulated = with_lease(lease)
    renewed_at = 0.0

    def run_out_at_the_intent(moment: str, what: str) -> None:
        if (moment, what) == ("after", "write"):
            lease.seconds = -1.0

    def renew(_: object = None) -> str | None:
        nonlocal renewed_at
        if lease.seconds < 0 and simulated.clock.monotonic() > 40:
            lease.seconds, renewed_at = 50.0, simulated.clock.monotonic()
        return None

    simulated.hook = run_out_at_the_intent
    assert simulated.apply(stop=renew).halted is None
    [create] = [each.at for each in simulated.happened if each.what == "create"]
    assert create >= renewed_at > 40
    assert len(simulated.made) == 1


def test_a_run_whose_lease_is_never_renewed_again_ends() -> None:
    lease = Held()
    simulated = with_lease(lease, "narrator", "hero")

    def run_out(moment: str, what: str) -> None:
        if (moment, what) == ("after", "write"):
            lease.seconds = -1.0

    simulated.hook = run_out
    applied = simulated.apply()
    assert applied.halted is not None
    assert "could not be renewed for 120 s" in applied.halted
    assert simulated.made == []
    assert simulated.clock.monotonic() < 200


def test_a_lease_that_is_too_short_for_a_call_lets_none_go_but_half_a_lease_is_enough() -> None:
    """A call may take 70 s here, longer than any lease of a minute."""
    lease = Held(50.0)
    simulated = with_lease(lease)

    def shorten(moment: str, what: str) -> None:
        if (moment, what) == ("after", "write"):
            lease.seconds = 26.0

    simulated.hook = shorten
    assert simulated.apply().halted is None
    assert len(simulated.made) == 1


def test_a_lock_that_was_taken_over_ends_the_run_before_the_next_call() -> None:
    lease = Held()
    simulated = with_lease(lease, "narrator", "hero", "villain")

    def take_over(moment: str, what: str) -> None:
        if (moment, what) == ("after", "write"):
            lease.seconds, lease.lost = -1.0, BOB

    simulated.hook = take_over
    applied = simulated.apply()
    assert applied.halted == BOB
    assert simulated.made == []
    assert [event.detail for event in simulated.told(Kind.STOPPED)] == [BOB]


def test_a_refused_append_ends_the_run_before_the_call_of_its_intent() -> None:
    simulated = with_lease(Held(), "narrator")
    simulated.apply()
    simulated.declare(voice("narrator"), voice("hero"))

    def fenced(moment: str, what: str) -> None:
        if (moment, what) == ("before", "append"):
            raise Fenced(BOB)

    simulated.hook = fenced
    with pytest.raises(StateError, match="bob@elsewhere"):
        simulated.apply()
    assert len(simulated.made) == 1


def interrupted(simulated: SimulatedRun, *, at: Kind, grace: float) -> float:
    """Applies, interrupts at the first such event, and returns how many seconds the run went on after that."""
    asked: list[float] = []

    def interrupt(event: Event) -> None:
        if event.kind is at and not asked:
            asked.append(simulated.clock.monotonic())
            simulated.workers.wake()

    simulated.listener = interrupt
    simulated.apply(stop=lambda: "interrupted" if asked else None, grace=grace)
    simulated.listener = lambda event: None
    return simulated.clock.monotonic() - asked[0]


def test_an_interrupted_run_without_an_open_call_leaves_at_once() -> None:
    simulated = SimulatedRun(task_seconds=300)
    simulated.declare(voice("narrator"))
    assert interrupted(simulated, at=Kind.ACCEPTED, grace=6.0) < 1.0
    assert simulated.at_status(Status.RUNNING) == ["narrator"]


def test_an_interrupted_run_waits_for_the_answer_of_an_open_call() -> None:
    simulated = SimulatedRun(latency=4.0, task_seconds=300)
    simulated.declare(voice("narrator"))
    assert interrupted(simulated, at=Kind.STARTED, grace=6.0) == pytest.approx(4.0, abs=0.5)
    assert simulated.at_status(Status.RUNNING) == ["narrator"]
    assert simulated.record("narrator").call_until is None


def test_after_its_grace_time_it_leaves_and_records_until_when_the_call_may_be_open() -> None:
    simulated = SimulatedRun(latency=30.0, task_seconds=300)
    simulated.declare(voice("narrator"))
    interrupted(simulated, at=Kind.STARTED, grace=6.0)
    saved = [each.at for each in simulated.happened if each.what in ("write", "append")]
    assert saved[1] - saved[0] == pytest.approx(6.0, abs=0.5)
    record = simulated.record("narrator")
    assert record.status is Status.INTENDED
    assert record.call_until is not None
    assert (record.call_until - simulated.clock.now()).total_seconds() == pytest.approx(70.0, abs=31.0)
    simulated.apply()
    assert len(simulated.made) == 1
    assert simulated.at_status(Status.READY) == ["narrator"]


def test_a_call_that_may_still_be_open_is_not_paid_a_second_time_by_hand() -> None:
    simulated = SimulatedRun(latency=30.0, task_seconds=300)
    simulated.declare(voice("narrator"))
    interrupted(simulated, at=Kind.STARTED, grace=6.0)
    with pytest.raises(UsageError, match="may still be under way until 2026-01-02 03:0"):
        resolve(simulated.session(), "narrator", Request(), voice_id=None, retry=True)
    simulated.clock.pass_(80.0)
    resolve(simulated.session(), "narrator", Request(), voice_id=None, retry=True)


def test_the_copy_of_a_run_whose_last_write_is_unclear_can_be_pushed_over_it(tmp_path: Path) -> None:
    backend = Unreachable()
    store = Store(backend, clock=FakeClock(), rescue_path=tmp_path / "rescue.json")
    begun = State(lineage="0123", serial=0)
    store.begin(begun)
    store.commit(begun)
    backend.after = lost
    later = with_voice(begun, "narrator", Status.READY, voice_id="86")
    with pytest.raises(StateNotSaved):
        store.commit(later)
    backend.answers = False
    with pytest.raises(StateNotSaved):
        store.commit(with_voice(later, "hero", Status.READY, voice_id="87"))
    backend.after, backend.answers = lambda what: None, True
    another = Store(backend, clock=FakeClock(), rescue_path=tmp_path / "other.json")
    assert {r.voice_id for r in another.push((tmp_path / "rescue.json").read_bytes()).records.values()} == {"86", "87"}


class Unreachable(MemoryBackend):
    """Can't be read while it does not answer."""

    answers = True

    def read(self) -> Blob | None:
        if not self.answers:
            lost("read")
        return super().read()


def lost(what: str) -> None:
    raise StateError("The store could not be reached.")


def test_a_write_that_was_made_although_it_failed_is_no_conflict_for_the_next_one() -> None:
    """The store took the append, and then could not be reached for a minute: neither reply nor content came back."""
    simulated = SimulatedRun(latency=4.0, task_seconds=1)
    simulated.declare(voice("narrator"), voice("hero"))
    failures = ["append"]

    def lose_the_reply(moment: str, what: str) -> None:
        if moment == "after" and failures and failures[0] == what and simulated.made:
            failures.pop()
            raise StateError("The store could not be reached.")

    simulated.hook = lose_the_reply
    applied = simulated.apply()
    assert failures == []
    assert applied.halted == "the state could not be saved; voicectl still waits for the open calls"
    assert {r.status for r in simulated.state.records.values()} <= {Status.RUNNING, Status.READY}
    simulated.apply()
    assert len(simulated.made) == 2
    assert simulated.at_status(Status.READY) == ["hero", "narrator"]

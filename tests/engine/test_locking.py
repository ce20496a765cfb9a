"""How long a run waits for a lock, and what it says meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest

from reconciler.backends.lease import Unlimited
from reconciler.engine.lock_owner import LockOwner
from reconciler.engine.locking import taken
from reconciler.errors import StateLocked
from reconciler.protocols.backend import Held, Lease, LockInfo, locked_by
from tests.support.clock import FakeClock
from tests.support.hints import in_words
from tests.support.memory_backend import MemoryBackend

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINE = LockOwner("ann", "here", 1).holder("aaaa1111", "apply", NOW)
THEIRS = LockOwner("bob", "elsewhere", 2).holder("bbbb2222", "apply", NOW)


class Busy(MemoryBackend):
    """Another run holds the lock until `free_at`; its heartbeat was 3 s ago at any time."""

    def __init__(self, clock: FakeClock, free_at: float) -> None:
        super().__init__()
        self._clock = clock
        self._free_at = free_at
        self.tries: list[float] = []

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[Lease]:
        self.tries.append(self._clock.monotonic())
        if self._clock.monotonic() < self._free_at:
            raise locked_by(Held(THEIRS, heartbeat=3.0, left=57.0))
        yield Unlimited()


def wait_for(seconds: float, *, free_at: float) -> tuple[Busy, list[str]]:
    clock, said = FakeClock(), list[str]()
    backend = Busy(clock, clock.monotonic() + free_at)
    with ExitStack() as stack:
        taken(backend, MINE, clock=clock, stack=stack, wait=seconds, waiting=lambda locked: said.append(locked.detail))
    return backend, said


def test_a_free_lock_is_taken_at_once_and_nothing_is_said() -> None:
    backend, said = wait_for(0, free_at=0)
    assert (len(backend.tries), said) == (1, [])


def test_without_patience_a_held_lock_is_an_error() -> None:
    with pytest.raises(StateLocked, match="bob@elsewhere"):
        wait_for(0, free_at=10)


def test_the_lock_is_asked_for_every_second_and_later_every_five() -> None:
    backend, _ = wait_for(60, free_at=30)
    first = backend.tries[0]
    assert [round(at - first) for at in backend.tries] == [0, 1, 3, 6, 10, 15, 20, 25, 30]


def test_a_waiting_run_says_every_30_seconds_for_whom() -> None:
    _, said = wait_for(300, free_at=100)
    assert len(said) == 4
    assert said[0].startswith("bob@elsewhere (pid 2) has held the lock for apply since 2026-11-20 12:00:00 UTC.")
    assert "Its last heartbeat was 3 s ago." in said[0]


def test_it_waits_no_longer_than_it_may() -> None:
    clock = FakeClock()
    began = clock.monotonic()
    with pytest.raises(StateLocked), ExitStack() as stack:
        taken(Busy(clock, inf_later(clock)), MINE, clock=clock, stack=stack, wait=7.0, waiting=None)
    assert clock.monotonic() - began == pytest.approx(7.0)


def inf_later(clock: FakeClock) -> float:
    return clock.monotonic() + 1e9


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (Held(THEIRS, 18.4, 41.6), "heartbeat was 18 s ago. If that run is dead, the lock is free in at most 42 s."),
        (Held(THEIRS, None, 7000.0), "12:00:00 UTC. If that run is dead, the lock is free in at most 117 min."),
        (Held(THEIRS, stays=True), "12:00:00 UTC. The lock does not end by itself, also if that run is dead."),
        (Held(THEIRS), "bob@elsewhere (pid 2) has held the lock for apply since 2026-11-20 12:00:00 UTC."),
    ],
)
def test_who_waits_is_told_when_the_lock_of_a_dead_run_is_free(held: Held, said: str) -> None:
    locked = locked_by(held)
    assert locked.detail.endswith(said)
    assert "if that run is dead: voicectl unlock bbbb2222" in in_words(locked.hint)

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from reconciler.backends.http_state.lease import BoundedLease
from reconciler.errors import Fenced, StateError

TICK = 0.01  # seconds


class BootClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


def lease(clock: BootClock, check: Callable[[], None] = lambda: None, limit: float = 7200) -> BoundedLease:
    return BoundedLease(limit, check, since=clock(), clock=clock, tick=TICK)


def test_a_run_stops_at_its_own_limit() -> None:
    clock = BootClock()
    made = lease(clock, limit=100)
    assert made.left() == 100
    for _ in range(25):
        clock.now += 4
        made.left()
    assert made.left() == 0
    clock.now += 1
    assert made.left() == -1
    assert made.lost == "This run has lasted for 100 s, as long as it may hold the lock here (state.max_run)."


def test_the_limit_counts_from_before_the_lock_was_taken() -> None:
    clock = BootClock()
    assert BoundedLease(100, lambda: None, since=clock() - 30, clock=clock).left() == 70


def test_no_call_is_made_after_a_pause_before_the_state_was_read_back() -> None:
    clock, asked, answered = BootClock(), threading.Event(), threading.Event()

    def check() -> None:
        asked.set()
        assert answered.wait(5)

    with lease(clock, check) as made:
        assert made.left() == 7200
        clock.now += 6
        assert made.left() == 0
        assert asked.wait(5)
        assert made.left() == 0
        answered.set()
        eventually(lambda: made.left() > 0)
        assert made.left() == 7194


def test_a_short_delay_is_no_pause() -> None:
    clock, checks = BootClock(), []
    made = lease(clock, lambda: checks.append(1))
    clock.now += 4.9
    assert made.left() > 0
    assert checks == []


def test_the_watch_notices_a_pause_by_itself() -> None:
    clock, checks = BootClock(), []
    with lease(clock, lambda: checks.append(1)) as made:
        clock.now += 600
        eventually(lambda: len(checks) > 0)
        eventually(lambda: made.left() > 0)


def test_a_run_that_was_replaced_during_the_pause_stops_for_good() -> None:
    clock = BootClock()

    def check() -> None:
        raise Fenced("bob@elsewhere has the lock.")

    with lease(clock, check) as made:
        clock.now += 6
        eventually(lambda: made.lost is not None)
        assert made.lost == "bob@elsewhere has the lock."
        assert made.left() == 0


def test_a_server_that_can_t_be_reached_after_a_pause_is_asked_until_it_answers() -> None:
    clock, failures = BootClock(), [1, 2, 3]

    def check() -> None:
        if failures:
            failures.pop()
            raise StateError("The server could not be reached.")

    with lease(clock, check) as made:
        clock.now += 6
        assert made.left() == 0
        eventually(lambda: made.left() > 0)
        assert failures == []
        assert made.lost is None


def test_a_pause_while_the_state_is_read_back_counts_too() -> None:
    clock, checks = BootClock(), []

    def check() -> None:
        checks.append(1)
        if len(checks) == 1:
            clock.now += 60

    with lease(clock, check) as made:
        clock.now += 6
        eventually(lambda: made.left() > 0)
    assert len(checks) == 2


def test_a_renewal_that_is_refused_is_remembered() -> None:
    def check() -> None:
        raise Fenced("bob@elsewhere has the lock.")

    made = lease(BootClock(), check)
    with pytest.raises(Fenced):
        made.renew()
    assert made.left() == 0


def test_the_watch_ends_with_the_lease() -> None:
    with lease(BootClock()) as made:
        assert "voicectl-lease" in {each.name for each in threading.enumerate()}
    made.wait()
    assert "voicectl-lease" not in {each.name for each in threading.enumerate()}

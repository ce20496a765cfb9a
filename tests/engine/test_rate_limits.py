"""How fast and how many at once: told the time, so that a minute takes no time."""

from __future__ import annotations

from math import inf

import pytest

from reconciler.engine.rate_limits import ConcurrencyLimit, RateLimiter, ReadLimiter
from tests.support.clock import FakeClock


def sent(pace: RateLimiter, seconds: float, *, late: float = 0.0) -> list[float]:
    """When calls go out, as soon as each may, woken `late`."""
    now, times = 0.0, list[float]()
    while now < seconds:
        pace.take(now)
        times.append(now)
        now = max(now, pace.next_at) + late
    return times


def busiest_second(times: list[float]) -> int:
    return max(sum(begin <= t <= begin + 1 for t in times) for begin in times)


@pytest.mark.parametrize("late", [0.0, 0.001, 0.01, 0.02])
def test_calls_keep_within_the_rate_in_every_second(late: float) -> None:
    assert busiest_second(sent(RateLimiter(20), 10, late=late)) <= 20


@pytest.mark.parametrize("late", [0.0, 0.001, 0.01, 0.02])
def test_calls_use_at_least_nine_tenths_of_the_rate(late: float) -> None:
    assert len(sent(RateLimiter(20), 10, late=late)) >= 180


def test_a_loop_that_was_held_up_does_not_catch_up_in_a_burst() -> None:
    pace = RateLimiter(20)
    pace.take(0.0)
    pace.take(5.0)
    assert pace.next_at > 5.02


def at_full_pace() -> RateLimiter:
    """20 calls went out in the second before 10.0."""
    pace = RateLimiter(20)
    pace.sent.extend(9.0 + n / 20 for n in range(1, 20))
    return pace


def test_a_poll_takes_the_turn_of_a_creation() -> None:
    pace = RateLimiter(20)
    pace.take(10.0)
    assert pace.next_for_others(9.99) == pace.next_at
    assert pace.next_for_others(12.0) == 12.0


def test_a_poll_does_not_wait_for_a_paused_rate_limiter() -> None:
    pace = RateLimiter(20)
    pace.refused(10.0, sent_at=9.9, retry_after=30)
    assert pace.next_for_others(10.0) == 10.1


def test_polls_count_in_a_second_with_the_creations() -> None:
    pace = RateLimiter(20)
    for n in range(10):
        pace.take(n / 1000)
        pace.count_other_call(n / 1000)
    assert pace.next_at > 1.0


def test_a_refusal_lowers_the_pace_to_what_was_taken_in_the_second_before() -> None:
    pace = RateLimiter(20)
    pace.sent.extend([9.1, 9.2, 9.3, 9.4, 9.5, 9.6, 9.7, 9.75, 9.8, 9.85, 9.9, 9.95])
    pace.refused(10.0, sent_at=9.95, retry_after=None)
    assert pace.rate == pytest.approx(11 * 0.98)
    assert pace.next_at == pytest.approx(10 + 1 - 11 / 19.6)


def test_one_call_too_early_lowers_the_pace_a_little() -> None:
    pace = at_full_pace()
    pace.refused(10.0, sent_at=10.0, retry_after=None)
    assert pace.rate == pytest.approx(19.6 * 0.95)
    assert pace.next_at < 10.11


def test_a_refusal_with_nothing_taken_halves_the_pace_and_waits_a_second() -> None:
    pace = RateLimiter(20)
    pace.refused(10.0, sent_at=9.9, retry_after=None)
    assert pace.rate == pytest.approx(19.6 / 2)
    assert pace.next_at == 11.0


def test_calls_refused_together_lower_it_once() -> None:
    pace = RateLimiter(20)
    pace.refused(10.0, sent_at=9.8, retry_after=None)
    once = pace.rate
    pace.refused(10.1, sent_at=9.9, retry_after=None)
    assert pace.rate == once


def test_a_lowered_pace_grows_back() -> None:
    pace = RateLimiter(20)
    full = pace.rate
    pace.refused(0.0, sent_at=0.0, retry_after=None)
    sent(pace, 20)
    assert pace.rate == full


def test_the_cloud_may_say_how_long_to_wait() -> None:
    pace = RateLimiter(20)
    pace.refused(10.0, sent_at=9.9, retry_after=7)
    assert pace.next_at == 17.0


def test_a_rate_never_drops_to_zero() -> None:
    pace = RateLimiter(20)
    for second in range(100):
        pace.refused(second, sent_at=second, retry_after=None)
    assert pace.rate == 0.5


def test_without_a_refusal_there_is_no_cap() -> None:
    assert ConcurrencyLimit().free_at(10_000) == 0.0


def test_a_refusal_sets_the_cap_to_what_ran() -> None:
    cap = ConcurrencyLimit()
    cap.refused(5, 10.0, sent_at=9.9, retry_after=None)
    assert cap.free_at(4) <= 10.0
    assert cap.free_at(6) == inf


def earned(cap: ConcurrencyLimit, creations: int = 20) -> ConcurrencyLimit:
    """So many were accepted since."""
    for _ in range(creations):
        cap.accepted(-1.0)
    return cap


def test_a_learned_cap_is_tried_one_higher_after_a_while() -> None:
    cap = ConcurrencyLimit()
    cap.refused(5, 10.0, sent_at=9.9, retry_after=None)
    assert earned(cap).free_at(5) == 16.0
    cap.take(5, 16.0)
    assert cap.free_at(5) <= 16.0
    assert cap.free_at(6) == 22.0


def test_a_cap_that_holds_is_tried_ever_more_rarely() -> None:
    cap = ConcurrencyLimit()
    waits = []
    cap.refused(5, 0.0, sent_at=0.0, retry_after=None)
    for _ in range(8):
        now = earned(cap).free_at(5)
        waits.append(now - cap.changed_at)
        cap.take(5, now)
        cap.refused(5, now, sent_at=now, retry_after=None)
    assert waits[:3] == [6.0, 9.0, 13.5]
    assert waits[-1] == 60.0


def test_a_cap_that_holds_is_tried_after_7_14_and_then_20_creations() -> None:
    cap = ConcurrencyLimit()
    cap.refused(5, 0.0, sent_at=0.0, retry_after=None)
    waits = []
    for _ in range(4):
        now = cap.changed_at + 60.0  # however long ago
        waits.append(0)
        while cap.free_at(5) == inf:
            cap.accepted(-1.0)
            waits[-1] += 1
        cap.take(5, now)
        cap.refused(5, now, sent_at=now, retry_after=None)
    assert waits == [7, 14, 20, 20]


def test_a_cap_that_gives_way_is_tried_sooner() -> None:
    cap = ConcurrencyLimit()
    cap.refused(5, 0.0, sent_at=0.0, retry_after=None)
    earned(cap).take(5, 6.0)
    cap.accepted(6.0)
    assert cap.free_at(6) == 9.0


def test_refusals_that_were_sent_together_count_once() -> None:
    cap = ConcurrencyLimit()
    for still_out in (3, 2, 1, 0):
        cap.refused(5 + still_out, 10.0, sent_at=9.9, retry_after=None)
    assert (cap.learned, cap.growth) == (5, 6.0)


def test_the_manifests_cap_is_never_crossed() -> None:
    cap = ConcurrencyLimit(most=3)
    assert (cap.free_at(2), cap.free_at(3)) == (0.0, inf)


def test_below_the_manifests_cap_a_learned_one_grows_back() -> None:
    cap = ConcurrencyLimit(most=3)
    cap.refused(2, 0.0, sent_at=0.0, retry_after=None)
    assert earned(cap).free_at(2) == 6.0
    cap.take(2, 6.0)
    assert cap.free_at(3) == inf


def test_slots_that_others_hold_are_polled_with_growing_waits() -> None:
    cap = ConcurrencyLimit()
    waits, now = [], 0.0
    for _ in range(7):
        cap.refused(0, now, sent_at=now, retry_after=None)
        waits.append(cap.free_at(0) - now)
        now = cap.free_at(0)
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_a_slot_given_forgets_the_waits() -> None:
    cap = ConcurrencyLimit()
    cap.refused(0, 0.0, sent_at=0.0, retry_after=None)
    cap.accepted(1.0)
    cap.refused(0, 10.0, sent_at=9.0, retry_after=None)
    assert cap.free_at(0) == 11.0


def test_reads_of_a_quiet_account_go_at_once() -> None:
    clock = FakeClock()
    gate = ReadLimiter(clock, {})
    clock.pass_(60)
    gate("list")
    assert clock.slept == []


def test_reads_keep_the_rate_of_their_action() -> None:
    clock = FakeClock()
    gate = ReadLimiter(clock, {"get": 5.0})
    for _ in range(51):
        gate("get")
    assert clock.monotonic() == pytest.approx(10, abs=0.6)

"""What an apply still takes: from what is left and the rate seen, and never more as the work shrinks."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from reconciler.model.events import Tally
from reconciler.views.estimate import Estimate

TICK = 0.125  # seconds between two repaints


def run(
    total: int, *, seconds: Callable[[int], float], at_once: int = 10_000, a_second: float = 20.0
) -> Iterator[tuple[float, int, float | None]]:
    """Plays an apply of paced starts and limited tasks: (now, ended, seconds left as shown) at each repaint."""
    estimate = Estimate(total=total)
    running: list[tuple[float, float]] = []  # (end, since) of each
    begun, ended, now, next_start = 0, 0, 0.0, 0.0
    while ended < total:
        while running and running[0][0] <= now:
            end, since = heapq.heappop(running)
            estimate.ended(end - since)
            ended += 1
        while begun < total and len(running) < at_once and next_start <= now:
            heapq.heappush(running, (now + seconds(begun), now))
            begun, next_start = begun + 1, max(next_start + 1 / a_second, now)
            estimate.started(now, running=len(running))
        left = estimate.left(Tally(total=total, done=ended), [now - since for _, since in running])
        yield now, ended, left
        now += TICK


SHAPES = {
    "paced, quick calls": {"total": 300, "seconds": lambda _: 0.2},
    "paced, slow tasks": {"total": 300, "seconds": lambda _: 40.0},
    "few at once": {"total": 60, "seconds": lambda _: 12.0, "at_once": 5},
    "one at a time": {"total": 20, "seconds": lambda _: 3.0, "at_once": 1},
    "unlike each other": {"total": 100, "seconds": lambda n: 10.0 + n * 7 % 5, "at_once": 5},
    "one that takes long": {"total": 40, "seconds": lambda n: 60.0 if n == 20 else 4.0, "at_once": 4},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_estimate_never_grows_as_the_work_shrinks(shape: str) -> None:
    shown = [(ended, left) for _, ended, left in run(**SHAPES[shape]) if left is not None]  # type: ignore[arg-type]  # of many types
    for (before, more), (after, less) in pairwise(shown):
        assert less <= more, (before, more, after, less)


@pytest.mark.parametrize("shape", ["paced, quick calls", "paced, slow tasks", "few at once", "one at a time"])
def test_the_estimate_is_about_right(shape: str) -> None:
    seen = list(run(**SHAPES[shape]))  # type: ignore[arg-type]  # of many types
    whole = seen[-1][0]
    for now, _, left in seen:
        if left is not None:
            assert left == pytest.approx(whole - now, abs=max(4.0, 0.25 * whole)), now


def test_before_anything_has_ended_there_is_no_estimate() -> None:
    estimate = Estimate(total=3)
    estimate.started(0.0, running=1)
    assert estimate.left(Tally(total=3), [5.0]) is None


def test_voices_that_are_slower_than_the_first_are_known_before_they_end() -> None:
    shown = {now: left for now, _, left in run(50, seconds=lambda n: 1.0 if n == 0 else 60.0, at_once=5)}
    assert shown[59.0] is not None
    assert shown[59.0] > 200


def test_a_limit_that_the_cloud_lowered_makes_a_new_one() -> None:
    estimate = Estimate(total=101)
    for number in range(10):
        estimate.started(number / 20, running=number + 1)
    estimate.ended(1.0)
    ages = [0.5] * 9
    before = estimate.left(Tally(total=101, done=1), ages)
    estimate.slowed(running=1)
    after = estimate.left(Tally(total=101, done=1), ages)
    assert before is not None
    assert after is not None
    assert after > 5 * before

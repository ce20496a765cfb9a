"""When a watch looks again, as tables: the draw is 0 (no jitter) or 1 (all of it)."""

from __future__ import annotations

import pytest

from reconciler.watch.schedule import Rest, after_failure, next_look


@pytest.mark.parametrize(
    ("began", "ended", "draw", "due"),
    [
        (0.0, 2.0, 0.0, 300.0),  # from the start of one look to the start of the next
        (0.0, 2.0, 1.0, 270.0),  # jitter only shortens the wait
        (0.0, 700.0, 0.0, 700.0),  # a look that took longer is followed at once, and never overlapped
    ],
)
def test_a_look_follows_one_interval_after_the_start_of_the_last(
    began: float, ended: float, draw: float, due: float
) -> None:
    assert next_look(began, ended, 300.0, draw) == due


def rests(interval: float, failures: int) -> list[float]:
    """The seconds of each rest, when the next call is made at its end and fails too."""
    rest: Rest | None = None
    now, seconds = 0.0, []
    for _ in range(failures):
        rest = after_failure(rest, now, interval, 0.0)
        seconds.append(rest.until - now)
        now = rest.until
    return seconds


def test_the_first_failure_does_not_skip_a_look_and_later_ones_double() -> None:
    assert rests(10.0, 5) == [5.0, 15.0, 35.0, 75.0, 100.0]


@pytest.mark.parametrize(("interval", "longest"), [(1.0, 10.0), (60.0, 600.0), (300.0, 900.0), (3600.0, 3600.0)])
def test_a_rest_is_at_most_ten_intervals_and_at_most_15_minutes_but_no_less_than_one_interval(
    interval: float, longest: float
) -> None:
    assert rests(interval, 60)[-1] == longest


def test_jitter_shortens_a_rest() -> None:
    assert after_failure(Rest(3, 0.0), 100.0, 10.0, 1.0).until == pytest.approx(100.0 + 75.0 * 0.9)

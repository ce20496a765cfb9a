"""Formats of times and durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reconciler.model.time_format import duration, format_time


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (1, "1.0 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h"),
        (3720, "1 h 2 min"),
        (10800, "3 h"),
        (86400, "24 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_moment_is_shown_in_utc_to_the_second() -> None:
    assert format_time(datetime(2026, 11, 21, 6, 35, 52, 999999, UTC)) == "2026-11-21 06:35:52 UTC"
    assert (
        format_time(datetime(2026, 11, 21, 8, 35, 52, tzinfo=timezone(timedelta(hours=2)))) == "2026-11-21 06:35:52 UTC"
    )

"""Formats times and durations for output."""

from __future__ import annotations

from datetime import UTC, datetime


def format_time(when: datetime) -> str:
    """The time in UTC: `2026-11-21 06:35:52 UTC`."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration(seconds: float) -> str:
    """The duration in at most two units, without zeros: `1.0 s`, `2 min 5 s`, `3 h`, `1 h 2 min`."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return _two(whole, "min", "s")
    return _two(whole // 60, "h", "min")


def _two(count: int, large: str, small: str) -> str:
    most, rest = divmod(count, 60)
    return f"{most} {large} {rest} {small}" if rest else f"{most} {large}"

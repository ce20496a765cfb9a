"""Estimates the remaining time of an apply from the rate seen so far. Pure: times are passed in, in seconds.

Voices that ran longer than the ended ones count with their age, so that slow ones are known before they end.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.events import Tally

_FAR_OFF = 5.0  # seconds: an estimate is replaced by a larger one only when it was wrong by half and by this


class Estimate:
    """An estimate that only shrinks, unless tasks turn out much slower than the first ones."""

    def __init__(self, *, total: int) -> None:
        self._total = total
        self._ended = 0
        self._took = 0.0
        self._most = 1  # at once
        self._starts = 0
        self._first_start = 0.0
        self._last_start = 0.0
        self._shown: float | None = None

    def started(self, now: float, *, running: int) -> None:
        if not self._starts:
            self._first_start = now
        self._starts += 1
        self._last_start = now
        self._most = max(self._most, running)

    def ended(self, took: float) -> None:
        self._ended += 1
        self._took += took

    def slowed(self, *, running: int) -> None:
        """Forgets the old estimate after the cloud lowered a limit."""
        self._most = max(1, running)
        self._shown = None

    def left(self, tally: Tally, ages: Sequence[float]) -> float | None:
        """The remaining seconds; None before the first change has finished. `ages`: seconds of the running changes."""
        remaining = self._remaining(tally, ages)
        if remaining is None or self._shown is None or remaining > 2 * self._shown + _FAR_OFF:
            self._shown = remaining
        else:
            self._shown = min(self._shown, remaining)
        return self._shown

    def _remaining(self, tally: Tally, ages: Sequence[float]) -> float | None:
        if not self._ended:
            return None
        mean = self._took / self._ended
        older = [age for age in ages if age > mean]
        mean = (self._took + sum(older)) / (self._ended + len(older))
        waiting = max(0, self._total - tally.done - tally.failed - tally.uncertain - tally.blocked - len(ages))
        between_starts = (self._last_start - self._first_start) / (self._starts - 1) if self._starts > 1 else 0.0
        last = max(0.0, mean - min(ages)) if ages and not waiting else mean if waiting else 0.0
        return waiting * max(between_starts, mean / self._most) + last

"""A clock that moves only by `pass_`, `jump` and `sleep`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class ManualClock:
    """Satisfies `Clock`. `jump` moves only the wall clock, as when a user sets the clock of the machine."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._jumped = timedelta(0)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self._seconds) + self._jumped

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._seconds += seconds

    def pass_(self, seconds: float) -> None:
        self._seconds += seconds

    def jump(self, seconds: float) -> None:
        self._jumped += timedelta(seconds=seconds)

"""A clock that moves only when it is told to, or when somebody sleeps on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class ManualClock:
    """Satisfies `Clock`. `jump` moves the date alone, as somebody who sets the machine's clock does."""

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

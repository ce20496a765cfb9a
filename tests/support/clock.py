"""The clock of the tests: time passes only by `pass_` and `sleep`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class FakeClock:
    """Satisfies `Clock`. `ahead`: seconds that the wall clock of this machine is ahead; a test may change it.

    `slept` are the sleeps in seconds. `on_sleep` is called after each.
    """

    def __init__(self, start: datetime = START, *, on_sleep: Callable[[], object] = lambda: None) -> None:
        self.ahead = 0.0
        self.slept: list[float] = []
        self._start = start
        self._seconds = 0.0
        self._on_sleep = on_sleep

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic() + self.ahead)

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_(seconds)
        self._on_sleep()

    def pass_(self, seconds: float) -> None:
        self._seconds += seconds

    def move_to(self, moment: float) -> None:
        """Sets `monotonic`, also to an earlier moment: what follows happens at the same time as what was done."""
        self._seconds = moment


class OtherMachine(FakeClock):
    """The same time on another machine, whose wall clock is right."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def pass_(self, seconds: float) -> None:
        self._clock.pass_(seconds)

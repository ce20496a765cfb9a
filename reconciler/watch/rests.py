"""The providers of one manifest that are left alone for a while, because they failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reconciler.protocols.clock import Clock
from reconciler.watch.schedule import Rest, after_failure


class Rests:
    """By the name of a provider; the empty name is what all of them need, such as the state."""

    def __init__(self, clock: Clock, interval: float, draw: Callable[[], float]) -> None:
        self._clock = clock
        self._interval = interval
        self._draw = draw
        self._rests: dict[str, Rest] = {}

    def resting(self) -> frozenset[str]:
        """The names that are not called now."""
        now = self._clock.monotonic()
        return frozenset(name for name, rest in self._rests.items() if rest.until > now)

    def failing(self) -> frozenset[str]:
        """The names that failed the last time they were called."""
        return frozenset(self._rests)

    def failed(self, name: str) -> Rest:
        """Notes a failure. Returns the rest that follows."""
        now = self._clock.monotonic()
        self._rests[name] = after_failure(self._rests.get(name), now, self._interval, self._draw())
        return self._rests[name]

    def succeeded(self, names: Iterable[str]) -> None:
        for name in names:
            self._rests.pop(name, None)

    def seconds(self, rest: Rest) -> float:
        """How long the rest lasts from now on."""
        return max(0.0, rest.until - self._clock.monotonic())

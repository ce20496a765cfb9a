"""Corrects a wrong machine clock: if a cloud refuses the machine's time, the cloud's time is used instead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from reconciler.model.observed import Observations
from reconciler.protocols.clock import Clock
from reconciler.values import value


@value
class ShiftedClock:
    """A `Clock` that is ahead of another one by a fixed time."""

    clock: Clock
    ahead: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.ahead

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)


def ahead_by(seen: Iterable[Observations]) -> timedelta:
    """How far the clouds are ahead of this machine's clock. Of several answers, the largest deviation counts."""
    return timedelta(seconds=max((observations.ahead for observations in seen), key=abs, default=0.0))


def note(ahead: timedelta) -> tuple[str, ...]:
    """The note for the user about a wrong clock; empty if the clock is right."""
    if not ahead:
        return ()
    hours = abs(ahead) / timedelta(hours=1)
    off = (
        f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours" if hours >= 2 else f"{60 * hours:.0f} minutes"
    )
    way = "behind" if ahead > timedelta(0) else "ahead of"
    return (f"this machine's clock is {off} {way} the clouds': theirs is taken, set yours right",)

"""Whose time it is: this machine's, unless a cloud refused it. Then what expires or is kept goes by the cloud's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.model.observed import Observations
from reconciler.protocols import Clock


@dataclass(frozen=True, slots=True)
class Shifted:
    """Satisfies `Clock`."""

    clock: Clock
    ahead: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.ahead

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)


def ahead_by(seen: Iterable[Observations]) -> timedelta:
    """How far the clouds are ahead of this machine's clock, as the one that is furthest from it says."""
    return timedelta(seconds=max((observations.ahead for observations in seen), key=abs, default=0.0))


def note(ahead: timedelta) -> tuple[str, ...]:
    """What a person should know of it."""
    if not ahead:
        return ()
    hours = abs(ahead) / timedelta(hours=1)
    off = (
        f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours" if hours >= 2 else f"{60 * hours:.0f} minutes"
    )
    way = "behind" if ahead > timedelta(0) else "ahead of"
    return (f"this machine's clock is {off} {way} the clouds': theirs is taken, set yours right",)

"""What the command line asks a watch to do."""

from __future__ import annotations

from reconciler.model.manifest import Manifest
from reconciler.values import value

GRACE = 0.8  # seconds that a stopped apply waits for its open calls; the watch has to end within 2
_SHORTEST_LOOK, _LONGEST_LOOK = 15.0, 60.0  # seconds
_SHORTEST_WAIT = 0.5  # seconds


@value
class WatchSettings:
    """`interval`: seconds from the start of one look to the next. `most_paid`: paid calls a day; None: one a voice."""

    interval: float
    applies: bool = False
    most_paid: int | None = None

    @property
    def look_seconds(self) -> float:
        """How long one of several accounts may take to be read, before the others go on without it."""
        return min(max(self.interval, _SHORTEST_LOOK), _LONGEST_LOOK)

    @property
    def task_seconds(self) -> float:
        """After so long, an apply that only waits for tasks makes way for the next look, which goes on with them."""
        return max(self.interval / 2, _SHORTEST_WAIT)

    def limit(self, manifest: Manifest) -> int | None:
        """How many paid calls are allowed a day; None: the watch only looks."""
        if not self.applies:
            return None
        return len(manifest.voices) if self.most_paid is None else self.most_paid

"""Ends a run that only waits for tasks, so that a watch can look again: other voices may need something by then.

A task may take minutes. Nothing is lost: the tasks go on, and the next run waits for them.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.engine.provider_queue import ProviderQueue
from reconciler.protocols.clock import Clock

_UNSHOWN = 2.0  # times the patience, for tasks that no poll has shown yet
_LONGEST_WAIT = 30.0  # seconds


class MakingWay:
    """`patience`: seconds after which the run ends, if it only waits for tasks, and polls have shown all of them.

    What was shown is written down: if the next look does not find it, it was deleted.
    """

    def __init__(self, queues: Mapping[str, ProviderQueue], clock: Clock, patience: float) -> None:
        self._queues = queues
        self._clock = clock
        self._began = clock.monotonic()
        self._patience = patience
        self.made = False

    @property
    def longest_wait(self) -> float:
        """How long the run may wait without asking for the reason."""
        return min(_LONGEST_WAIT, self._patience / 4)

    def reason(self) -> str | None:
        """Why the run ends; None while it goes on."""
        waited = self._clock.monotonic() - self._began
        if not self.made and waited >= self._patience and any(queue.polled for queue in self._queues.values()):
            self.made = all(queue.only_waits and self._may_leave(queue, waited) for queue in self._queues.values())
        return "tasks still run; the next look goes on with them" if self.made else None

    def _may_leave(self, queue: ProviderQueue, waited: float) -> bool:
        return len(queue.polled.shown) == len(queue.polled) or waited >= _UNSHOWN * self._patience

"""The limits of the accounts that this process calls, shared by all its runs.

One process may watch several manifests of one account, each in a thread of its own: together they send no more calls
than the account allows, and what one of them learned of the account's limits is known to the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.engine.rate_limits import Limits, ReadLimiter
from reconciler.protocols.clock import Clock

if TYPE_CHECKING:
    from reconciler.engine.cloud import Cloud
    from reconciler.engine.provider_queue import ProviderQueue


class AccountLimits:
    """The limits of each account, by its quota. Threads may share it."""

    def __init__(self) -> None:
        self.limits: dict[str, Limits] = {}
        self.sharing: dict[str, list[ProviderQueue]] = {}  # of the runs that are under way
        self.readers: dict[str, ReadLimiter] = {}
        self.lock = Lock()

    def queues(self, clouds: Mapping[str, Cloud]) -> dict[str, ProviderQueue]:
        """A queue for each cloud of a run. Clouds of one account share its limits; the lowest limit counts."""
        from reconciler.engine.provider_queue import ProviderQueue  # a plan needs none

        queues: dict[str, ProviderQueue] = {}
        with self.lock:
            for name, cloud in clouds.items():
                sharing = self.sharing.setdefault(cloud.quota, [])
                limits = self.limits.setdefault(cloud.quota, Limits())
                limits.restrict(cloud.rates, cloud.max_in_flight)
                queues[name] = ProviderQueue(cloud=cloud, limits=limits, sharing=sharing)
                sharing.append(queues[name])
        return queues

    def leave(self, queues: Iterable[ProviderQueue]) -> None:
        """Forgets the queues of a run that has ended."""
        with self.lock:
            for queue in queues:
                with suppress(ValueError):
                    queue.sharing.remove(queue)

    def reader(self, quota: str, clock: Clock, rates: Mapping[str, float]) -> ReadLimiter:
        """What paces the reads of this quota."""
        with self.lock:
            reader = self.readers.setdefault(quota, ReadLimiter(clock, rates))
        reader.restrict(rates)
        return reader

"""A lease that a thread of its own renews, so that a busy run does not lose it.

Only another run's takeover ends it: a renewal that fails for another reason is tried again, also after the lease ran
out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from reconciler.errors import Fenced
from reconciler.processes import boot_time

RELEASE_TIME = 10.0  # seconds that a run waits for the release of its lock
_RENEWALS = 4  # in the time of one lease
_MARGIN = 1 / 6  # of the lease: the holder counts it as over so much earlier than everybody else


class RenewedLease:
    """A held lock. `send` renews it in the store: it raises Fenced if another run took it over.

    `since`: the boot time (`processes.boot_time`) at which the request started that took the lock.
    """

    def __init__(
        self,
        fence: int,
        ttl: float,
        send: Callable[[], None],
        *,
        since: float,
        clock: Callable[[], float] = boot_time,
    ) -> None:
        self._fence = fence
        self._ttl = ttl
        self._send = send
        self._clock = clock
        self._until = since + ttl * (1 - _MARGIN)
        self._lost: str | None = None
        self._one_renewal = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="voicectl-lease", daemon=True)

    @property
    def fence(self) -> int:
        """Grows with each holder of the lock."""
        return self._fence

    @property
    def lost(self) -> str | None:
        """Who took the lock over; None while it is ours, or nothing says that it is not."""
        return self._lost

    def left(self) -> float:
        """Seconds until the lease ends, less a margin; negative after its end."""
        return self._until - self._clock()

    def renew(self) -> None:
        """Renews the lease in the store."""
        with self._one_renewal:
            since = self._clock()
            try:
                self._send()
            except Fenced as fenced:
                self._lost = fenced.detail
                raise
            self._until = since + self._ttl * (1 - _MARGIN)

    def renewed(self, since: float) -> None:
        """Notes that another request of the backend, which started at `since`, has renewed the lease."""
        self._until = max(self._until, since + self._ttl * (1 - _MARGIN))

    def take_over(self, fenced: Fenced) -> None:
        """Notes that a request of the backend was refused, because another run has the lock."""
        self._lost = self._lost or fenced.detail

    def __enter__(self) -> RenewedLease:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def wait(self) -> None:
        """Waits for the end of a renewal that is under way, after the context has ended."""
        self._thread.join()

    def _keep(self) -> None:
        wait = self._ttl / _RENEWALS
        while not self._ended.wait(wait):
            try:
                self.renew()
                wait = self._ttl / _RENEWALS
            except Fenced:
                return
            except Exception:  # noqa: BLE001 - the store can't be reached, or failed: it is asked again soon
                wait = self._ttl / _RENEWALS / 5


class Unlimited:
    """The lease of a lock that the operating system keeps for as long as the process lives."""

    fence = 0
    lost = None

    def left(self) -> float:
        """Infinite."""
        return float("inf")

    def renew(self) -> None:
        """Nothing to do."""

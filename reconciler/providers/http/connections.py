"""The connections of one account. Each is used by one call at a time, and the one that was used last is used next.

httpcore's own pool looks at each of its connections several times a call, and asks the system about each idle one. With
24 calls at once that takes about a quarter of a call's CPU time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import httpcore

MOST = 100  # connections at once; these three are the defaults of httpx
MOST_IDLE = 20
EXPIRY = 5.0  # seconds after which an idle connection is not used again


class Connections:
    """Threads may share it. `make` makes a connection, which is opened with its first request."""

    def __init__(self, make: Callable[[httpcore.Origin], httpcore.ConnectionInterface]) -> None:
        self._make = make
        self._free = threading.Semaphore(MOST)
        self._lock = threading.Lock()
        self._all: set[httpcore.ConnectionInterface] = set()
        self._idle: deque[tuple[float, httpcore.ConnectionInterface]] = deque()  # since when, the longest idle first

    def take(self, origin: httpcore.Origin, seconds: float) -> httpcore.ConnectionInterface:
        """A connection for one call. Raises httpcore.PoolTimeout if none was free for so long."""
        if not self._free.acquire(timeout=seconds):
            raise httpcore.PoolTimeout
        while True:
            with self._lock:
                if not self._idle:
                    made = self._make(origin)
                    self._all.add(made)
                    return made
                taken = self._idle.pop()[1]
            if taken.can_handle_request(origin) and not taken.has_expired():  # it has expired if the server closed it
                return taken
            self._close(taken)

    def give_back(self, taken: httpcore.ConnectionInterface) -> None:
        """Keeps the connection for the next call, if it can be used again. The call has ended."""
        now = time.monotonic()
        surplus = [] if taken.is_available() else [taken]
        with self._lock:
            if not surplus:
                self._idle.append((now, taken))
            while self._idle and (len(self._idle) > MOST_IDLE or self._idle[0][0] < now - EXPIRY):
                surplus.append(self._idle.popleft()[1])
        for each in surplus:
            self._close(each)
        self._free.release()

    def close(self) -> None:
        """Closes all connections, also those that a call is using."""
        with self._lock:
            open_ones = list(self._all)
            self._all.clear()
            self._idle.clear()
        for each in open_ones:
            each.close()

    def _close(self, connection: httpcore.ConnectionInterface) -> None:
        with self._lock:
            self._all.discard(connection)
        connection.close()

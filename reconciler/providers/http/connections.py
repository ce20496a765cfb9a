"""The connections of one account. Each is used by one call at a time, and the one that was used last is used next.

httpcore's own pool looks at each of its connections several times a call, and asks the system about each idle one. With
24 calls at once that is a quarter of the time of a call. So each connection is a pool of its own here.
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
    """Threads may share it. `make` makes a pool of one connection, which is opened with its first request."""

    def __init__(self, make: Callable[[], httpcore.ConnectionPool]) -> None:
        self._make = make
        self._free = threading.Semaphore(MOST)
        self._lock = threading.Lock()
        self._all: set[httpcore.ConnectionPool] = set()
        self._idle: deque[tuple[float, httpcore.ConnectionPool]] = deque()  # since when, the longest idle first

    def take(self, seconds: float) -> httpcore.ConnectionPool:
        """A connection for one call. Raises httpcore.PoolTimeout if none was free for so long."""
        if not self._free.acquire(timeout=seconds):
            raise httpcore.PoolTimeout
        with self._lock:
            if self._idle:
                return self._idle.pop()[1]
            taken = self._make()
            self._all.add(taken)
        return taken

    def give_back(self, taken: httpcore.ConnectionPool) -> None:
        """Keeps the connection for the next call, after the call has ended."""
        now = time.monotonic()
        surplus: list[httpcore.ConnectionPool] = []
        with self._lock:
            self._idle.append((now, taken))
            while len(self._idle) > MOST_IDLE or self._idle[0][0] < now - EXPIRY:
                surplus.append(self._idle.popleft()[1])
            self._all.difference_update(surplus)
        for each in surplus:
            each.close()
        self._free.release()

    def close(self) -> None:
        """Closes all connections, also those that a call is using."""
        with self._lock:
            open_ones = list(self._all)
            self._all.clear()
            self._idle.clear()
        for each in open_ones:
            each.close()

"""The lease of a lock that no server ends by time: a limit of its own, and a look at the state after every pause.

A server without a fence cannot refuse a run that was paused, taken for dead and replaced. So a run whose machine slept,
or whose process was stopped, makes no paid call until it has read the state back and found it unchanged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from reconciler.errors import Fenced
from reconciler.processes import boot_time

_TICK = 1.0  # seconds
_PAUSE = 5.0  # seconds after a tick, from which on the run counts as paused


class BoundedLease:
    """A lock that this run may hold for `limit` seconds from the boot time `since` on.

    `check` asks the server whether the lock and the state are still ours; it raises Fenced if they are not.
    """

    fence = 0

    def __init__(
        self,
        limit: float,
        check: Callable[[], None],
        *,
        since: float,
        clock: Callable[[], float] = boot_time,
        tick: float = _TICK,
    ) -> None:
        self._limit = limit
        self._until = since + limit
        self._check = check
        self._clock = clock
        self._tick = tick
        self._guard = threading.Lock()
        self._ticked = clock()
        self._in_doubt = False
        self._lost: str | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="voicectl-lease", daemon=True)

    @property
    def lost(self) -> str | None:
        """Who has the lock or wrote the state instead, or that the limit is reached; None while this run may go on."""
        if self._lost is None and self._clock() >= self._until:
            return f"This run has lasted for {self._limit:g} s, as long as it may hold the lock here (state.max_run)."
        return self._lost

    def left(self) -> float:
        """Seconds until this run must stop; 0 after a pause until the state was read back, and once the lock is lost.

        Nobody takes the lock over before that, but a user who runs `unlock`.
        """
        with self._guard:
            now = self._clock()
            self._note(now)
            return 0.0 if self._in_doubt or self._lost is not None else self._until - now

    def renew(self) -> None:
        """Asks the server now whether the lock and the state are still ours. The limit stays."""
        began = self._clock()
        try:
            self._check()
        except Fenced as fenced:
            self.take_over(fenced)
            raise
        with self._guard:
            now = self._clock()
            self._ticked = now
            self._in_doubt = now - began > _PAUSE  # a pause may hide in a slow answer

    def take_over(self, fenced: Fenced) -> None:
        """Notes that another run has the lock, or wrote the state."""
        self._lost = self._lost or fenced.detail

    def __enter__(self) -> BoundedLease:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def wait(self) -> None:
        """Waits for the end of a check that is under way, after the context has ended."""
        self._thread.join()

    def _note(self, now: float) -> None:
        self._in_doubt = self._in_doubt or now - self._ticked > _PAUSE
        if not self._in_doubt:
            self._ticked = now

    def _watch(self) -> None:
        while not self._ended.wait(self._tick):
            with self._guard:
                self._note(self._clock())
                doubt = self._in_doubt
            if not doubt:
                continue
            with suppress(Exception):  # the server can't be reached, or failed: it is asked again at the next tick
                self.renew()
            if self._lost is not None:
                return

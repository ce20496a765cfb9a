"""Runs the rounds of several manifests side by side, each in a thread, until a signal asks them to stop.

The threads share nothing but the limits of the accounts, the log and the listeners, which one lock guards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from signal import SIGINT

from reconciler import waits
from reconciler.engine.jobs import JobResult
from reconciler.engine.worker_pool import ThreadPool, WorkerPool
from reconciler.model.watch import WatchEvent, WatchListener, WatchStatus
from reconciler.watch.manifest_watch import ManifestWatch
from reconciler.watch.stopping import Alarm, Stopping

_TO_END = 1.2  # seconds from the signal until nothing is waited for any more; listeners end after that
_INTERRUPTED = 130  # the exit code after Ctrl-C; after SIGTERM it is 0, as service managers expect


class WatchThread:
    """The thread of one manifest. `make` makes its watch, with the function that makes the workers of an apply."""

    def __init__(
        self, make: Callable[[Callable[[], WorkerPool[JobResult]]], ManifestWatch], stopping: Stopping
    ) -> None:
        self._stopping = stopping
        self._alarm = Alarm()
        self._pool: ThreadPool[JobResult] | None = None
        self._watch = make(self._workers)
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        stopping.listen(self._wake)

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float) -> None:
        self._thread.join(max(0.0, seconds))

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def _workers(self) -> WorkerPool[JobResult]:
        self._pool = ThreadPool()
        return self._pool

    def _wake(self) -> None:
        """Ends what this thread waits for. May run in a signal handler."""
        self._alarm.ring()
        if self._pool is not None:
            self._pool.wake()

    def _run(self) -> None:
        why = "by a signal"
        try:
            with waits.interrupted_if(lambda: self._stopping.asked and not self._watch.applying):
                self._watch.begin()
                while not self._stopping.asked:
                    self._watch.round()
                    self._alarm.wait_until(self._watch.next_at)
        except KeyboardInterrupt:
            why = "by a signal, during a look"
        except BaseException as error:
            why = f"voicectl has a bug ({type(error).__name__}); please report it"
            raise
        finally:
            self._watch.end(why)


def guarded(listeners: Sequence[WatchListener]) -> Sequence[WatchListener]:
    """The listeners, of which one thread at a time calls one. What one of them raises stops nobody."""
    lock = threading.Lock()

    def guard(listener: WatchListener) -> WatchListener:
        def listen(event: WatchEvent, status: WatchStatus) -> None:
            with lock, suppress(Exception):  # an event that can't be shown is no reason to stop watching
                listener(event, status)

        return listen

    return [guard(listener) for listener in listeners]


def run(threads: Sequence[WatchThread], stopping: Stopping) -> int:
    """Runs until a signal asks to stop, or every thread has ended. Returns the exit code."""
    alarm = Alarm()
    stopping.listen(alarm.ring)
    for thread in threads:
        thread.start()
    while not stopping.asked and not all(thread.ended for thread in threads):
        alarm.wait_until(time.monotonic() + waits.SLICE)
    latest = time.monotonic() + _TO_END
    for thread in threads:
        thread.join(latest - time.monotonic())
    if not stopping.asked:
        return 1  # every thread has ended by a bug
    return _INTERRUPTED if stopping.signal == SIGINT else 0

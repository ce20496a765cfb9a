"""Signals while a run is under way: the first one stops it in good order, the second one ends it at once."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.engine.jobs import JobResult
    from reconciler.engine.worker_pool import ThreadPool

INTERRUPTED = 130  # the exit code
_SHOW_CURSOR = "\x1b[?25h"


class Interruption:
    """The first signal asks the run to stop, the second exits at once; the next run settles open calls.

    A terminal that is closed asks as well, but is no second one: a shell may pass its hangup on twice.
    """

    def __init__(self, *, live: bool) -> None:
        self.asked = False
        self._live = live
        self.parting = ""  # what a second signal says, as the run ends without releasing its lock
        self._workers: ThreadPool[JobResult] | None = None

    def workers(self) -> ThreadPool[JobResult]:
        from reconciler.engine.worker_pool import ThreadPool

        if not gc.isenabled():  # it was off for loading; a run may be long
            gc.freeze()  # what is loaded stays until the end, so no collection needs to look at it
            gc.enable()
        self._workers = ThreadPool()
        return self._workers

    def reason(self) -> str | None:
        return "interrupted: open calls are finished and saved; a second signal quits at once" if self.asked else None

    def signalled(self, number: int, _: object) -> None:
        if self.asked and number == signal.SIGHUP:
            return
        if self.asked:
            if self._live:
                _shout(_SHOW_CURSOR)
            if self.parting:
                _shout(f"\n{self.parting}\n")
            os._exit(INTERRUPTED)
        if self._workers is None:
            raise KeyboardInterrupt  # nothing runs yet
        self.asked = True
        if not self._live:  # there the run's own line says it, without writing into the block
            _shout("Stopping after the open calls. Press Ctrl-C again to quit at once.\n")
        self._workers.wake()


def _shout(words: str) -> None:
    """Writes to stderr without its buffer, which the signal may have interrupted. A failure is ignored."""
    with suppress(OSError):
        os.write(2, words.encode())


@contextmanager
def interruptible(*, live: bool) -> Iterator[Interruption]:
    interruption = Interruption(live=live)
    heard = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup means what it says
        heard.append(signal.SIGHUP)
    before = {number: signal.signal(number, interruption.signalled) for number in heard}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""How a signal stops a watch. The main thread hears the signal, and wakes the threads of the manifests."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

_WHY = "the watch was stopped: open calls are finished and saved"


class Stopping:
    """Whether the watch has to stop. A signal handler may call `ask`: it takes no lock."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._wakes: list[Callable[[], None]] = []

    @property
    def asked(self) -> bool:
        return self.signal is not None

    def ask(self, signal: int) -> None:
        if self.signal is None:
            self.signal = signal
        for wake in tuple(self._wakes):
            wake()

    def listen(self, wake: Callable[[], None]) -> None:
        """Calls `wake` once the watch has to stop. It may run in a signal handler."""
        self._wakes.append(wake)

    def reason(self) -> str | None:
        """Why an apply may start nothing more."""
        return _WHY if self.asked else None


class Alarm:
    """Waits of one thread, which `ring` ends. A queue is used because a signal handler may put something into it."""

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        self._rung.put(None)

    def wait_until(self, moment: float) -> None:
        """Waits until this time (monotonic seconds), or until it rings."""
        try:
            self._rung.get(timeout=max(0.0, moment - time.monotonic()))
        except Empty:
            return

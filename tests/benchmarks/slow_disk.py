"""Applies a manifest with a state whose every write takes a while. A program, because it is measured as a process.

    python slow_disk.py MANIFEST SECONDS

It prints how many writes it made.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from reconciler import system_clock, wiring
from reconciler.backends.local import LocalBackend
from reconciler.engine import operations
from reconciler.engine.operations import RunCallbacks
from reconciler.engine.session import Request
from reconciler.engine.store import Store
from reconciler.loader.build import load
from reconciler.protocols.backend import Stamp
from reconciler.workspace import Workspace


class SlowBackend(LocalBackend):
    """A local backend that counts its writes and sleeps before each."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(path)
        self._seconds = seconds
        self.writes = 0

    def write(self, data: bytes, expected: str | None, stamp: Stamp) -> str:
        self._sleep()
        return super().write(data, expected, stamp)

    def append(self, entries: Sequence[bytes], expected: str | None, stamp: Stamp) -> str:
        self._sleep()
        return super().append(entries, expected, stamp)

    def _sleep(self) -> None:
        self.writes += 1
        time.sleep(self._seconds)


def main(manifest: Path, seconds: float) -> None:
    place = Workspace(manifest=manifest)
    backend = SlowBackend(place.state, seconds)
    store = Store(backend, clock=system_clock.SystemClock(), rescue_path=place.rescue)
    with ExitStack() as closing:
        opened = wiring.session(load(manifest, environ={}), place, environ=os.environ, closing=closing)
        operations.apply(replace(opened, store=store), Request(), _QUIET)
    print(f"{backend.writes} writes")


_QUIET = RunCallbacks(show=lambda _: None, approve=lambda _: True, emit=lambda _: None, stop=lambda: None)

if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))

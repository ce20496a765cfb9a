"""Measures an apply with slow state writes: real threads and sockets, and a backend that sleeps."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from reconciler import wiring
from reconciler.backends.local import LocalBackend
from reconciler.engine import operations
from reconciler.engine.operations import Watch
from reconciler.engine.session import Request
from reconciler.engine.store import Store
from reconciler.model.manifest import Manifest
from tests.support.kling_service import KlingService

SECONDS = (0.0, 0.05, 0.1, 0.2, 0.5)  # for each write


class SlowBackend(LocalBackend):
    """A local backend that counts its writes and sleeps before each."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(path)
        self._seconds = seconds
        self.writes = 0

    def write(self, data: bytes, expected: str | None) -> str:
        self._sleep()
        return super().write(data, expected)

    def append(self, entries: Sequence[bytes], expected: str | None) -> str:
        self._sleep()
        return super().append(entries, expected)

    def _sleep(self) -> None:
        self.writes += 1
        time.sleep(self._seconds)


def slow_disk(declare: Callable[[Path, KlingService, int], Manifest], count: int = 200) -> Iterator[str]:
    """Measures `count` creates at 20 a second, with tasks of 2 s."""
    for seconds in SECONDS:
        with tempfile.TemporaryDirectory() as name, KlingService() as kling:
            folder = Path(name)
            kling.task_seconds = 2.0
            manifest = declare(folder, kling, count)
            place = wiring.Workspace(manifest=folder / "voices.yaml")
            backend = SlowBackend(place.state, seconds)
            clock = wiring.SystemClock()
            store = Store(backend, clock=clock, rescue_path=place.rescue)
            with ExitStack() as closing:
                environ = {"KLING_API_KEY": kling.api_key}
                opened = wiring.session(manifest, place, environ=environ, closing=closing)
                operations.apply(replace(opened, store=store), Request(), _QUIET)
            times = [call.at for call in kling.calls if call.operation == "create"]
            rate = (len(times) - 1) / (times[-1] - times[0])
            yield (
                f"apply, {count} creates, {1000 * seconds:3.0f} ms a write: {rate:4.1f} creates a second, "
                f"{backend.writes} writes, {kling.bought} bought"
            )


_QUIET = Watch(show=lambda _: None, approve=lambda _: True, emit=lambda _: None, stop=lambda: None)

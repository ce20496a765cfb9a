"""Runs jobs on threads, and returns their results in one place, so that one thread owns the state."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from reconciler import waits

T = TypeVar("T")


class WorkerPool(Protocol[T]):
    """Runs jobs and returns their results."""

    def start(self, job: Callable[[], T]) -> None:
        """Runs the job soon. The job must return its failures as values."""
        ...

    def wait(self, seconds: float) -> list[T]:
        """The results of the jobs that have ended. Waits at most so long for the first one."""
        ...

    def wake(self) -> None:
        """Ends a `wait` early. May be called in a signal handler."""
        ...

    def close(self, *, wait: bool = True) -> None:
        """Ends the pool. Without `wait`, jobs that run are left alone; they end with the process."""
        ...


class ThreadPool(Generic[T]):
    """A pool of threads, which are started as they are needed."""

    def __init__(self, size: int = 256) -> None:  # concurrent calls of several providers
        self._pool = ThreadPoolExecutor(max_workers=size, thread_name_prefix="voicectl")
        self._ended: SimpleQueue[T | None] = SimpleQueue()

    def start(self, job: Callable[[], T]) -> None:
        self._pool.submit(lambda: self._ended.put(job()))

    def wait(self, seconds: float) -> list[T]:
        found: list[T] = []
        try:
            first = waits.item(self._ended, seconds)
            found += [first] if first is not None else []
            while True:
                more = self._ended.get_nowait()
                found += [more] if more is not None else []
        except Empty:
            return found

    def wake(self) -> None:
        self._ended.put(None)

    def close(self, *, wait: bool = True) -> None:
        self._pool.shutdown(wait=wait, cancel_futures=True)

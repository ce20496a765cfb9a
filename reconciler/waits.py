"""Waits of the main thread that a signal always ends.

CPython runs a signal's handler when the main thread comes back from what it waits for. A signal that comes in the
moment before the wait begins does not interrupt it (nor one that another thread was given): Ctrl-C would be heard
after the answer, up to minutes later. So nothing waits for longer than `SLICE` at once.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from math import inf
from queue import Empty, SimpleQueue
from threading import Event
from typing import TypeVar

SLICE = 0.25  # seconds

T = TypeVar("T")


def result(future: Future[T], seconds: float = inf) -> T:
    """Its result. Raises what it raised, and TimeoutError after so many seconds."""
    until = time.monotonic() + seconds
    while not future.done():
        left = until - time.monotonic()
        try:
            return future.result(max(0.0, min(SLICE, left)))
        except TimeoutError:
            if left <= SLICE and not future.done():
                raise
    return future.result()


def item(queue: SimpleQueue[T], seconds: float) -> T:
    """The next item. Raises Empty after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        try:
            return queue.get(timeout=max(0.0, min(SLICE, left)))
        except Empty:
            if left <= SLICE:
                raise


def event(set_: Event) -> None:
    """Until it is set."""
    while not set_.wait(SLICE):
        pass

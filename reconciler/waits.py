"""Waits for the main thread that a signal interrupts within `SLICE` seconds.

CPython runs a signal's handler only when the main thread returns from a blocking call. A signal that arrives just
before the blocking call, or in another thread, does not interrupt the call: Ctrl-C would take effect after the reply,
up to minutes later. So no call blocks for longer than `SLICE`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from math import inf
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

SLICE = 0.25  # seconds

T = TypeVar("T")


def result(future: Future[T], seconds: float = inf) -> T:
    """The future's result. Raises the future's exception, or TimeoutError after `seconds`."""
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
    """The next item of the queue. Raises Empty after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        try:
            return queue.get(timeout=max(0.0, min(SLICE, left)))
        except Empty:
            if left <= SLICE:
                raise


def in_thread(act: Callable[[], T], seconds: float) -> T:
    """Runs `act` in a thread of its own, and returns its result. Raises TimeoutError after `seconds`; `act` goes on."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(act())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            future.set_exception(error)

    Thread(target=run, name="voicectl-act", daemon=True).start()
    return result(future, seconds)


def event(set_: Event) -> None:
    """Waits until the event is set."""
    while not set_.wait(SLICE):
        pass

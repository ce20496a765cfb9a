"""Waits that a signal interrupts within `SLICE` seconds, in the main thread and in threads that `interrupted_if` marks.

CPython runs a signal's handler only when the main thread returns from a blocking call. A signal that arrives just
before the blocking call, or in another thread, does not interrupt the call: Ctrl-C would take effect after the reply,
up to minutes later. So no call blocks for longer than `SLICE`.
Python gives signals to the main thread only. In a marked thread, the waits ask whether to stop, and raise the same
KeyboardInterrupt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from math import inf
from queue import Empty, SimpleQueue
from threading import Event, Thread, current_thread, local, main_thread
from typing import TypeVar

SLICE = 0.25  # seconds

T = TypeVar("T")


class _OfThread(local):
    """Whether this thread has to stop; None: nobody asks it to."""

    asked: Callable[[], bool] | None = None


_of_thread = _OfThread()


@contextmanager
def interrupted_if(asked: Callable[[], bool]) -> Iterator[None]:
    """In this block, the waits of this thread raise KeyboardInterrupt once `asked` returns true."""
    _of_thread.asked = asked
    try:
        yield
    finally:
        _of_thread.asked = None


def is_interruptible() -> bool:
    """Whether this thread must not block for longer than `SLICE`."""
    return _of_thread.asked is not None or current_thread() is main_thread()


def check() -> None:
    """Raises KeyboardInterrupt if this thread was asked to stop."""
    if _of_thread.asked is not None and _of_thread.asked():
        _of_thread.asked = None  # once: what ends the work, such as the release of a lock, is not interrupted
        raise KeyboardInterrupt


def sleep(seconds: float) -> None:
    """Blocks the thread for so long."""
    until = time.monotonic() + seconds
    while _of_thread.asked is not None and (left := until - time.monotonic()) > 0:
        check()
        time.sleep(min(SLICE, left))
    time.sleep(max(0.0, until - time.monotonic()))


def result(future: Future[T], seconds: float = inf) -> T:
    """The future's result. Raises the future's exception, or TimeoutError after `seconds`."""
    until = time.monotonic() + seconds
    while not future.done():
        check()
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
        check()
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
        check()

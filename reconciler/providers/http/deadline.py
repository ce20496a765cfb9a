"""When the exchange that this thread is in must have ended, whatever it waits for meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_LATEST: ContextVar[float] = ContextVar("latest")  # each thread has its own


class Overdue(Exception):
    """The exchange has lasted for as long as it may."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What waits by `waited`, in here and on this thread, raises Overdue after so many seconds."""
    before = _LATEST.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _LATEST.reset(before)


def left() -> float:
    """Seconds, more than 0. Raises Overdue."""
    seconds = _LATEST.get() - time.monotonic()
    if seconds <= 0:
        raise Overdue
    return seconds


def waited(wait: Callable[[float], T], seconds: float | None, late: type[Exception]) -> T:
    """`wait` for so many seconds, or fewer. It raises `late` after those it is given."""
    least = left()
    if seconds is not None and seconds <= least:
        return wait(seconds)
    try:
        return wait(least)
    except late:
        raise Overdue from None

"""A deadline for the HTTP exchange of this thread. It covers every wait of the exchange."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_LATEST: ContextVar[float] = ContextVar("latest")  # each thread has its own


class Overdue(Exception):
    """The exchange has reached its deadline."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Sets the deadline for this thread. In this block, `wait_within_deadline` raises Overdue once it has passed."""
    before = _LATEST.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _LATEST.reset(before)


def remaining() -> float:
    """Seconds until the deadline, more than 0. Raises Overdue."""
    seconds = _LATEST.get() - time.monotonic()
    if seconds <= 0:
        raise Overdue
    return seconds


def wait_within_deadline(wait: Callable[[float], T], seconds: float | None, late: type[Exception]) -> T:
    """Calls `wait` with these seconds, or with the remaining ones if fewer. `wait` raises `late` on time-out."""
    available = remaining()
    if seconds is not None and seconds <= available:
        return wait(seconds)
    try:
        return wait(available)
    except late:
        raise Overdue from None

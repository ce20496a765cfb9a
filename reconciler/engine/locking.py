"""Takes the lock of a state, and waits for it as long as the user wants."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from reconciler.errors import StateLocked
from reconciler.protocols.backend import Backend, Lease, LockInfo
from reconciler.protocols.clock import Clock

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 5.0  # seconds between two tries
_SAY_AGAIN = 30.0  # seconds


def taken(
    backend: Backend,
    info: LockInfo,
    *,
    clock: Clock,
    stack: ExitStack,
    wait: float,
    waiting: Callable[[StateLocked], None] | None,
) -> Lease:
    """Takes the lock; `stack` releases it. Raises StateLocked after `wait` seconds.

    Calls `waiting` when it begins to wait, and again every 30 s with what the store knows then.
    """
    now = clock.monotonic()
    deadline, say_at, pause = now + wait, now, _FIRST_WAIT
    while True:
        try:
            return stack.enter_context(backend.lock(info))
        except StateLocked as locked:
            now = clock.monotonic()
            if now >= deadline:
                raise
            if waiting is not None and now >= say_at:
                waiting(locked)
                say_at = now + _SAY_AGAIN
        clock.sleep(min(pause, deadline - now))
        pause = min(pause + 1.0, _LONGEST_WAIT)

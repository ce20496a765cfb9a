"""Takes the lock of a state, and waits for it as long as the user wants."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.errors import StateLocked
from reconciler.protocols.backend import Backend, Lease, LockInfo
from reconciler.protocols.clock import Clock

if TYPE_CHECKING:
    from reconciler.engine.lock_owner import LockOwner

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 5.0  # seconds between two tries
_SAY_AGAIN = 30.0  # seconds


Owner = Callable[[], "LockOwner"]  # tells who this run is


def holder_of(owner: Owner | None, lock_id: Callable[[], str] | None, operation: str, now: datetime) -> LockInfo:
    """The lock record of this run. None: this process, and a new id."""
    from reconciler.engine.lock_owner import LockOwner, new_lock_id  # a plan takes no lock

    return (owner or LockOwner.here)().holder((lock_id or new_lock_id)(), operation, now)


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

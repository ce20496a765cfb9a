"""Which locks `unlock` may break, and the errors for those that it may not, the same for every backend."""

from __future__ import annotations

from reconciler import processes
from reconciler.errors import StateError
from reconciler.protocols.backend import LockInfo


def check_breakable(info: LockInfo, lock_id: str, *, alive: bool | None = None) -> None:
    """Raises StateError if the lock has another id, or its holder is alive on this machine.

    `alive`: what the backend itself knows; None: see whether the process is alive.
    """
    if info.lock_id != lock_id:
        raise other_id(lock_id, f"has the id {info.lock_id}, and {info.who} holds it")
    if processes.alive(info.host, info.boot, info.pid, info.started) if alive is None else alive:
        raise StateError(
            f"The run of lock {lock_id} is alive: {info.who}, pid {info.pid}, {info.operation}.",
            f"Wait for it, or end it first: kill {info.pid}",
        )


def other_id(lock_id: str, its_lock: str) -> StateError:
    """The error for an id that the lock does not have."""
    return StateError(
        f"The state has no lock with the id {lock_id}. Its lock {its_lock}.",
        'The error "The state is locked" shows the id.',
    )


def not_locked() -> StateError:
    """The error where there is no lock to break."""
    return StateError("The state is not locked, so there is nothing to unlock.")

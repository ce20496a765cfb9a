"""Holders of locks, for tests of backends."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

from reconciler import processes
from reconciler.protocols.backend import LockInfo


def elsewhere(lock_id: str = "aaaa1111", who: str = "ann@host") -> LockInfo:
    """A run on another machine, of which nothing can be proven here."""
    since = datetime(2026, 11, 20, 12, tzinfo=UTC)
    return LockInfo(lock_id=lock_id, who=who, pid=4711, host="host", operation="apply", since=since)


def here(pid: int, lock_id: str = "aaaa1111") -> LockInfo:
    """A process of this machine."""
    host = socket.gethostname()
    return LockInfo(
        lock_id=lock_id,
        who=f"ann@{host}",
        pid=pid,
        host=host,
        operation="apply",
        since=datetime.now(UTC),
        boot=processes.boot(),
        started=processes.started(pid),
    )

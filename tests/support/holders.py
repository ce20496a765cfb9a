"""Holders of locks, for the tests of backends."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime

from reconciler import processes
from reconciler.protocols.backend import LockInfo


def holder(lock_id: str = "aaaa1111", *, who: str = "ann@elsewhere") -> LockInfo:
    """A run on another machine, so nobody here knows whether it is alive."""
    since = datetime(2026, 11, 20, 12, tzinfo=UTC)
    return LockInfo(lock_id=lock_id, who=who, pid=4711, host="elsewhere", operation="apply", since=since)


def this_process(lock_id: str) -> LockInfo:
    """A run in this process."""
    pid = os.getpid()
    return LockInfo(
        lock_id=lock_id,
        who=f"ann@{socket.gethostname()}",
        pid=pid,
        host=socket.gethostname(),
        operation="apply",
        since=datetime.now(UTC),
        boot=processes.boot(),
        started=processes.started(pid),
    )

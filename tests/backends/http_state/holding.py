"""Lock records of the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime

from reconciler import processes
from reconciler.protocols.backend import LockInfo, Stamp

WHEN = datetime(2026, 11, 28, 12, tzinfo=UTC)


def holder(lock_id: str = "aaaa1111", **fields: object) -> LockInfo:
    known = {"lock_id": lock_id, "who": "ann@mac", "pid": 4711, "host": "mac", "operation": "apply", "since": WHEN}
    return LockInfo.model_validate(known | fields)


def of_this_machine(pid: int, started: int, lock_id: str = "aaaa1111") -> LockInfo:
    return holder(lock_id, host=socket.gethostname(), pid=pid, boot=processes.boot(), started=started)


def of_this_process(lock_id: str = "aaaa1111") -> LockInfo:
    return of_this_machine(os.getpid(), processes.started(os.getpid()), lock_id)


def of_a_dead_process(lock_id: str = "aaaa1111") -> LockInfo:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    info = of_this_machine(child.pid, processes.started(child.pid), lock_id)
    child.kill()
    child.communicate()
    return info


def at(serial: int) -> Stamp:
    return Stamp("abcdef12", serial)

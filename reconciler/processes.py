"""Tells whether a process of this machine has ended, by its id, its start time and the machine's start.

A process id alone proves nothing: it is used again, and each container counts its own. So the machine's start is kept
together with the namespace of the process ids. Where the system shows neither (not Linux), nothing is proven.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_STARTED = 19  # the field `starttime`, counted after the command's closing bracket (man proc_pid_stat: field 22)


def boot() -> str:
    """Identifies this start of the machine, and the namespace of its process ids; empty if unknown."""
    try:
        return f"{(_PROC / 'sys/kernel/random/boot_id').read_text().strip()} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def started(pid: int) -> int:
    """When the process started, in clock ticks after the machine's start; 0 if it has ended, or is unknown."""
    with suppress(OSError, ValueError, IndexError):
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return 0 if fields[0] in ("Z", "X") else int(fields[_STARTED])
    return 0


def alive(host: str, boot_id: str, pid: int, started_at: int) -> bool | None:
    """Whether this process is alive on this machine; None if it is of another machine, or that can't be known."""
    if not boot_id or not started_at or host != socket.gethostname() or boot_id != boot():
        return None
    if started(pid) == started_at:
        return True
    return None if _is_hidden(pid) else False


def _is_hidden(pid: int) -> bool:
    """Whether /proc does not show this process although it may exist: it is another user's, under `hidepid`."""
    try:
        (_PROC / str(pid) / "stat").read_text()
    except PermissionError:
        return True
    except OSError:
        try:
            os.kill(pid, 0)  # sends nothing
        except ProcessLookupError:
            return False
        except OSError:  # it exists, and is another user's
            return True
        return True
    return False


def boot_time() -> float:
    """Seconds since the machine started, its sleep included. time.monotonic() does not count sleep on Linux."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(time.CLOCK_MONOTONIC if clock is None else clock)

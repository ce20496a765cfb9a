"""Who is running, as a lock tells it to the others."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LockOwner:
    user: str
    host: str
    pid: int

    @classmethod
    def here(cls) -> LockOwner:
        try:
            user = getpass.getuser()
        except (ImportError, KeyError, OSError):  # a container's user need not have a name
            user = "unknown"
        return cls(user, socket.gethostname(), os.getpid())


def new_lock_id() -> str:
    """Eight hex digits: what a person types after `voicectl unlock`."""
    return secrets.token_hex(4)

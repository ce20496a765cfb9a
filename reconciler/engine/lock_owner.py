"""The owner of the state lock: user, host and process id, shown to other runs."""

from __future__ import annotations

import getpass
import os
import secrets
import socket

from reconciler.values import value


@value
class LockOwner:
    """The user, host and process id of a run."""

    user: str
    host: str
    pid: int

    @classmethod
    def here(cls) -> LockOwner:
        """The owner of this run."""
        try:
            user = getpass.getuser()
        except (ImportError, KeyError, OSError):  # a container's user need not have a name
            user = "unknown"
        return cls(user, socket.gethostname(), os.getpid())


def new_lock_id() -> str:
    """A new lock id: eight hex digits, which the user types after `voicectl unlock`."""
    return secrets.token_hex(4)

"""Writes a file completely or not at all. To replace a file, write a temporary file beside it and rename it.

The caller renames the file and syncs the folder: the state's backend does other things between these steps.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_new(path: Path, content: bytes, *, mode: int | None = None, usual_mode: int = 0o600) -> Path:
    """Creates the file, synced to the disk; after an error there is none. Raises FileExistsError if there is one.

    `mode`: its permissions, whatever the umask is; None: `usual_mode` without the bits of the umask.
    """
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, usual_mode)
    try:
        try:
            if mode is not None:
                os.fchmod(opened, mode)
            write_all(opened, content)
            os.fsync(opened)
        finally:
            os.close(opened)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def write_temporary(path: Path, content: bytes, *, mode: int) -> Path:
    """Creates the file, synced to the disk, in place of one that a killed run left. After an error there is none."""
    path.unlink(missing_ok=True)  # not truncated: who has opened the old file could read the new content
    return write_new(path, content, mode=mode)


def write_all(opened: int, content: bytes) -> None:
    """Writes to a file descriptor until all is written: one `os.write` may write less."""
    left = memoryview(content)
    while left:
        left = left[os.write(opened, left) :]

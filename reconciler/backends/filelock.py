"""A lock file with the name of its owner, under an flock. The kernel releases the flock when the owner's process ends.

An flock proves only on this machine that the owner is alive. The lock of an owner on another machine counts as held
until the user breaks it. Nothing here waits for a run to end; `directory_lock` waits for one write.
The library filelock is not used: its FileLock writes no owner into the file, and its SoftFileLock takes no flock.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from reconciler import processes
from reconciler.backends.unlocking import check_breakable, not_locked, other_id
from reconciler.errors import StateError, StateLocked
from reconciler.protocols.backend import Held, LockInfo, locked_by

_TRIES = 100  # each failed try means that another run took or released the lock in between
_RETRY_DELAY = 0.002  # seconds; long enough for an owner to write its name


@contextmanager
def held(path: Path, holder: LockInfo) -> Iterator[None]:
    """Holds the lock while the context lasts. Raises StateLocked."""
    lock = _take(path, holder)
    try:
        yield
    finally:
        try:
            # If the user broke this lock meanwhile, the file may belong to another run now.
            if _is_at(path, lock):
                with suppress(OSError):  # a remaining file has no flock, so its owner counts as dead
                    path.unlink()
        finally:
            os.close(lock)


def holder(path: Path) -> Held | None:
    """The owner of the lock; None if there is none, or if it is dead. Takes no flock: another run may just want it."""
    try:
        info = LockInfo.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    if processes.alive(info.host, info.boot, info.pid, info.started) is False:
        return None
    if not info.boot and info.host == socket.gethostname() and not _exists(info.pid):
        return None
    return Held(info)


def _exists(pid: int) -> bool:
    """Whether some process has this id, where the system does not tell when it started."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def break_dead(path: Path, lock_id: str) -> LockInfo:
    """Removes the lock if its owner is not alive on this machine, and returns the owner; else raises StateError."""
    for _ in range(_TRIES):
        try:
            lock = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            raise not_locked() from None
        try:
            alive = not _flock(lock)
            if not alive and not _is_at(path, lock):
                continue
            holder = _read(lock)
            if holder is None and not alive:
                raise StateError(
                    "The lock file names no run, so there is nothing to unlock.", "The next run takes over the lock."
                )
            if holder is None:
                raise other_id(lock_id, "has another id")
            check_breakable(holder, lock_id, alive=alive)
            path.unlink()
            return holder
        finally:
            os.close(lock)
    raise StateError("Other runs take and release the lock too fast for this command.", "Try again.")


@contextmanager
def directory_lock(folder: Path) -> Iterator[int]:
    """Lets one writer at a time into a folder, even without the state's lock. Yields the folder's file descriptor."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network disks can't lock folders; the state's lock is still held
            _flock(opened, waits=True)
        yield opened
    finally:
        os.close(opened)


def _take(path: Path, holder: LockInfo) -> int:
    for _ in range(_TRIES):
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            mine = _claim(path, lock, holder)
        except BaseException:
            os.close(lock)
            raise
        if mine:
            return lock
        os.close(lock)
        time.sleep(_RETRY_DELAY)
    raise StateLocked(
        f"Another run holds the lock {path}, and has not written its name yet.", "Wait for it, and try again."
    )


def _claim(path: Path, lock: int, holder: LockInfo) -> bool:
    """Whether the lock was taken. False to try again: the file was removed, or its owner's name is not written yet."""
    free = _flock(lock)
    if free and not _is_at(path, lock):
        return False
    other = _read(lock)
    if free and (other is None or other.host == holder.host):
        os.ftruncate(lock, 0)
        os.pwrite(lock, holder.model_dump_json().encode() + b"\n", 0)
        return True
    if other is not None:
        raise locked_by(Held(other))
    return False


def _flock(opened: int, *, waits: bool = False) -> bool:
    try:
        import fcntl
    except ImportError:
        raise StateError(
            "This operating system has no flock, so voicectl can't lock the state.",
            "Use Linux, macOS or WSL.",
        ) from None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, opened: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(opened))
    except FileNotFoundError:
        return False


def _read(lock: int) -> LockInfo | None:
    """The owner in a lock file; None if it is incomplete: its writer was killed, or is still writing."""
    try:
        return LockInfo.model_validate_json(os.pread(lock, 65536, 0))
    except ValidationError:
        return None

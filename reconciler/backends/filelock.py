"""A lock that dies with its holder: a file that says who, under an flock that the kernel lets go of.

An flock proves a holder alive on this machine only; a holder on another one is believed until a person breaks its lock.
Nothing here waits for a run to end; `directory_lock` waits for one write.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from reconciler.errors import StateError, StateLocked
from reconciler.protocols import LockInfo, locked_by

_TRIES = 100  # each failed one means that somebody else took or left the lock in between
_MOMENT = 0.002  # seconds: what a holder needs to write his name


@contextmanager
def held(path: Path, holder: LockInfo) -> Iterator[None]:
    """The lock, for as long as the context lasts. Raises StateLocked."""
    lock = _take(path, holder)
    try:
        yield
    finally:
        try:
            # A lock that a person broke meanwhile may be somebody else's by now.
            if _is_at(path, lock):
                with suppress(OSError):  # what stays behind has no flock, so it counts as dead
                    path.unlink()
        finally:
            os.close(lock)


def break_dead(path: Path, lock_id: str) -> LockInfo:
    """Take away the lock of a holder that is not alive here. Raises StateError where that can't be."""
    for _ in range(_TRIES):
        try:
            lock = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            raise StateError("There is no lock to break.", "Go on: nobody holds it.") from None
        try:
            alive = not _flock(lock)
            if not alive and not _is_at(path, lock):
                continue
            holder = _read(lock)
            if holder is None and not alive:
                raise StateError(
                    "There is no lock to break: what is left of one names nobody.", "Go on: the next run takes it over."
                )
            if holder is None or holder.lock_id != lock_id:
                there = "another lock" if holder is None else f"the lock {holder.lock_id}, of {holder.who}"
                raise StateError(
                    f"There is no lock {lock_id}; {there} is held.",
                    "The id to break stands in the refusal of the run that found it locked.",
                )
            if alive:
                raise StateError(
                    f"The holder of {lock_id} is alive: {holder.who}, pid {holder.pid}, {holder.operation}.",
                    f"Wait for it, or end it first: kill {holder.pid}",
                )
            path.unlink()
            return holder
        finally:
            os.close(lock)
    raise StateError("The lock changes hands too fast to be broken.", "Try again.")


@contextmanager
def directory_lock(folder: Path) -> Iterator[int]:
    """One writer at a time in a folder, also without the lock; yields the folder, open."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network disks lock no folders; the state's lock is still held
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
        time.sleep(_MOMENT)
    raise StateLocked(f"A run that has not said its name holds {path}.", "Wait for it, and try again.")


def _claim(path: Path, lock: int, holder: LockInfo) -> bool:
    """False to look again: the file was unlinked under us, or its holder has not written his name yet."""
    free = _flock(lock)
    if free and not _is_at(path, lock):
        return False
    other = _read(lock)
    if free and (other is None or other.host == holder.host):
        os.ftruncate(lock, 0)
        os.pwrite(lock, holder.model_dump_json().encode() + b"\n", 0)
        return True
    if other is not None:
        raise locked_by(other)
    return False


def _flock(opened: int, *, waits: bool = False) -> bool:
    try:
        import fcntl
    except ImportError:
        raise StateError(
            "This operating system has no flock, so two runs can't be kept apart.",
            "Use Linux, macOS or WSL, or a remote state.",
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
    """None for a file that was cut short: its writer died between creating and writing it, or is just writing it."""
    try:
        return LockInfo.model_validate_json(os.pread(lock, 65536, 0))
    except ValidationError:
        return None

"""The interface of a backend, which stores the bytes of one state, and its lock.

Four rules hold for every backend; `tests/contracts/test_backend.py` checks them:
- An append is the fence. The store gives each place in the journal to one writer, so a run that lost its lock is told
  (`Fenced`) before it makes the call whose intent it wanted to write, whatever its clock says.
- A run that takes over a lock which its holder did not release first writes a barrier into the next place.
- A lease that ran out stops nobody. Only another run's takeover does.
- After any answer but a plain success, the backend reads back what the store holds before it says how a write ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from math import ceil
from typing import Protocol

from reconciler.errors import Fenced, StateError, StateLocked
from reconciler.hints import Way, hint, way
from reconciler.model.base import Frozen
from reconciler.model.state_defaults import KEPT as KEPT
from reconciler.model.state_defaults import LEASE as LEASE
from reconciler.model.time_format import format_time
from reconciler.values import value

ANY_VERSION = "*"  # for Backend.write: overwrite any state, even an unreadable one


@value
class Blob:
    """A stored state: the bytes of a snapshot, and the `entries` that were appended since.

    `version` is opaque, for compare-and-swap. `data` is empty if entries were appended before the first snapshot.
    """

    data: bytes
    version: str
    entries: tuple[bytes, ...] = ()


@value
class Stamp:
    """The lineage of a state, and the serial that it has after a write."""

    lineage: str
    serial: int


@value
class Traits:
    """What a backend can do, as values."""

    journals: bool = True  # has `append`; without it, each write is a whole state
    leases: bool = False  # a lock that is not renewed ends by itself
    compare_and_swap: bool = True  # the store checks `expected`; without it, only the lock keeps writers apart
    lock_stays: bool = False  # after a run was killed, until `unlock`, or the next run on the same machine
    least_gap: float = 0.0  # seconds from the start of one write to the start of the next


class LockInfo(Frozen):
    """The holder of a lock. `lock_id` is the argument of `voicectl unlock`."""

    lock_id: str
    who: str  # user@host
    pid: int
    host: str
    operation: str  # "apply"
    since: datetime  # UTC, by the clock of the holder's machine
    boot: str = ""  # identifies this start of the machine, and its process ids; empty: unknown
    started: int = 0  # when the process started, in clock ticks after the machine's start; 0: unknown
    job: str = ""  # the URL of the pipeline's job


@value
class Held:
    """A lock that is held, as the store knows it."""

    info: LockInfo
    heartbeat: float | None = None  # seconds since the last renewal, by the store's clock; None: not renewed
    left: float | None = None  # seconds until another run may take over; None: never by time
    stays: bool = False  # also after its run has died, unless the next run is on the same machine


def holder_name(info: LockInfo) -> str:
    """The run that holds a lock, for a sentence: `ann@mac (pid 4711)`."""
    return f"{info.who} (pid {info.pid})"


def locked_by(held: Held) -> StateLocked:
    """The error for a locked state, with the same message for every backend."""
    info = held.info
    beat = "" if held.heartbeat is None else f" Its last heartbeat was {held.heartbeat:.0f} s ago."
    if held.left is not None:
        beat += f" If that run is dead, the lock is free in at most {_duration(held.left)}."
    elif held.stays:
        beat += " The lock does not end by itself, also if that run is dead."
    job = f" Its job: {info.job}" if info.job else ""
    waits = [way("To wait for it", "--lock-timeout", "5m"), way("if that run is dead", "unlock", info.lock_id)]
    who = holder_name(info)
    return StateLocked(
        f"{who} has held the lock for {info.operation} since {format_time(info.since)}.{beat}{job}",
        hint(*waits),
        lock_id=info.lock_id,
    )


def _duration(seconds: float) -> str:
    return f"{ceil(seconds)} s" if seconds < 180 else f"{ceil(seconds / 60)} min"


def fenced_by(where: str, info: LockInfo | None) -> Fenced:
    """The error for a run whose lock another run took over, with the same message for every backend.

    None: the lock was broken, or the run that took it over has ended.
    """
    if info is None:
        how = "the lock of this run was broken, or taken over by a run that has ended"
    else:
        how = f"{holder_name(info)} took over the lock of this run, for {info.operation}"
    return Fenced(
        f"{where}: {how}. This run may not write any more.",
        hint(way("The next run goes on where this one stopped. To see what is left to do", "plan")),
    )


class Lease(Protocol):
    """A lock that this run holds. Any thread may use it."""

    @property
    def fence(self) -> int:
        """Grows with each holder of the lock."""
        ...

    @property
    def lost(self) -> str | None:
        """Who took the lock over, as a sentence; None while it is ours, or nothing says that it is not."""
        ...

    def left(self) -> float:
        """Seconds for which nobody else can take the lock over; inf without leases. No I/O.

        By a clock that counts the time while the machine sleeps, from the start of the last renewal, less a margin.
        """
        ...

    def renew(self) -> None:
        """Renews the lock now; a thread of the backend does so regularly. Raises Fenced if another run took it over."""
        ...


@value
class Snapshot:
    """A complete state that the backend keeps."""

    serial: int
    written_at: datetime  # UTC, by the store's clock
    size: int  # bytes, as stored


def no_snapshot(serial: int) -> StateError:
    """The error for a snapshot that is not kept, with the same message for every backend."""
    return StateError(
        f"There is no snapshot with the serial {serial}.", hint(way("See which ones are kept", "state history"))
    )


class Backend(Protocol):
    """Stores one state and its lock."""

    @property
    def where(self) -> str:
        """The path or URL, without credentials. For messages only."""
        ...

    @property
    def traits(self) -> Traits: ...

    @property
    def notes(self) -> tuple[str | Way, ...]:
        """Warnings for the user, as sentences. The first lock may add some, and so may a lock that is not released."""
        ...

    def read(self) -> Blob | None:
        """Reads the state; None where there is none yet. Raises StateDamaged."""
        ...

    def write(self, data: bytes, expected: str | None, stamp: Stamp) -> str:
        """Writes a snapshot if the version is still `expected` (None: no state exists). Returns the new version.

        Drops the appended entries. With the stored state's own stamp it only folds the journal. `ANY_VERSION`
        overwrites any state. Raises StateConflict, and the errors of the disk or the network; the old content is kept
        then.
        """
        ...

    def append(self, entries: Sequence[bytes], expected: str | None, stamp: Stamp) -> str:
        """Appends all entries or none, durably. Returns the new version. Raises StateConflict, and Fenced.

        An entry is one line, without newlines and other control characters.
        """
        ...

    def lock(self, holder: LockInfo) -> AbstractContextManager[Lease]:
        """Locks the state. Raises StateLocked with the holder's name.

        Takes over the lock of a process that is proven dead on this machine at once, and any lock whose lease ran out.
        """
        ...

    def holder(self) -> Held | None:
        """Who holds the lock. Only reads."""
        ...

    def break_lock(self, lock_id: str) -> LockInfo:
        """Removes a lock. Raises StateError if there is none, its id differs, or its holder is alive here."""
        ...

    def history(self) -> Sequence[Snapshot]:
        """The snapshots that are kept, the last one too, the newest first."""
        ...

    def snapshot(self, serial: int) -> bytes:
        """A snapshot that is kept. Raises StateError if there is none with this serial."""
        ...

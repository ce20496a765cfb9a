"""The backend on an HTTP server that speaks the protocol of Terraform's http backend, or GitLab's form of it.

The protocol has no compare-and-swap and no fence: what keeps two runs apart is the id of the lock, where the server
checks it. So each write reads first, and compares; a lock is never taken over by its age, except on GitLab, which keeps
its own time; and a run stops by itself after `limit` seconds.

History: a write adds the state that it replaces if this holder of the lock did not write that state itself. So a run
adds one snapshot, however often it writes. A write without the lock counts as a run of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import NoReturn

from reconciler.backends.http_state import body as bodies
from reconciler.backends.http_state.address import Address, address
from reconciler.backends.http_state.body import Kept, Stored
from reconciler.backends.http_state.lease import BoundedLease
from reconciler.backends.http_state.locks import Lock, Locks
from reconciler.backends.http_state.requests import Connection
from reconciler.backends.http_state.resource import LEAST_GAP, Content, StateResource, conflict
from reconciler.errors import Fenced, StateDamaged
from reconciler.hints import Way
from reconciler.processes import boot_time
from reconciler.protocols.backend import (
    ANY_VERSION,
    KEPT,
    Blob,
    Held,
    Lease,
    LockInfo,
    Snapshot,
    Stamp,
    Traits,
    fenced_by,
    no_snapshot,
)
from reconciler.protocols.clock import Clock

LIMIT = 7200.0  # seconds that a run may last at most


def open_http(
    url: str, *, environ: Mapping[str, str], clock: Clock, limit: float = LIMIT, keep: int = KEPT
) -> HttpBackend:
    """The backend of the state at `url`, with the settings of TF_HTTP_* (see `address`). Raises UsageError."""
    return HttpBackend(address(url, environ), clock=clock, limit=limit, keep=keep)


class HttpBackend:
    """The state at an address. `limit`: seconds that a run may last at most. It keeps the last `keep` snapshots."""

    traits = Traits(journals=False, compare_and_swap=False, lock_stays=True, least_gap=LEAST_GAP)

    def __init__(self, at: Address, *, clock: Clock, limit: float = LIMIT, keep: int = KEPT) -> None:
        self._address = at
        self._clock = clock
        self._limit = limit
        self._keep = max(keep, 1)
        connection = Connection(at, clock)
        self._resource = StateResource(at, connection, clock)
        self._locks = Locks(at, connection, clock, limit)
        self._mutex = threading.RLock()  # one write, check or release at a time; it may take a minute
        self._run: _Run | None = None

    @property
    def where(self) -> str:
        """The URL of the state, without its query."""
        return self._address.where

    @property
    def notes(self) -> tuple[str | Way, ...]:
        """Locks of this run that may still be there."""
        return self._locks.notes

    def read(self) -> Blob | None:
        """The state; None if there is none. Raises StateForeign, StateDamaged and StateError."""
        run, stored = self._run, self._resource.stored()
        if run is not None:
            run.note_read(None if stored is None else stored.version)
        return None if stored is None else Blob(stored.data, stored.version)

    def write(self, data: bytes, expected: str | None, stamp: Stamp) -> str:
        """Writes the state if its version is `expected`, and returns the new version. At most one write a second.

        Reading and writing are two requests, so only the lock keeps another writer out between them.
        """
        made = bodies.version(data, stamp)
        with self._mutex:
            content = self._resource.get()
            stored = self._unpacked(content, expected)
            self._check_expected(stored, expected)
            if stored is None or stored.version != made:
                body = bodies.pack(data, stamp, self._history(data, stamp, stored, content.date))
                run = self._run
                unclear = self._resource.replace(body, content.body, run.lock.id if run else "", self._other_holder)
                if run is not None and unclear:
                    run.late.add(made)
            if self._run is not None:
                self._run.note_write(made)
        return made

    def append(self, entries: Sequence[bytes], expected: str | None, stamp: Stamp) -> NoReturn:
        """Not possible here: see `traits.journals`."""
        raise NotImplementedError("this server keeps whole states only")

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[Lease]:
        """Holds the lock while the context lasts, at most `limit` seconds. Raises StateLocked, and StateForeign."""
        self._refuse_foreign()
        since = boot_time()
        lock = self._locks.take(holder)
        lease = BoundedLease(self._limit, self._check, since=since)

        def end() -> None:
            lease.wait()
            with self._mutex:
                self._run = None

        try:
            with self._mutex:
                self._run = run = _Run(lock, holder)
            with lease:
                run.lease = lease
                yield lease
        finally:
            self._locks.release(lock, first=end)

    def holder(self) -> Held | None:
        """Our own lock; None otherwise, even if another run has it: this server names a holder only to a LOCK."""
        run = self._run
        return None if run is None else Held(run.info)

    def break_lock(self, lock_id: str) -> LockInfo:
        """Removes the lock of a run that is not alive here, and returns its holder. Raises StateError otherwise."""
        self._refuse_foreign()
        return self._locks.break_(lock_id)

    def history(self) -> Sequence[Snapshot]:
        """The snapshots that are kept, the newest first. Their sizes are those of the uncompressed states."""
        content = self._resource.get()
        if content.body is None:
            return ()
        stored = bodies.unpack(content.body, self.where)
        now = content.date or self._clock.now()
        return tuple(Snapshot(k.serial, k.written_at.astimezone(UTC), k.size) for k in _listed(stored, now))

    def snapshot(self, serial: int) -> bytes:
        """The snapshot with this serial. Raises StateError if it is not kept."""
        stored = self._resource.stored()
        if stored is None:
            raise no_snapshot(serial)
        if serial == stored.stamp.serial:
            return stored.data
        kept = next((entry for entry in stored.history[1:] if entry.serial == serial), None)
        if kept is None:
            raise no_snapshot(serial)
        if not kept.zlib:
            return self._resource.old_version(serial)
        try:
            return bodies.decompressed(kept.zlib)
        except ValueError:
            raise StateDamaged(f"The snapshot {serial} of {self.where} can't be read.") from None

    def _refuse_foreign(self) -> None:
        """Raises StateForeign for another program's data. A damaged state may be locked, so that it can be replaced."""
        with suppress(StateDamaged):
            self._resource.stored()

    def _unpacked(self, content: Content, expected: str | None) -> Stored | None:
        if content.body is None:
            return None
        try:
            return bodies.unpack(content.body, self.where)
        except StateDamaged:
            if expected == ANY_VERSION:
                return None
            raise

    def _check_expected(self, stored: Stored | None, expected: str | None) -> None:
        if expected == ANY_VERSION:
            return
        there = None if stored is None else stored.version
        if there == expected or (self._run is not None and self._run.is_ours(there, expected)):
            return
        raise conflict(self.where, removed=there is None)

    def _history(self, data: bytes, stamp: Stamp, stored: Stored | None, date: datetime | None) -> tuple[Kept, ...]:
        """The history for a new body: the entry of the body itself, then the older ones."""
        now = date or self._clock.now()
        own = bodies.entry(data, stamp.serial, now, whole=False)
        older: list[Kept] = []
        if stored is not None:
            listed = _listed(stored, now)
            older = list(listed[1:])
            if self._run is None or not self._run.wrote(stored.version):
                whole = not self._address.gitlab
                older.insert(0, bodies.entry(stored.data, stored.stamp.serial, listed[0].written_at, whole=whole))
        return (own, *bodies.within_limits(older, self._keep - 1))

    def _other_holder(self) -> LockInfo | None:
        """The run that has our lock now, as far as the server says; the lease learns of it."""
        run = self._run
        other = None if run is None else self._locks.other_holder(run.lock)
        if run is not None and other is not None and run.lease is not None:
            run.lease.take_over(fenced_by(self.where, other))
        return other

    def _check(self) -> None:
        """Raises Fenced if another run has the lock, or the state is not the one that this run read or wrote last."""
        with self._mutex:
            run = self._run
            if run is None:
                return
            other = self._other_holder()
            if other is not None:
                raise fenced_by(self.where, other)
            stored = self._resource.stored()
            there = None if stored is None else stored.version
            if run.knows and there != run.version and not run.is_ours(there, run.version):
                raise Fenced(f"Another run wrote {self.where} while this run was paused.", conflict(self.where).hint)


class _Run:
    """What this holder of the lock knows of the state."""

    def __init__(self, lock: Lock, info: LockInfo) -> None:
        self.lock = lock
        self.info = info
        self.lease: BoundedLease | None = None
        self.knows = False  # whether `version` is known
        self.version: str | None = None  # of the last write; before it, of the last read
        self.late: set[str] = set()  # versions of which a repeated request may still arrive
        self._written: set[str] = set()
        self._guard = threading.Lock()

    def note_read(self, version: str | None) -> None:
        with self._guard:
            if not self._written:
                self.knows, self.version = True, version

    def note_write(self, version: str) -> None:
        with self._guard:
            self._written.add(version)
            self.knows, self.version = True, version

    def wrote(self, version: str) -> bool:
        return version in self._written

    def is_ours(self, there: str | None, expected: str | None) -> bool:
        """Whether an older state of this run came back, because one of its requests arrived late."""
        return there in self.late and expected == self.version and there in self._written


def _listed(stored: Stored, now: datetime) -> tuple[Kept, ...]:
    """The history with an entry for the state itself, which an uploaded file does not have."""
    if stored.history and stored.history[0].serial == stored.stamp.serial:
        return stored.history
    return (bodies.entry(stored.data, stored.stamp.serial, now, whole=False), *stored.history)

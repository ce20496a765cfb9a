"""The backend on object storage. `objects` has the layout, `journal` reads it, `locks` keeps runs apart.

An append creates the object with the next number, so the store gives each place to one run. A fold adds a snapshot and
changes nothing else. No request depends on the content of an object that others may write.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

from reconciler.backends.lease import RenewedLease
from reconciler.backends.object_storage import journal, objects
from reconciler.backends.object_storage.journal import Head
from reconciler.backends.object_storage.locks import Holding, Locks, new_nonce
from reconciler.backends.object_storage.objects import ENTRIES, SNAPSHOTS, EntryHeader, Kind, SnapshotHeader
from reconciler.backends.object_storage.requests import Access, Requests
from reconciler.backends.object_storage.sweeping import AGE, sweep
from reconciler.errors import Fenced, StateConflict, StateError
from reconciler.hints import Way, hint, way
from reconciler.protocols.backend import (
    ANY_VERSION,
    KEPT,
    LEASE,
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
from reconciler.values import value

_TRIES = 20  # of an unconditional write; each failed one means that another run wrote in between


@value
class _Write:
    """A write into the next place. `request`: what the caller asked for."""

    request: tuple[object, ...]
    before: Head
    header: EntryHeader
    content: bytes


@value
class _Lock:
    """The lock that this backend holds."""

    holding: Holding
    lease: RenewedLease


class ObjectStorageBackend:
    """The state under a prefix in object storage. Any thread may use it. Raises StateErrors.

    `ttl`: seconds of a lease. `keep`: snapshots that are kept. `age`: how long entries are kept after they were folded.
    """

    traits = Traits(leases=True)
    notes: tuple[str | Way, ...] = ()

    def __init__(self, access: Access, *, ttl: float = LEASE, keep: int = KEPT, age: timedelta = AGE) -> None:
        self._requests = Requests(access)
        self._locks = Locks(self._requests, ttl)
        self._ttl = ttl
        self._keep = max(keep, 1)
        self._age = age
        self._one_write = threading.RLock()
        self._head: Head | None = None  # after the last read or write
        self._lock: _Lock | None = None
        self._unsettled: _Write | None = None  # ended without a clear answer: it is there, or may still arrive

    @property
    def where(self) -> str:
        """The URL."""
        return self._requests.place.where

    def read(self) -> Blob | None:
        """The newest snapshot, and the entries after it; None if there is no state."""
        content = journal.load(self._requests)
        with self._one_write:
            if self._head is None or self._head.seq <= content.head.seq:
                self._head = content.head
        return content.blob

    def append(self, entries: Sequence[bytes], expected: str | None, stamp: Stamp) -> str:
        """Creates the next entry, and returns the new version. Raises StateConflict, and Fenced."""
        request = (Kind.DELTA, tuple(entries), expected, stamp)
        with self._one_write:
            unsettled = self._same_request(*request)
            if unsettled is None:
                head = self._expected(expected)
                header = self._header(head, Kind.DELTA, stamp)
                unsettled = _Write(request, head, header, objects.entry_bytes(header, lines=entries))
            return self._take_place(unsettled)

    def write(self, data: bytes, expected: str | None, stamp: Stamp) -> str:
        """Writes a whole state, or, with the stored state's stamp, only a snapshot. Returns the new version."""
        packed = objects.compressed(data)
        with self._one_write:
            if expected == ANY_VERSION:
                version = self._overwrite(data, stamp)
            else:
                unsettled = self._same_request(Kind.WHOLE, data, expected, stamp)
                head = self._expected(expected) if unsettled is None else unsettled.before
                if unsettled is None and head.version is not None and head.stamp == stamp:
                    self._put_snapshot(head, packed)
                    sweep(self._requests, keep=self._keep, age=self._age)
                    return head.version
                version = self._take_place(unsettled or self._whole(head, data, stamp))
            if self._head is not None:
                with suppress(StateError):  # the state is saved: its entry holds all of it
                    self._put_snapshot(self._head, packed)
                    sweep(self._requests, keep=self._keep, age=self._age)
            return version

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[Lease]:
        """Holds the lock while the context lasts. Raises StateLocked."""
        holding = self._locks.take(holder)
        lease = RenewedLease(holding.number, self._ttl, holding.renew, since=holding.since)
        try:
            with lease:
                self._lock = _Lock(holding, lease)
                try:
                    yield lease
                finally:
                    self._lock = None
        finally:
            holding.release(first=lease.wait)

    def holder(self) -> Held | None:
        """Who holds the lock."""
        return self._locks.holder()

    def break_lock(self, lock_id: str) -> LockInfo:
        """Removes the lock of a run that is not alive here, and returns its owner. Raises StateError otherwise."""
        return self._locks.break_lock(lock_id)

    def history(self) -> Sequence[Snapshot]:
        """The snapshots that are kept, the newest first."""
        return [snapshot for snapshot, _ in self._snapshots()]

    def snapshot(self, serial: int) -> bytes:
        """A snapshot that is kept. Raises StateError."""
        for snapshot, seq in self._snapshots():
            found = self._requests.get(objects.name(SNAPSHOTS, seq)) if snapshot.serial == serial else None
            if found is not None:
                return objects.parse_snapshot(seq, found.content).data
        raise no_snapshot(serial)

    def _snapshots(self) -> list[tuple[Snapshot, int]]:
        """The snapshots with their places, the newest first, each serial once. Skips those that can't be read."""
        numbers = self._requests.numbers(SNAPSHOTS)[: -self._keep - 1 : -1]
        found = self._requests.get_all([objects.name(SNAPSHOTS, seq) for seq in numbers])
        by_serial: dict[int, tuple[Snapshot, int]] = {}
        for seq, each in zip(numbers, found, strict=True):
            with suppress(StateError):
                if each is not None:
                    serial = objects.parse_snapshot(seq, each.content).header.serial
                    by_serial.setdefault(serial, (Snapshot(serial, each.modified, len(each.content)), seq))
        return list(by_serial.values())

    def _expected(self, expected: str | None) -> Head:
        """The head, if its version is `expected`. Raises Fenced and StateConflict."""
        lock = self._lock
        if lock is not None and lock.lease.left() < 0:
            try:
                lock.holding.check()
            except Fenced as fenced:
                lock.lease.take_over(fenced)
                raise
        head = self._head
        if head is None or head.version != expected:
            head = self._head = journal.load(self._requests).head
        self._refuse_later_fence(head)
        if head.version == expected:
            return head
        if head.version is None:
            raise StateConflict(
                f"{self.where} was emptied since this run read it.",
                "Restore its objects before the next run, or that one begins with nothing.",
            )
        raise self._conflict("made" if expected is None else "changed")

    def _overwrite(self, data: bytes, stamp: Stamp) -> str:
        for attempt in range(1, _TRIES + 1):
            head = journal.tail(self._requests)
            self._refuse_later_fence(head)
            try:
                return self._take_place(self._whole(head, data, stamp))
            except Fenced:
                raise
            except StateConflict:
                if attempt == _TRIES:
                    raise
        raise AssertionError("the last attempt raises")

    def _whole(self, head: Head, data: bytes, stamp: Stamp) -> _Write:
        header = self._header(head, Kind.WHOLE, stamp)
        request = (Kind.WHOLE, data, head.version, stamp)
        return _Write(request, head, header, objects.entry_bytes(header, data=data))

    def _same_request(self, *request: object) -> _Write | None:
        """The write that ended without a clear answer, if the caller asks for it again: the same bytes are sent."""
        return self._unsettled if self._unsettled is not None and self._unsettled.request == request else None

    def _take_place(self, write: _Write) -> str:
        """Creates the entry, and returns the new version. Raises StateConflict if the place is taken."""
        lock, before, header, content = self._lock, write.before, write.header, write.content
        self._head = None
        self._unsettled = write
        try:
            other = self._requests.create(objects.name(ENTRIES, header.seq), content)
        except BaseException:
            if lock is not None:
                lock.holding.unsettled = True
            raise
        self._unsettled = None
        if other is not None:
            try:
                winner = objects.parse_entry(header.seq, other).header
            except StateError:
                raise self._conflict("changed") from None
            self._refuse_later_fence(Head(header.seq, "", None, winner.fence, winner.holder))
            raise self._conflict("changed")
        fence = max(header.fence, before.fence)
        made = objects.checksum(content)
        self._head = Head(header.seq, made, Stamp(header.lineage, header.serial), fence, before.holder)
        return f"{header.seq}:{made}"

    def _put_snapshot(self, head: Head, packed: bytes) -> None:
        """Adds the snapshot at `head`, unless it is there already."""
        stamp = head.stamp or Stamp("", 0)
        header = SnapshotHeader(
            seq=head.seq, head=head.checksum, lineage=stamp.lineage, serial=stamp.serial, fence=head.fence
        )
        other = self._requests.create(objects.name(SNAPSHOTS, head.seq), objects.snapshot_bytes(header, packed))
        if other is not None and objects.parse_snapshot(head.seq, other).header.head != head.checksum:
            raise self._conflict("changed")

    def _header(self, head: Head, kind: Kind, stamp: Stamp) -> EntryHeader:
        holding = None if self._lock is None else self._lock.holding
        return EntryHeader(
            seq=head.seq + 1,
            kind=kind,
            lineage=stamp.lineage,
            serial=stamp.serial,
            after=head.checksum,
            fence=0 if holding is None else holding.number,
            lock_id="" if holding is None else holding.lock_id,
            nonce=new_nonce(),
        )

    def _refuse_later_fence(self, head: Head) -> None:
        """Raises Fenced if a later holder of the lock wrote to the journal."""
        lock = self._lock
        if lock is not None and head.fence > lock.holding.number:
            fenced = fenced_by(self.where, head.holder)
            lock.lease.take_over(fenced)
            raise fenced

    def _conflict(self, what: str) -> StateConflict:
        return StateConflict(
            f"{self.where} was {what} by another program since this run read it.",
            hint(way("See what is there", "state pull", after=", then run the command again.")),
        )

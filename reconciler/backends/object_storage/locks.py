"""The lock: the record with the highest number in `lock/`. Its number is the fence.

A record is created by its holder and written again by it alone. Whether it is still renewed is judged by the store's
clock only. A holder that takes over a lock which was not released writes a barrier into the journal.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from reconciler import processes, waits
from reconciler.backends.lease import RELEASE_TIME
from reconciler.backends.object_storage import journal, objects
from reconciler.backends.object_storage.objects import (
    CLOCK,
    ENTRIES,
    LOCKS,
    PROBE,
    EntryHeader,
    Kind,
    LockRecord,
)
from reconciler.backends.object_storage.requests import Requests
from reconciler.backends.unlocking import check_breakable, not_locked
from reconciler.errors import Fenced, StateError, StateLocked
from reconciler.protocols.backend import Held, LockInfo, Stamp, fenced_by, locked_by
from reconciler.values import value

UNLOCK = "unlock"  # the operation in the record of a run that only removes a lock
_TRIES = 20  # each failed try means that another run took the lock, or wrote the journal, in between
_ROUNDING = 1.0  # seconds: S3 and Azure show times in whole seconds
_RENEWAL_TRIES = 2  # the lease's thread tries again by itself
_RELEASE_TRIES = 3


def new_nonce() -> str:
    """Makes the bytes of an object unlike all others."""
    return secrets.token_hex(8)


@value
class _Stored:
    """A lock record as it was read. `modified`: by the store's clock."""

    number: int
    record: LockRecord
    modified: datetime


class Holding:
    """A lock that this run took. `since`: the boot time at which the request started that took it."""

    def __init__(self, requests: Requests, number: int, record: LockRecord, since: float) -> None:
        self._requests = requests
        self._record = record
        self.number = number
        self.since = since
        self.unsettled = False  # a write ended without a clear answer, and may still arrive

    @property
    def lock_id(self) -> str:
        """The id of the lock."""
        return self._record.info.lock_id

    def renew(self) -> None:
        """Writes the record again. Raises Fenced if another run took the lock over."""
        self._write(_with(self._record, beat=self._record.beat + 1), tries=_RENEWAL_TRIES)
        self.check()

    def check(self) -> None:
        """Raises Fenced if another run took the lock over."""
        later = self._requests.numbers(LOCKS, after=self.number, tries=_RENEWAL_TRIES)
        if later:
            found = self._requests.get(objects.name(LOCKS, later[-1]))
            record = None if found is None else objects.parse_lock(found.content)
            raise fenced_by(self._requests.place.where, None if record is None else _named(record.info))

    def fence_off(self) -> None:
        """Writes a barrier into the next place of the journal, so that no earlier holder can write there."""
        for _ in range(_TRIES):
            head = journal.tail(self._requests)
            stamp = head.stamp or Stamp("", 0)
            header = EntryHeader(
                seq=head.seq + 1,
                kind=Kind.BARRIER,
                lineage=stamp.lineage,
                serial=stamp.serial,
                after=head.checksum,
                fence=self.number,
                lock_id=self.lock_id,
                holder=_named(self._record.info),
                nonce=new_nonce(),
            )
            if self._requests.create(objects.name(ENTRIES, header.seq), objects.entry_bytes(header)) is None:
                self._record = _with(self._record, open_fence=False)
                return
        raise _too_fast()

    def release(self, *, first: Callable[[], None] = lambda: None) -> None:
        """Writes that the lock is free, unless another run has it, after `first`, in at most `RELEASE_TIME`.

        After a failure, the lease ends by itself.
        """

        def released() -> None:
            first()
            self._release()

        with suppress(TimeoutError):
            waits.in_thread(released, RELEASE_TIME)

    def _release(self) -> None:
        try:
            self.check()
        except Fenced:
            return
        except StateError:
            pass  # no other run writes this record
        with suppress(StateError):
            open_fence = self._record.open_fence or self.unsettled
            self._write(_with(self._record, released=True, open_fence=open_fence), tries=_RELEASE_TRIES)

    def _write(self, record: LockRecord, *, tries: int) -> None:
        self._requests.overwrite(objects.name(LOCKS, self.number), objects.lock_bytes(record), tries=tries)
        self._record = record


class Locks:
    """Takes, shows and breaks the lock. `ttl`: seconds of a lease that is not renewed."""

    def __init__(self, requests: Requests, ttl: float) -> None:
        self._requests = requests
        self._ttl = ttl
        self._clock = f"{CLOCK}/{new_nonce()}"

    def take(self, holder: LockInfo) -> Holding:
        """Takes the lock. Raises StateLocked, and StateError for a store that can't keep two runs apart."""
        for _ in range(_TRIES):
            before = self._newest()
            if before is not None:
                self._refuse_held(before)
            holding = self._claim(before, holder)
            if holding is not None:
                return holding
        raise _too_fast()

    def holder(self) -> Held | None:
        """Who holds the lock. Where this run may not write, the heartbeat stays unknown."""
        stored = self._newest()
        if stored is None or stored.record.released:
            return None
        age = None
        with suppress(StateError):
            age = self._age(stored)
        return self._held(stored, age)

    def break_lock(self, lock_id: str) -> LockInfo:
        """Takes the lock over from its holder, and releases it. Raises StateError."""
        for _ in range(_TRIES):
            before = self._newest()
            if before is None or before.record.released:
                raise not_locked()
            info = before.record.info
            check_breakable(info, lock_id)
            holding = self._claim(before, _breaker())
            if holding is not None:
                holding.release()
                return info
        raise _too_fast()

    def _newest(self) -> _Stored | None:
        for _ in range(_TRIES):
            numbers = self._requests.numbers(LOCKS)
            if not numbers:
                return None
            path = objects.name(LOCKS, numbers[-1])
            found = self._requests.get(path)
            if found is None:
                continue  # the store's list is late, or a sweep removed it because there are later ones
            record = objects.parse_lock(found.content)
            if record is None:
                raise StateError(
                    f"{self._requests.place.where}: the lock record {path} can't be read; a later voicectl may have "
                    "written it.",
                    "Use the latest voicectl. If no run is left, delete this object.",
                )
            return _Stored(numbers[-1], record, found.modified)
        raise _too_fast()

    def _refuse_held(self, stored: _Stored) -> None:
        """Raises StateLocked unless the lock was released, its process is dead here, or its lease ran out."""
        if stored.record.released or _is_alive(stored.record.info) is False:
            return
        age = self._age(stored)
        if age < stored.record.ttl + _ROUNDING:
            raise locked_by(self._held(stored, age))

    def _claim(self, before: _Stored | None, holder: LockInfo) -> Holding | None:
        """Creates the next record; None if another run was faster."""
        if before is None or not before.record.probed:
            self._probe()
        number = 1 if before is None else before.number + 1
        open_fence = before is not None and (before.record.open_fence or not before.record.released)
        record = LockRecord(info=holder, ttl=self._ttl, nonce=new_nonce(), probed=True, open_fence=open_fence)
        holding = Holding(self._requests, number, record, processes.boot_time())
        if self._requests.create(objects.name(LOCKS, number), objects.lock_bytes(record)) is not None:
            return None
        try:
            if self._requests.numbers(LOCKS, after=number):
                return None  # the number was used before, and swept: the lock is a later one
            if open_fence:
                holding.fence_off()
        except BaseException:
            holding.release()
            raise
        return holding

    def _probe(self) -> None:
        path = f"{PROBE}/{new_nonce()}"
        try:
            self._requests.check_conditions(path, new_nonce().encode(), new_nonce().encode())
        finally:
            self._requests.delete([path])

    def _age(self, stored: _Stored) -> float:
        """Seconds since the record was written, by the store's clock."""
        self._requests.overwrite(self._clock, new_nonce().encode())
        now = self._requests.get(self._clock)
        self._requests.delete([self._clock])
        return 0.0 if now is None else max(0.0, (now.modified - stored.modified).total_seconds())

    def _held(self, stored: _Stored, age: float | None) -> Held:
        ttl = stored.record.ttl
        left = None if age is None else min(ttl, max(0.0, ttl + _ROUNDING - age))
        return Held(stored.record.info, age, left)


def _with(record: LockRecord, **changes: object) -> LockRecord:
    return record.model_copy(update=changes)


def _named(info: LockInfo) -> LockInfo | None:
    """The run that took a lock over; None for a command that broke it."""
    return None if info.operation == UNLOCK else info


def _is_alive(info: LockInfo) -> bool | None:
    return processes.alive(info.host, info.boot, info.pid, info.started)


def _breaker() -> LockInfo:
    host, pid = socket.gethostname(), os.getpid()
    return LockInfo(
        lock_id=secrets.token_hex(4),
        who=f"A run of {UNLOCK} on {host}",
        pid=pid,
        host=host,
        operation=UNLOCK,
        since=datetime.now(UTC),
        boot=processes.boot(),
        started=processes.started(pid),
    )


def _too_fast() -> StateLocked:
    return StateLocked("Other runs take and release the lock too fast for this command.", "Try again.")

"""The backend for PostgreSQL, directly or through a connection pool in any mode.

The tables are in the schema `voicectl`, which the first apply creates; other commands only read. A state is a row of
`states`, with its lock; `entries` holds what was appended since the last snapshot; `snapshots` holds the last ones, the
current one too, compressed with zlib. Every change names the version that it changes, and, while this run holds the
lock, its fence. To take the lock over raises the fence: that is the barrier for the holder before.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from reconciler.backends.postgres import address, conflicts, statements
from reconciler.backends.postgres.conflicts import Version, taken_over, version_of
from reconciler.backends.postgres.connection import Connection, Row, Values
from reconciler.backends.postgres.failures import NoTables, NotAllowed, Unanswered
from reconciler.backends.postgres.lock import Lock, Taken, new_nonce
from reconciler.backends.postgres.settling import Settling
from reconciler.backends.postgres.statements import ContentRow, DurabilityRow, HeadRow, SnapshotRow, StateRow
from reconciler.backends.postgres.tables import Tables
from reconciler.backends.unlocking import not_locked
from reconciler.errors import Fenced, StateConflict, StateError
from reconciler.hints import Way
from reconciler.processes import boot_time
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
    no_snapshot,
)

_LEVEL = 6  # of zlib: a state becomes seven times smaller
_OVERWRITES = 8  # tries of an unconditional write, each one refused because another run wrote first
_UNREAD = "could not be read"
_UNWRITTEN = "could not be written"

_LAZY = (
    "The server confirms changes before they are on its disk (synchronous_commit=off): after a crash of the server the "
    "last ones are lost, and a run that goes on stops with a conflict. Set synchronous_commit=on for this role."
)
_ASYNCHRONOUS = (
    "The server has a standby, and does not wait for it (synchronous_standby_names is empty): if the standby takes "
    "over, the last changes may be lost, and a run that goes on stops with a conflict. Set synchronous_standby_names."
)


def open_postgres(
    url: str,
    *,
    default_name: str,
    dsn: str | None = None,
    ttl: float = LEASE,
    keep: int = KEPT,
    check_host: Callable[[str], None] | None = None,
) -> PostgresBackend:
    """The backend for a URL. Connects at its first use. Raises StateError for a URL that can't be used.

    `default_name` is the state's name if the URL has none; `dsn` is a libpq connection string from the environment.
    `check_host` is called with each host that the URL alone names, and raises if it may not be used.
    """
    place = address.parse(url, default_name=default_name, dsn=dsn, check_host=check_host)
    return PostgresBackend(place, ttl=ttl, keep=keep)


class PostgresBackend:
    """A state in a database. Any thread may use it. A lock that it holds counts for all its changes."""

    traits = Traits(leases=True)

    def __init__(self, place: address.Address, *, ttl: float = LEASE, keep: int = KEPT) -> None:
        self.where = place.where
        self.notes: tuple[str | Way, ...] = place.notes  # warnings; the first lock may add some about the server
        self._name = place.name
        self._ttl = ttl
        self._keep = max(1, keep)
        self._connection = Connection(place.parameters, place.where)
        self._settling = Settling(self._connection, place.where)
        self._tables = Tables(self._connection, self._settling, place.where)
        self._lock = Lock(self._connection, self._settling, place.name, place.where, ttl)
        self._taken: Taken | None = None
        self._durability = threading.Lock()
        self._is_durability_known = False

    def read(self) -> Blob | None:
        """The state, by one statement; None if there is none. Raises StateDamaged."""
        with self._tables.explained(writes=False):
            if not self._tables.exist():
                return None
            row = next(iter(self._asked(statements.READ, {"name": self._name}, StateRow)), None)
        if row is None or row.head == 0:
            return None
        if len(row.entries) != row.head - row.folded:
            raise conflicts.gap(self.where, len(row.entries), row.head - row.folded)
        data = self._decompressed(row.data) if row.folded else b""
        entries = tuple(line for lines in row.entries for line in lines.split(b"\n") if line)
        return Blob(data, str(Version(row.head, row.nonce)), entries)

    def write(self, data: bytes, expected: str | None, stamp: Stamp) -> str:
        """Writes a snapshot if the version is `expected`, and drops the entries before it. Raises StateConflict."""
        values: Values = {"data": zlib.compress(data, _LEVEL), "others": self._keep - 1}
        if expected != ANY_VERSION:
            return self._change(statements.WRITE, values, expected, stamp)
        for _ in range(_OVERWRITES - 1):
            try:
                return self._change(statements.WRITE, values, self._version(), stamp)
            except Fenced:
                raise
            except StateConflict:  # another run wrote in between
                continue
        return self._change(statements.WRITE, values, self._version(), stamp)

    def append(self, entries: Sequence[bytes], expected: str | None, stamp: Stamp) -> str:
        """Appends entries if the version is `expected`. Renews the lease. Raises StateConflict, Fenced."""
        return self._change(statements.APPEND, {"lines": b"\n".join(entries)}, expected, stamp)

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[Lease]:
        """Holds the lock while the context lasts. Creates the tables if they are missing. Raises StateLocked."""
        with self._tables.explained(writes=True):
            self._tables.ensure()
            taken = self._lock.take(holder)
        try:
            with taken.lease:
                self._taken = taken
                self._ask_durability()
                yield taken.lease
        finally:
            self._taken = None
            self._lock.release(taken)

    def holder(self) -> Held | None:
        """Who holds the lock; None also for a lock that a dead run of this machine left."""
        with self._tables.explained(writes=False):
            return self._lock.held() if self._tables.exist() else None

    def break_lock(self, lock_id: str) -> LockInfo:
        """Frees the lock of a run that is not alive here, and returns its owner. Raises StateError otherwise."""
        with self._tables.explained(writes=True):
            if not self._tables.exist():
                raise not_locked()
            return self._lock.break_(lock_id)

    def history(self) -> Sequence[Snapshot]:
        """The snapshots that are kept, the newest first."""
        with self._tables.explained(writes=False):
            if not self._tables.exist():
                return ()
            rows = self._asked(statements.HISTORY, {"name": self._name, "keep": self._keep}, SnapshotRow)
        return [Snapshot(row.serial, datetime.fromtimestamp(row.written_at, UTC), row.size) for row in rows]

    def snapshot(self, serial: int) -> bytes:
        """A snapshot that is kept. Raises StateError."""
        with self._tables.explained(writes=False):
            there = self._tables.exist()
            rows = self._asked(statements.SNAPSHOT, {"name": self._name, "serial": serial}, ContentRow) if there else []
        if not rows:
            raise no_snapshot(serial)
        return self._decompressed(rows[0].data)

    def close(self) -> None:
        """Closes the connection. The next use opens one again."""
        self._connection.close()

    def _change(self, statement: str, values: Values, expected: str | None, stamp: Stamp) -> str:
        """Makes one change of the version `expected`, and returns the new version."""
        before, taken, nonce = version_of(expected), self._taken, new_nonce()
        values = {
            **values,
            "name": self._name,
            "nonce": nonce,
            "lineage": stamp.lineage,
            "serial": stamp.serial,
            "head": before.head,
            "expected": before.nonce,
            "fence": taken.holding.fence if taken else None,
            "lock_nonce": taken.holding.nonce if taken else None,
            "ttl": self._ttl,
        }

        def send() -> int | None:
            since = boot_time()
            rows = self._connection.rows(statement, values, HeadRow)
            if rows and taken:
                taken.lease.renewed(since)
            return rows[0].head if rows else None

        def look() -> int | None:
            row = self._lock.look(before.head + 1, nonce)
            if row.found:
                return before.head + 1
            fenced = taken_over(self.where, row, taken.holding) if taken else None
            if fenced is not None and taken:
                taken.lease.take_over(fenced)
                raise fenced
            if Version(row.head, row.nonce) != before:
                raise conflicts.conflict(self.where, row, before)
            return None

        with self._tables.explained(writes=True):
            if taken is None:
                self._make_row()
            return str(Version(self._settling.settled(send, look, _UNWRITTEN), nonce))

    def _make_row(self) -> None:
        """For a change without the lock, which makes the row otherwise."""
        self._tables.ensure()
        self._settling.asked(
            lambda: self._connection.rows(statements.CREATE, {"name": self._name}, HeadRow), _UNWRITTEN
        )

    def _version(self) -> str | None:
        """The version of whatever is there, readable or not."""
        with self._tables.explained(writes=False):
            if not self._tables.exist():
                return None
            row = self._settling.asked(self._lock.look, _UNREAD)
        return str(Version(row.head, row.nonce)) if row.head else None

    def _asked(self, statement: str, values: Values, shape: type[Row]) -> list[Row]:
        return self._settling.asked(lambda: self._connection.rows(statement, values, shape), _UNREAD)

    def _decompressed(self, data: bytes | None) -> bytes:
        try:
            return zlib.decompress(data or b"")
        except zlib.error:
            raise conflicts.unreadable(self.where) from None

    def _ask_durability(self) -> None:
        """Adds to the notes what the server may lose of what it confirmed. Asked once; no answer is no error."""
        with self._durability:
            if self._is_durability_known:
                return
            self._is_durability_known = True
            with suppress(StateError, Unanswered, NotAllowed, NoTables):
                found = self._connection.rows(statements.DURABILITY, {}, DurabilityRow)[0]
                risks = ((found.asynchronous, _ASYNCHRONOUS), (found.lazy, _LAZY))
                self.notes += tuple(note for there, note in risks if there)

"""Encrypts what another backend stores: snapshots, entries and history. Locks stay readable, without any key.

A state that is not encrypted is refused, unless the settings say `migrate`: then it is read, and the next write is
encrypted. Entries that are appended to such a state carry the data key with them.

Its limit: that the end of a journal was cut off, or that a whole old state was put back, can't be seen in the bytes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

from reconciler.backends.encryption import pieces
from reconciler.backends.encryption.keyring import Keyring
from reconciler.backends.encryption.pieces import Chain
from reconciler.errors import KeyMissing, StateConflict, StateDamaged, StateNotEncrypted
from reconciler.hints import Way, hint, way
from reconciler.model import envelope, moved
from reconciler.protocols.backend import (
    ANY_VERSION,
    Backend,
    Blob,
    Held,
    Lease,
    LockInfo,
    Snapshot,
    Stamp,
    Traits,
)
from reconciler.values import value

_READS = 3  # a reader may see a snapshot beside entries that follow a later one; the next read is right
_PAUSE = 0.2  # seconds between them
_VERSIONS = 16  # that are remembered


@value
class _Position:
    """What a version of the state ends with. `data_key`: None if nothing in it is encrypted."""

    chain: Chain
    data_key: bytes | None = None


_NOTHING = _Position(Chain(pieces.START))


class EncryptedBackend:
    """Satisfies `Backend` around `inner`. `accepts_plain`: also reads a state that is not encrypted."""

    def __init__(self, inner: Backend, keyring: Keyring, *, accepts_plain: bool = False) -> None:
        self._inner = inner
        self._keyring = keyring
        self._accepts_plain = accepts_plain
        self._guard = threading.Lock()
        self._positions: dict[str, _Position] = {}  # version -> its end; the last ones that were read or written

    @property
    def where(self) -> str:
        """The place of the inner backend."""
        return self._inner.where

    @property
    def traits(self) -> Traits:
        """Those of the inner backend."""
        return self._inner.traits

    @property
    def notes(self) -> tuple[str | Way, ...]:
        """Those of the inner backend."""
        return self._inner.notes

    def read(self) -> Blob | None:
        """The state, decrypted. Raises StateDamaged, KeyMissing and StateNotEncrypted."""
        for left in reversed(range(_READS)):
            blob = self._inner.read()
            try:
                return None if blob is None else self._decrypted(blob)
            except StateDamaged as damaged:
                if not left:
                    raise StateDamaged(f"{self.where}: {damaged.detail}", damaged.hint) from None
            except KeyMissing as missing:
                raise KeyMissing(f"{self.where}: {missing.detail}", missing.hint) from None
            time.sleep(_PAUSE)
        return None

    def write(self, data: bytes, expected: str | None, stamp: Stamp) -> str:
        """Encrypts and writes a snapshot. With the stamp of what is stored, later entries still follow it."""
        position = _NOTHING if expected == ANY_VERSION else self._position(expected)
        folds = expected != ANY_VERSION and position.chain.stamp == stamp
        chain = position.chain if folds else pieces.new_chain(stamp)
        data_key = self._keyring.key_for(stamp.lineage)
        made = pieces.snapshot(data, chain, stamp, data_key, self._keyring.wrap(stamp.lineage, data_key))
        return self._remember(self._inner.write(made, expected, stamp), _Position(chain, data_key))

    def append(self, entries: Sequence[bytes], expected: str | None, stamp: Stamp) -> str:
        """Encrypts and appends."""
        position = self._position(expected)
        chain, data_key = position.chain, position.data_key
        keys = self._keyring.wrap(stamp.lineage, data_key or self._keyring.key_for(stamp.lineage))
        lines = []
        for each in entries:
            first = data_key is None
            data_key = data_key or self._keyring.key_for(stamp.lineage)
            line, chain = pieces.entry(each, chain, stamp, data_key, keys if first else ())
            lines.append(line)
        return self._remember(self._inner.append(lines, expected, stamp), _Position(chain, data_key))

    def lock(self, holder: LockInfo) -> AbstractContextManager[Lease]:
        """The lock of the inner backend."""
        return self._inner.lock(holder)

    def holder(self) -> Held | None:
        """Who holds the lock."""
        return self._inner.holder()

    def break_lock(self, lock_id: str) -> LockInfo:
        """Removes a lock."""
        return self._inner.break_lock(lock_id)

    def history(self) -> Sequence[Snapshot]:
        """The snapshots that are kept; their sizes are those of the encrypted bytes."""
        return self._inner.history()

    def snapshot(self, serial: int) -> bytes:
        """A snapshot that is kept, decrypted. Raises StateError."""
        stored = self._inner.snapshot(serial)
        if not envelope.is_envelope(stored):
            self._refuse_plain(stored, serial)
            return stored
        piece = envelope.parse(stored)
        if piece.kind != "state" or piece.serial != serial:
            raise envelope.damaged(f"it is the {piece.kind} with the serial {piece.serial}")
        return pieces.opened(piece, self._keyring.unwrap(piece.lineage, piece.keys))

    def _decrypted(self, blob: Blob) -> Blob:
        chain, data, lineage, data_key = Chain(pieces.START), blob.data, "", None
        if envelope.is_envelope(blob.data):
            piece = envelope.parse(blob.data)
            if piece.kind != "state":
                raise envelope.damaged(f"it is an encrypted {piece.kind}, not a state")
            lineage, data_key = piece.lineage, self._keyring.unwrap(piece.lineage, piece.keys)
            data = pieces.opened(piece, data_key)
            chain = Chain(piece.chain, Stamp(piece.lineage, piece.serial))
        elif blob.data:
            self._refuse_plain(blob.data)
            chain = pieces.after_plain(chain, blob.data)
        entries = []
        for line in blob.entries:
            if data_key is None and not envelope.is_envelope(line):
                self._refuse_plain(line)
                chain = pieces.after_plain(chain, line)
                entries.append(line)
                continue
            if data_key is None:
                head = envelope.parse(line)
                lineage, data_key = head.lineage, self._keyring.unwrap(head.lineage, head.keys)
            entry, chain = pieces.opened_entry(line, chain, lineage, data_key)
            entries.append(entry)
        if data_key is not None:
            self._keyring.use(lineage, data_key)
        self._remember(blob.version, _Position(chain, data_key))
        return Blob(data, blob.version, tuple(entries))

    def _position(self, expected: str | None) -> _Position:
        """The end of the version that is to be continued. Raises StateConflict if it is not there any more."""
        if expected is None:
            return _NOTHING
        with self._guard:
            known = self._positions.get(expected)
        if known is not None:
            return known
        blob = self.read()
        if blob is None or blob.version != expected:
            raise StateConflict(
                f"{self.where} was {'removed' if blob is None else 'changed'} since this run read it.",
                hint(way("See what is there", "state pull", after=", then run the command again.")),
            )
        with self._guard:
            return self._positions[expected]

    def _remember(self, version: str, position: _Position) -> str:
        with self._guard:
            self._positions.pop(version, None)
            self._positions[version] = position
            while len(self._positions) > _VERSIONS:
                del self._positions[next(iter(self._positions))]
        return version

    def _refuse_plain(self, stored: bytes, serial: int | None = None) -> None:
        """Raises StateNotEncrypted, unless plain states are accepted, or it is the mark of a state that left.

        `serial`: of the snapshot; None for the state itself.
        """
        mark = moved.parse(stored)
        if self._accepts_plain or (mark is not None and mark.state is None):
            return
        if serial is not None:
            raise StateNotEncrypted(
                "the manifest asks for encryption, but this snapshot is from before it was configured.",
                hint(
                    way(
                        "To read it all the same, write migrate: true under state.encryption, then",
                        "state pull --serial",
                        serial,
                        after=", and remove migrate again.",
                    )
                ),
            )
        raise StateNotEncrypted(
            f"{self.where}: the manifest asks for encryption, but this state is not encrypted.",
            hint(
                way(
                    "If it is from before encryption was configured, write migrate: true under state.encryption, then",
                    "state rekey",
                    after=", and remove migrate again. Older copies stay as they are: the backup, the history.",
                )
            ),
        )

"""The names and the bytes of the objects under a prefix. Pure: no requests.

    lock/000012              one record for each holder; the highest number is the lock
    entries/000000000224     one place in the journal: a delta (appended lines), a whole state, or a barrier
    snapshots/000000000224   the state that all entries up to this place fold to

Each object begins with one line of JSON. In `entries/` it holds the checksum of the entry before (`after`), so a gap or
an object that was written over is noticed. States are compressed with gzip; everything else can be read as it is.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Sequence
from enum import StrEnum

from pydantic import ValidationError

from reconciler.errors import StateDamaged, StateTooNew
from reconciler.hints import Hint, hint, way
from reconciler.model.base import Frozen
from reconciler.protocols.backend import LockInfo, Stamp
from reconciler.values import value

FORMAT = 1
LOCKS, ENTRIES, SNAPSHOTS, CLOCK, PROBE = "lock", "entries", "snapshots", "clock", "probe"
NOTHING = "nothing"  # the checksum before the first entry
UNREADABLE = "unreadable"  # the checksum of an entry that is not there; only a whole may follow it
_DIGITS = {LOCKS: 6, ENTRIES: 12, SNAPSHOTS: 12}
_CHECKSUM = 32  # hex digits
_CONTROL = re.compile(rb"[\x00-\x1f]")
_LEVEL = 6  # of gzip


class Kind(StrEnum):
    """What an entry holds."""

    DELTA = "delta"  # lines that were appended
    WHOLE = "whole"  # a state, which replaces everything before
    BARRIER = "barrier"  # nothing: it takes the place that an earlier holder of the lock would write next


class EntryHeader(Frozen):
    """The first line of an entry. `lineage` and `serial` are those of the state after it."""

    format: int = FORMAT
    seq: int
    kind: Kind
    lineage: str
    serial: int
    after: str  # the checksum of the entry before
    fence: int = 0  # the number of the writer's lock; 0: it held none
    lock_id: str = ""
    holder: LockInfo | None = None  # of a barrier: the run that took the lock over; None: the lock was broken
    nonce: str


class SnapshotHeader(Frozen):
    """The first line of a snapshot. `head`: the checksum of the last entry that it includes."""

    format: int = FORMAT
    seq: int
    head: str
    lineage: str
    serial: int
    fence: int = 0


class LockRecord(Frozen):
    """An object in `lock/`. Only its holder writes it again: to renew it, and to release it."""

    format: int = FORMAT
    info: LockInfo
    ttl: float  # seconds
    nonce: str
    beat: int = 0  # renewals
    released: bool = False
    probed: bool = False  # the store was seen to refuse a second creation
    open_fence: bool = False  # an earlier holder may still write: a barrier is missing


@value
class Entry:
    """A parsed entry, and the checksum of its bytes. `data` is the state of a whole."""

    header: EntryHeader
    checksum: str
    lines: tuple[bytes, ...] = ()
    data: bytes = b""

    @property
    def stamp(self) -> Stamp:
        """The stamp of the state after this entry."""
        return Stamp(self.header.lineage, self.header.serial)


@value
class StoredSnapshot:
    """A parsed snapshot."""

    header: SnapshotHeader
    data: bytes

    @property
    def stamp(self) -> Stamp:
        """The stamp of the state."""
        return Stamp(self.header.lineage, self.header.serial)


def name(folder: str, number: int) -> str:
    """The name of a numbered object: `entries/000000000224`."""
    return f"{folder}/{number:0{_DIGITS[folder]}d}"


def number(folder: str, path: str) -> int | None:
    """The number in an object's name; None if the name is not ours."""
    text = path.removeprefix(f"{folder}/")
    return int(text) if len(text) == _DIGITS[folder] and text.isascii() and text.isdigit() else None


def checksum(content: bytes) -> str:
    """The checksum of an object."""
    return hashlib.sha256(content).hexdigest()[:_CHECKSUM]


def entry_bytes(header: EntryHeader, *, lines: Sequence[bytes] = (), data: bytes = b"") -> bytes:
    """The object for an entry: the lines of a delta, or the state of a whole."""
    first = header.model_dump_json(exclude_none=True).encode() + b"\n"
    match header.kind:
        case Kind.DELTA:
            if not lines or any(not line or _CONTROL.search(line) for line in lines):
                raise ValueError("an entry is one line of text without control characters")
            return first + b"\n".join(lines) + b"\n"
        case Kind.WHOLE:
            return first + compressed(data)
        case Kind.BARRIER:
            return first


def parse_entry(seq: int, content: bytes) -> Entry:
    """Parses an entry. Raises StateDamaged and StateTooNew."""
    where = name(ENTRIES, seq)
    first, newline, rest = content.partition(b"\n")
    try:
        header = EntryHeader.model_validate_json(first)
    except ValidationError:
        raise _unreadable(where, first) from None
    if not newline or header.seq != seq:
        raise damaged(f"{where} is not what voicectl wrote there.")
    made = checksum(content)
    match header.kind:
        case Kind.DELTA:
            if not rest.endswith(b"\n"):
                raise damaged(f"{where} is cut off.")
            return Entry(header, made, lines=tuple(rest[:-1].split(b"\n")))
        case Kind.WHOLE:
            return Entry(header, made, data=_expanded(where, rest))
        case Kind.BARRIER:
            return Entry(header, made)


def snapshot_bytes(header: SnapshotHeader, packed: bytes) -> bytes:
    """The object for a snapshot; `packed` is the `compressed` state."""
    return header.model_dump_json().encode() + b"\n" + packed


def parse_snapshot(seq: int, content: bytes) -> StoredSnapshot:
    """Parses a snapshot. Raises StateDamaged and StateTooNew."""
    where = name(SNAPSHOTS, seq)
    first, _, rest = content.partition(b"\n")
    try:
        header = SnapshotHeader.model_validate_json(first)
    except ValidationError:
        raise _unreadable(where, first) from None
    if header.seq != seq:
        raise damaged(f"{where} is not what voicectl wrote there.")
    return StoredSnapshot(header, _expanded(where, rest))


def lock_bytes(record: LockRecord) -> bytes:
    """The object for a lock record."""
    return record.model_dump_json().encode() + b"\n"


def parse_lock(content: bytes) -> LockRecord | None:
    """Parses a lock record; None if it can't be read."""
    try:
        return LockRecord.model_validate_json(content)
    except ValidationError:
        return None


def compressed(data: bytes) -> bytes:
    """The state with gzip; the same bytes each time."""
    return gzip.compress(data, _LEVEL, mtime=0)


def damaged(what: str) -> StateDamaged:
    """The error for a state that can't be read, with its hint."""
    return StateDamaged(what, _restore())


def _restore() -> Hint:
    return hint(
        way("See which snapshots are kept", "state history"),
        way(
            "then go on with a copy of the state",
            "state push --force FILE",
            after=". Voices that only the journal knew are found by their keys at the next plan.",
        ),
    )


def _expanded(where: str, packed: bytes) -> bytes:
    try:
        if packed:  # gzip takes nothing for an empty state
            return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        pass
    raise damaged(f"{where} is cut off, or its bytes were changed.")


class _AnyFormat(Frozen):
    model_config = {"extra": "ignore"}

    format: int


def _unreadable(where: str, first: bytes) -> StateDamaged | StateTooNew:
    try:
        found = _AnyFormat.model_validate_json(first).format
    except ValidationError:
        return damaged(f"{where} is not what voicectl wrote there.")
    if found > FORMAT:
        return StateTooNew(
            f"{where} has format {found}; this voicectl reads up to {FORMAT}.", "Use the voicectl that wrote it."
        )
    return damaged(f"{where} is not what voicectl wrote there.")

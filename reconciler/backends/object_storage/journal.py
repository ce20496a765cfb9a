"""Reads the journal: the newest snapshot, the entries after it, and the chain of checksums that joins them."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.backends.object_storage import objects
from reconciler.backends.object_storage.objects import (
    ENTRIES,
    NOTHING,
    SNAPSHOTS,
    UNREADABLE,
    Entry,
    Kind,
    StoredSnapshot,
    damaged,
)
from reconciler.backends.object_storage.requests import Found, Requests
from reconciler.errors import StateDamaged, StateError
from reconciler.protocols.backend import Blob, LockInfo, Stamp
from reconciler.values import value

_READS = 20  # attempts of a reader; each one fails only if objects were removed while it read


@value
class Head:
    """The last place that is taken in the journal. `stamp`: of the state there; None while there is no state.

    `fence`: the greatest number of a lock that wrote here; `holder`: the run that took this lock over, if one did.
    """

    seq: int
    checksum: str
    stamp: Stamp | None
    fence: int = 0
    holder: LockInfo | None = None

    @property
    def version(self) -> str | None:
        """The version of the state; None while there is none."""
        return None if self.stamp is None else f"{self.seq}:{self.checksum}"


@value
class Content:
    """The stored state, and the head of its journal."""

    blob: Blob | None
    head: Head


@value
class _Names:
    """What a list showed: the newest snapshot, 0 if there is none, and the entries after it."""

    snapshot: int
    entries: tuple[int, ...]


def load(requests: Requests) -> Content:
    """Reads the state. Raises StateDamaged. Objects that a sweep removes meanwhile are no damage: it reads again."""
    before = None
    for _ in range(_READS):
        names = _names(requests)
        try:
            return _load(requests, names)
        except StateDamaged:
            if names == before:
                raise
        before = names
    raise _too_fast(requests)


def tail(requests: Requests) -> Head:
    """The last place that is taken, whether or not what is there can be read."""
    for _ in range(_READS):
        names = _names(requests)
        seq = names.entries[-1] if names.entries else names.snapshot
        if seq == 0:
            return Head(0, NOTHING, None)
        found = requests.get(objects.name(ENTRIES if names.entries else SNAPSHOTS, seq))
        if found is None:
            continue
        try:
            return _head_of(seq, found, is_entry=bool(names.entries))
        except StateError:
            return Head(seq, objects.checksum(found.content) if names.entries else UNREADABLE, None)
    raise _too_fast(requests)


def _head_of(seq: int, found: Found, *, is_entry: bool) -> Head:
    if not is_entry:
        return _snapshot_head(objects.parse_snapshot(seq, found.content))
    entry = objects.parse_entry(seq, found.content)
    return Head(seq, entry.checksum, _stamp(entry), entry.header.fence, entry.header.holder)


def _names(requests: Requests) -> _Names:
    snapshots = requests.numbers(SNAPSHOTS)
    newest = snapshots[-1] if snapshots else 0
    return _Names(newest, tuple(requests.numbers(ENTRIES, after=newest)))


def _load(requests: Requests, names: _Names) -> Content:
    paths = [objects.name(ENTRIES, seq) for seq in names.entries]
    if names.snapshot:
        paths.append(objects.name(SNAPSHOTS, names.snapshot))
    found = requests.get_all(paths)
    parsed = [_parsed(seq, each) for seq, each in zip(names.entries, found, strict=False)]
    start = max((i for i, x in enumerate(parsed) if isinstance(x, Entry) and x.header.kind is Kind.WHOLE), default=-1)
    if start >= 0 or not names.snapshot:
        head, data = Head(0, NOTHING, None), None
        rest = parsed[max(start, 0) :]
    else:
        snapshot = _snapshot(names.snapshot, found[-1])
        head, data = _snapshot_head(snapshot), snapshot.data
        rest = parsed
    return _followed(head, data, rest, anew=start >= 0)


def _followed(head: Head, data: bytes | None, parsed: Sequence[Entry | StateError], *, anew: bool) -> Content:
    """The state after these entries. `anew`: the first one is a whole, so it need not continue `head`."""
    lines: list[bytes] = []
    for entry in parsed:
        if isinstance(entry, StateError):
            raise entry
        header = entry.header
        if not anew and (header.seq != head.seq + 1 or header.after != head.checksum):
            raise damaged(
                f"{objects.name(ENTRIES, header.seq)} does not continue what is before it: an object is missing, or "
                "another program wrote there."
            )
        anew = False
        if header.kind is Kind.WHOLE:
            data = entry.data
        lines += entry.lines
        stamp = _stamp(entry) if header.kind is not Kind.BARRIER else head.stamp
        holder = header.holder if header.fence > head.fence else head.holder
        head = Head(header.seq, entry.checksum, stamp, max(head.fence, header.fence), holder)
    if head.version is None:
        return Content(None, head)
    return Content(Blob(data or b"", head.version, tuple(lines)), head)


def _parsed(seq: int, found: Found | None) -> Entry | StateError:
    if found is None:
        return damaged(f"{objects.name(ENTRIES, seq)} is gone.")
    try:
        return objects.parse_entry(seq, found.content)
    except StateError as error:
        return error


def _snapshot(seq: int, found: Found | None) -> StoredSnapshot:
    if found is None:
        raise damaged(f"{objects.name(SNAPSHOTS, seq)} is gone.")
    return objects.parse_snapshot(seq, found.content)


def _snapshot_head(snapshot: StoredSnapshot) -> Head:
    header = snapshot.header
    return Head(header.seq, header.head, snapshot.stamp, header.fence)


def _stamp(entry: Entry) -> Stamp | None:
    """The stamp after an entry; a barrier before the first write has none."""
    return entry.stamp if entry.header.lineage else None


def _too_fast(requests: Requests) -> StateError:
    return StateError(
        f"{requests.place.where}: other runs write the state faster than it can be read.",
        "Try again when no other run writes it.",
    )

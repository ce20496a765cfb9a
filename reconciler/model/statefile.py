"""State <-> bytes. The only module that knows the format version.

A snapshot is UTF-8 JSON with one record per line, sorted, so that git shows what changed; fields with their default
value are left out. A journal entry is one line of JSON with the difference between two states. A backend stores the
bytes and checks that they are complete.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from pydantic import AliasChoices, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from reconciler.errors import StateDamaged, StateTooNew
from reconciler.hints import hint, way
from reconciler.model.base import Frozen
from reconciler.model.cloud_types import find
from reconciler.model.manifest import Voice
from reconciler.model.paid_calls import PaidCalls
from reconciler.model.record_json import changed, changes_of, json_bytes, record_json
from reconciler.model.state import STATE_VERSION, Record, State

_NO_VOICES: Mapping[str, Voice] = MappingProxyType({})
_REQUIRED_FIELDS = ("lineage", "serial", "manifest")
_OPTIONAL_FIELDS = ("adopted_lineages", "foreign_lineages", "applying", "applied", "accepts", "paid_calls")
_OLD_NAMES = {"kin": "adopted_lineages", "strangers": "foreign_lineages"}  # in the files of an older voicectl
_RESTORE = hint(
    way(
        "The same folder has a copy from before the last apply, whose name ends in .backup. To restore a good copy",
        "state push --force FILE",
    )
)


class _SnapshotHead(Frozen):
    """A snapshot without its records."""

    version: int = Field(ge=STATE_VERSION, le=STATE_VERSION)
    lineage: str
    serial: int = Field(default=0, ge=0)
    manifest: str = "voices.yaml"
    current: dict[str, str] = {}
    adopted_lineages: tuple[str, ...] = Field(default=(), validation_alias=AliasChoices("adopted_lineages", "kin"))
    foreign_lineages: tuple[str, ...] = Field(
        default=(), validation_alias=AliasChoices("foreign_lineages", "strangers")
    )
    applying: str | None = None
    applied: str | None = None
    accepts: str | None = None
    paid_calls: PaidCalls | None = None


class _Snapshot(_SnapshotHead):
    records: dict[str, Record] = {}


class _Entry(Frozen):
    """The changes of one write: new records in full, and the changed fields of other records."""

    records: tuple[Record, ...] = ()
    changed: dict[str, dict[str, Any]] = {}
    removed: tuple[str, ...] = ()
    current: dict[str, str | None] = {}  # None unbinds the address
    fields: dict[str, Any] = {}  # of the state itself


class _Head(Frozen):
    """The fields of a state without its records."""

    lineage: str
    serial: int
    manifest: str
    adopted_lineages: tuple[str, ...]
    foreign_lineages: tuple[str, ...]
    applying: str | None
    applied: str | None
    accepts: str | None
    paid_calls: PaidCalls | None


def dump(state: State) -> bytes:
    """The state as a snapshot. Equal states give equal bytes."""
    head = [("version", STATE_VERSION)]
    head += [(name, getattr(state, name)) for name in _REQUIRED_FIELDS]
    head += [(name, value) for name in _OPTIONAL_FIELDS if (value := getattr(state, name))]
    lines = [b'"%s":%s' % (name.encode(), json_bytes(value)) for name, value in head]
    current = [b"%s:%s" % (json_bytes(address), json_bytes(key)) for address, key in sorted(state.current.items())]
    begin = b",\n".join([*lines, b'"current":' + b"".join(_block(current)), b'"records":'])
    records = (b"%s:%s" % (json_bytes(key), record_json(record)) for key, record in sorted(state.records.items()))
    return b"".join((b"{\n", begin, *_block(records), b"\n}\n"))


def load(snapshot: bytes, voices: Mapping[str, Voice] = _NO_VOICES) -> State:
    """The state in a snapshot. Raises StateDamaged for any fault in it, and StateTooNew for a later format.

    What a record has in common with the declared voice of its address is shared: it saves 0.4 kB of memory a voice.
    """
    try:
        with _gc_paused():
            state = _parse_in_chunks(snapshot, voices)
            if state is None:
                whole = _Snapshot.model_validate_json(snapshot, strict=True)
                state = _state(whole, whole.records, whole.current)
    except ValidationError as error:
        _refuse_encrypted(snapshot)
        _refuse_later_versions(snapshot)
        raise StateDamaged(_first_error(error), _RESTORE) from None
    return _validated(state)


def _state(head: _SnapshotHead, records: dict[str, Record], current: dict[str, str]) -> State:
    fields = {name: getattr(head, name) for name in _Head.model_fields}
    return State.model_construct(**fields, records=records, current=current)


def entry(before: State, after: State, *, touched: Iterable[str] | None = None) -> bytes:
    """The journal entry that changes `before` into `after`: one line without its line end, empty for no change.

    `touched` are the keys of the only records that may differ, with the bindings of their addresses; then the time
    depends on the size of the change, not on the size of the state.
    """
    keys = differing(before, after) if touched is None else dict.fromkeys(touched)
    pairs = {key: (before.records.get(key), after.records.get(key)) for key in keys}
    addresses = _changed_addresses(before.current, after.current) if touched is None else _addresses(pairs.values())
    parts: dict[str, bytes] = {}
    added = [record_json(new) for old, new in pairs.values() if old is None and new is not None]
    if added:
        parts["records"] = b"[" + b",".join(added) + b"]"
    changed = {
        key: changes
        for key, (old, new) in pairs.items()
        if old is not None and new is not None and old is not new and (changes := changes_of(old, new))
    }
    if changed:
        parts["changed"] = json_bytes(changed)
    if removed := [key for key, (old, new) in pairs.items() if old is not None and new is None]:
        parts["removed"] = json_bytes(removed)
    bound = {a: after.current.get(a) for a in addresses if before.current.get(a) != after.current.get(a)}
    if bound:
        parts["current"] = json_bytes(bound)
    fields = {n: getattr(after, n) for n in _Head.model_fields if getattr(before, n) != getattr(after, n)}
    if fields:
        parts["fields"] = json_bytes(fields)
    if not parts:
        return b""
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), text) for name, text in parts.items()) + b"}"


def fold(state: State, entries: Sequence[bytes]) -> State:
    """The state after these entries, oldest first. Raises StateDamaged for an entry that does not fit."""
    if not entries:
        return state
    records, current = dict(state.records), dict(state.current)
    head = {name: getattr(state, name) for name in _Head.model_fields}
    try:
        for line in entries:
            read = _Entry.model_validate_json(line, strict=True)
            records.update((record.external_task_id, record) for record in read.records)
            for key, changes in read.changed.items():
                records[key] = changed(records[key], changes)
            for key in read.removed:
                del records[key]
            for address, bound in read.current.items():
                if bound is None:
                    current.pop(address, None)
                else:
                    current[address] = bound
            head |= {_OLD_NAMES.get(name, name): value for name, value in read.fields.items()}
        fields = _Head.model_validate_json(json_bytes(head), strict=True)
    except ValidationError as error:
        _refuse_encrypted(*entries)
        raise StateDamaged(f"the journal: {_first_error(error)}", _RESTORE) from None
    except KeyError as missing:
        raise StateDamaged(f"the journal: it changes the record {missing}, which does not exist", _RESTORE) from None
    return _validated(State.model_construct(**dict(fields), records=records, current=current))


def differing(before: State, after: State) -> dict[str, None]:
    """The keys of the records that were added, changed or removed, in a fixed order."""
    old, new = before.records, after.records
    keys = {key: None for key, record in new.items() if (was := old.get(key)) is not record and was != record}
    return keys | dict.fromkeys(key for key in old if key not in new)


def _changed_addresses(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, None]:
    addresses = {address: None for address, key in new.items() if old.get(address) != key}
    return addresses | dict.fromkeys(address for address in old if address not in new)


def _addresses(pairs: Iterable[tuple[Record | None, Record | None]]) -> dict[str, None]:
    return {record.address: None for pair in pairs for record in pair if record is not None}


def _validated(state: State) -> State:
    for key, record in state.records.items():
        if key != record.external_task_id:
            raise StateDamaged(f"the record {record.external_task_id!r} is stored under the key {key!r}", _RESTORE)
        cloud = find(record.type)  # None: of a package that this run does not need, or that is not installed any more
        if cloud is not None and record.method not in cloud.methods:
            raise StateDamaged(f"the record {key!r} was made by {record.method!r}, which is not a method", _RESTORE)
    for address, key in state.current.items():
        if key not in state.records:
            raise StateDamaged(f"{address} refers to the record {key!r}, which does not exist", _RESTORE)
        if state.records[key].address != address:
            raise StateDamaged(f"{address} refers to the record {key!r}, which belongs to another address", _RESTORE)
    return state


def _parse_in_chunks(snapshot: bytes, voices: Mapping[str, Voice]) -> State | None:
    """Parses a snapshot in the layout of `dump`, some lines at a time: half the memory of parsing all at once.

    None for any other layout: it may be valid JSON that a tool reformatted, or it is damaged. The caller parses it as
    a whole then, which also gives the error message.
    """
    begins, ends = snapshot.find(_RECORDS_BEGIN), len(snapshot) - len(_RECORDS_END)
    if begins < 0 or not snapshot.endswith(_RECORDS_END):
        return None
    head, begins = snapshot[:begins], begins + len(_RECORDS_BEGIN)
    records: dict[str, Record] = {}
    try:
        while begins < ends:
            comma = snapshot.find(b",\n", begins + _CHUNK, ends)
            chunk_ends = ends if comma < 0 else comma
            for key, record in _SOME_RECORDS.validate_json(b"{%s}" % snapshot[begins:chunk_ends], strict=True).items():
                _share(record, voices.get(record.address))
                records[record.external_task_id if record.external_task_id == key else key] = record
            begins = chunk_ends + len(b",\n")
        read = _SnapshotHead.model_validate_json(head + b"}", strict=True)
    except ValidationError:
        return None
    if begins == ends:  # a trailing comma
        return None
    current: dict[str, str] = {}
    for address, key in read.current.items():
        bound = records.get(key)
        if bound is not None and bound.address == address and bound.external_task_id == key:
            current[bound.address] = bound.external_task_id  # the same strings, to save memory
        else:
            current[address] = key
    return _state(read, records, current)


def _share(record: Record, voice: Voice | None) -> None:
    """Lets the record use the voice's inputs and address where they are equal. Nobody else has the record yet."""
    if voice is not None and record.sent == voice.inputs and record.address == voice.address:
        object.__setattr__(record, "sent", voice.inputs)
        object.__setattr__(record, "address", voice.address)


def _refuse_later_versions(snapshot: bytes) -> None:
    try:
        raw = from_json(snapshot)
    except ValueError:
        return
    version = raw.get("version") if isinstance(raw, dict) else None
    if type(version) is int and version > STATE_VERSION:
        raise StateTooNew(
            f"It has format {version}; this voicectl reads up to {STATE_VERSION}.",
            "Use the voicectl that wrote it, or a later one: pip install --upgrade voicectl",
        )


def _refuse_encrypted(*pieces: bytes) -> None:
    """Raises KeyMissing for what can't be read because it is encrypted."""
    from reconciler.model import envelope  # a readable state needs none of it

    for piece in filter(envelope.is_envelope, pieces):
        raise envelope.no_settings(piece) from None


def _first_error(error: ValidationError) -> str:
    errors = error.errors(include_url=False, include_input=False)
    place = ".".join(map(str, errors[0]["loc"]))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{place}: {errors[0]['msg']}{more}" if place else f"{errors[0]['msg']}{more}"


def _block(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a JSON object with these lines, to be joined once: a large state is not copied several times."""
    begin = b"{\n"
    for line in lines:
        yield begin
        yield line
        begin = b",\n"
    yield b"{}" if begin == b"{\n" else b"\n}"


@contextmanager
def _gc_paused() -> Iterator[None]:
    """Pauses garbage collection: while ten thousand new values are loaded, it takes half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


_SOME_RECORDS = TypeAdapter(dict[str, Record])
_RECORDS_BEGIN, _RECORDS_END = b',\n"records":{\n', b"\n}\n}\n"  # `dump` writes these before and after the records
_CHUNK = 250_000  # bytes

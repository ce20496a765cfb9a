"""A record <-> JSON, also where a cloud's text can't be encoded."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, from_json, to_json

from reconciler.model.state import Record

_FIELDS = tuple(field.name for field in fields(Record))


def record_json(record: Record, *, only: set[str] | None = None) -> bytes:
    """The record, without fields that have their default value; with `only`, these fields."""
    try:
        return _record_adapter().dump_json(record, include=only, exclude_defaults=only is None)
    except PydanticSerializationError:
        return _record_adapter().dump_json(_encodable(record), include=only, exclude_defaults=only is None)


def json_bytes(value: object) -> bytes:
    """A JSON value."""
    try:
        return to_json(value)
    except PydanticSerializationError:
        return to_json(_well_formed(value))


def _encodable(record: Record) -> Record:
    return Record(**{name: _well_formed(getattr(record, name)) for name in _FIELDS})


def _well_formed(value: Any) -> Any:
    """Replaces lone surrogates, which UTF-8 can't encode. A cloud's message may hold one, and must not block a save."""
    match value:
        case str() if type(value) is str:
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_well_formed(k): _well_formed(v) for k, v in value.items()}
        case list() | tuple():
            return [_well_formed(v) for v in value]
        case _:
            return value


@cache
def _record_adapter() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


def changes_of(old: Record, new: Record) -> dict[str, Any]:
    """The fields that differ, with their new values as JSON values."""
    names = {name for name in _FIELDS if getattr(old, name) != getattr(new, name)}
    changes: dict[str, Any] = from_json(record_json(new, only=names)) if names else {}
    return changes


def changed(record: Record, changes: dict[str, Any]) -> Record:
    """The record with these changes. Raises ValidationError."""
    adapter = _record_adapter()
    return adapter.validate_json(json_bytes(adapter.dump_python(record, mode="json") | changes), strict=True)

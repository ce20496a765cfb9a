"""Recognises keys at the wrong depth, such as a method beside its voice, and says how to indent them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reconciler.loader.problems import key_text
from reconciler.loader.yaml_values import Value
from reconciler.model.cloud_types import is_type
from reconciler.model.methods import AUDIO_METHOD, METHOD_NAMES, keys_under

Raw = dict[str, Value]
_NEVER_IN_BODY = frozenset((*METHOD_NAMES, AUDIO_METHOD, "provider", "lifecycle", "on_expiry", "for_each"))
_ENTRY_KEYS = frozenset((*METHOD_NAMES, AUDIO_METHOD, "provider", "lifecycle", "labels", "on_expiry", "for_each"))


def beside_entries(entries: Raw) -> dict[str, str | None]:
    """Keys of an entry that are written at the level of addresses -> the address above, to which they belong."""
    found: dict[str, str | None] = {}
    above: str | None = None
    for name, value in entries.items():
        if name in _ENTRY_KEYS and not is_entry(value):
            found[name] = above
        else:
            above = name
    return found


def inside_methods(entry: Raw) -> list[tuple[str, str]]:
    """(method, key) for keys of an entry that are written in its method's body."""
    bodies = [(method, entry[method]) for method in (*METHOD_NAMES, AUDIO_METHOD) if method in entry]
    return [(m, key) for m, body in bodies if isinstance(body, dict) for key in body if key in _NEVER_IN_BODY]


def beside_methods(entry: Raw) -> list[tuple[str, str]]:
    """(method, key) for keys of a method's body that are written beside the empty method."""
    empty = [method for method in (*METHOD_NAMES, AUDIO_METHOD) if method in entry and entry[method] is None]
    return [(m, key) for m in empty for key in entry if key not in _ENTRY_KEYS and key in keys_under(m)]


def words(key: str, above: str | None, what: str) -> str:
    """The message for a key of an entry at the level of addresses."""
    if above is not None:
        return f"{key} is a key of a {what}, not a {what}: indent it under {key_text(above)}"
    return f"{key} is a key of a {what}, not a {what}: write the {what}'s address above it, and indent it"


def indent_less(key: str, beside: str, what: str = "voice") -> str:
    """The message for a key that is indented too far."""
    return f"{key} is a key of the {what}: indent it less, so that it is beside {beside}"


def without_last(section: Value) -> Value:
    """The section without its last entry, to which keys that were not indented belong."""
    return dict(list(section.items())[:-1]) if isinstance(section, dict) else section


def is_part(key: str) -> bool:
    """Whether the key is one of an entry's keys."""
    return key in _ENTRY_KEYS


def at_top(key: str, value: Value, document: Raw) -> str | None:
    """The message for a key at the top level of a file that belongs further in; None for other keys."""
    entries = [name for name in ("voices", "audio") if name in document and _is_before(name, key, document)]
    if is_entry(value):
        section = "audio" if isinstance(value, dict) and AUDIO_METHOD in value else "voices"
        return f"a {'voice' if section == 'voices' else 'sound'} at the top level: indent it under {section}"
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and is_type(kind):
        return "a provider at the top level: indent it under providers"
    if key not in _ENTRY_KEYS or not entries:
        return None
    inside = document[entries[-1]]
    last = list(inside)[-1] if isinstance(inside, dict) and inside else None
    where = key_text(last) if last is not None else "the address of its voice"
    return f"a key of a voice at the top level: indent it under {where}"


def is_entry(value: Value) -> bool:
    """Whether the value looks like an entry of voices or audio."""
    return isinstance(value, dict) and ("provider" in value or _any(value, (*METHOD_NAMES, AUDIO_METHOD)))


def belongs_beside(key: str, known: Collection[str]) -> bool:
    """Whether the key belongs to the entry, and not to the body in which it is written."""
    return key in _ENTRY_KEYS and key not in known


def _any(value: Raw, keys: Iterable[str]) -> bool:
    return any(isinstance(value.get(key), dict) for key in keys)


def _is_before(one: str, other: str, document: Raw) -> bool:
    keys = list(document)
    return keys.index(one) < keys.index(other)

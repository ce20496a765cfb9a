"""Reads the providers and addresses of a manifest for shell completion, while the manifest may be incomplete.

Nothing is validated, and no `${env:…}` is replaced. A file with a YAML error is read up to the error. Imports no model,
because the user waits for each completion.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, Event, MappingStartEvent, ScalarEvent, SequenceStartEvent

from reconciler.loader.files import Source, named_file, sources
from reconciler.loader.yaml_events import events_of
from reconciler.model.address import instance
from reconciler.values import value

_INCLUDE, _FOR_EACH = "include", "for_each"
_PREFIXES = {"voices": "", "audio": "audio."}  # section -> the prefix of its addresses


@value
class Names:
    """Names in the order of the manifest."""

    providers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def names_in(manifest: Path) -> Names:
    """The names in a manifest and the files that it includes. Raises UsageError if it does not exist."""
    found = sources(manifest)[0]
    seen = {os.path.realpath(source.file) for source in found}
    keys: list[tuple[str, ...]] = []
    for source in found:  # which grows
        for path in _paths(events_of(source.data)):
            file = Path(source.file).parent / path[-1]
            if path[0] != _INCLUDE:
                keys.append(path)
            elif os.path.realpath(file) not in seen and isinstance(included := named_file(file), Source):
                seen.add(os.path.realpath(file))
                found.append(included)
    entries = [path for path in keys if path[0] in _PREFIXES]
    expanded = {path[:2] for path in entries if len(path) > 2}
    return Names(
        providers=tuple(path[1] for path in keys if path[0] == "providers"),
        addresses=tuple(_address(path) for path in entries if len(path) > 2 or path not in expanded),
    )


def _address(path: tuple[str, ...]) -> str:
    name = _PREFIXES[path[0]] + path[1]
    return instance(name, path[2]) if len(path) > 2 else name


def _paths(next_event: Callable[[], Event]) -> Iterator[tuple[str, ...]]:
    """(section, key) for each key at the second level of the file, with a third for an instance; (include, file)."""
    stack: list[bool | None] = []  # for each open collection: whether its next node is a key; None for a sequence
    section = entry = key = ""
    for event in _until_error(next_event):
        match event:
            case ScalarEvent(value=value) if stack and stack[-1]:
                match len(stack):
                    case 1:
                        section = str(value)
                    case 2 if stack[0] is False:
                        entry = str(value)
                        yield section, entry
                    case 3:
                        key = str(value)
                    case 4 if key == _FOR_EACH and None not in stack:
                        yield section, entry, str(value)
                stack[-1] = False
            case ScalarEvent(value=value) if stack and stack[-1] is None:
                if stack == [False, None] and section == _INCLUDE:
                    yield section, str(value)
                elif stack == [False, False, False, None] and key == _FOR_EACH:
                    yield section, entry, str(value)
            case ScalarEvent() | AliasEvent():
                _value_ended(stack)
            case MappingStartEvent():
                stack.append(True)
            case SequenceStartEvent():
                stack.append(None)
            case CollectionEndEvent():
                stack.pop()
                _value_ended(stack)
            case _:
                pass


def _value_ended(stack: list[bool | None]) -> None:
    if stack and stack[-1] is not None:
        stack[-1] = not stack[-1]


def _until_error(next_event: Callable[[], Event]) -> Iterator[Event]:
    try:
        while not isinstance(event := next_event(), yaml.StreamEndEvent):
            yield event
    except yaml.YAMLError:
        return

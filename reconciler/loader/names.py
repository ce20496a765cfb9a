"""Reads the providers and addresses of a manifest for shell completion, while the manifest may be incomplete.

Nothing is validated, and no `${env:…}` is replaced. A file with a YAML error is read up to the error. Imports no model,
because the user waits for each completion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, Event, MappingStartEvent, ScalarEvent, SequenceStartEvent

from reconciler.loader.files import sources
from reconciler.loader.yaml_events import events_of
from reconciler.values import value

_PREFIXES = {"voices": "", "audio": "audio."}  # section -> the prefix of its addresses


@value
class Names:
    """Names in the order of the manifest."""

    providers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def names_in(manifest: Path) -> Names:
    """The names in a manifest. Raises UsageError if the file or folder does not exist."""
    keys = [pair for source in sources(manifest)[0] for pair in _second_keys(events_of(source.data))]
    return Names(
        providers=tuple(key for section, key in keys if section == "providers"),
        addresses=tuple(_PREFIXES[section] + key for section, key in keys if section in _PREFIXES),
    )


def _second_keys(next_event: Callable[[], Event]) -> Iterator[tuple[str, str]]:
    """(section, key) for the keys at the second level of the file."""
    stack: list[bool | None] = []  # for each open collection: whether its next node is a key; None for a sequence
    section = ""
    for event in _until_error(next_event):
        match event:
            case ScalarEvent(value=value) if stack and stack[-1]:
                if len(stack) == 1:
                    section = str(value)
                elif len(stack) == 2 and stack[0] is False:
                    yield section, str(value)
                stack[-1] = False
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

"""The names in a manifest that need not be valid: for completion, while it is being written.

Nothing is validated and no `${env:…}` replaced; of a file with a mistake in its YAML, what comes before it is read.
Imports no model: a person waits for the answer at each press of a key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, Event, MappingStartEvent, ScalarEvent, SequenceStartEvent

from reconciler.loader.files import sources
from reconciler.loader.yaml_events import events_of

_PREFIXES = {"voices": "", "audio": "audio."}  # the section -> what its addresses begin with


@dataclass(frozen=True, slots=True)
class Names:
    """In the order in which they are written."""

    providers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def names_in(manifest: Path) -> Names:
    """Raises UsageError if there is no such file or folder."""
    keys = [pair for source in sources(manifest)[0] for pair in _second_keys(events_of(source.data))]
    return Names(
        providers=tuple(key for section, key in keys if section == "providers"),
        addresses=tuple(_PREFIXES[section] + key for section, key in keys if section in _PREFIXES),
    )


def _second_keys(next_event: Callable[[], Event]) -> Iterator[tuple[str, str]]:
    """The keys of the mappings inside the top one, each with the key that leads to its mapping."""
    open_: list[bool | None] = []  # of each collection: whether its next node is a key; None for a sequence
    section = ""
    for event in _until_a_mistake(next_event):
        match event:
            case ScalarEvent(value=value) if open_ and open_[-1]:
                if len(open_) == 1:
                    section = str(value)
                elif len(open_) == 2 and open_[0] is False:
                    yield section, str(value)
                open_[-1] = False
            case ScalarEvent() | AliasEvent():
                _value_ended(open_)
            case MappingStartEvent():
                open_.append(True)
            case SequenceStartEvent():
                open_.append(None)
            case CollectionEndEvent():
                open_.pop()
                _value_ended(open_)
            case _:
                pass


def _value_ended(open_: list[bool | None]) -> None:
    if open_ and open_[-1] is not None:
        open_[-1] = not open_[-1]


def _until_a_mistake(next_event: Callable[[], Event]) -> Iterator[Event]:
    try:
        while not isinstance(event := next_event(), yaml.StreamEndEvent):
            yield event
    except yaml.YAMLError:
        return

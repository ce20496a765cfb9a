"""Finds the line and column of a path in a file. Used only if there are problems, so a valid manifest costs nothing.

Reads the same YAML events as `yaml_values` a second time, and keeps positions instead of values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from reconciler.loader.yaml_events import DEEPEST, events_of

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
Path = tuple[str | int, ...]
Position = tuple[int, int]  # line and column, both from 1


class InstanceKey(str):
    """The part of a path that names an instance of `for_each`. The file has no such key: it is at the entry."""

    __slots__ = ()


@dataclass(slots=True)
class SourceNode:
    """One node: the position of its value, the position of its key (of its value, if it has no key), its children."""

    position: Position
    key_position: Position
    inside: dict[str | int, SourceNode] = field(default_factory=dict)

    def follow(self, path: Path) -> list[SourceNode]:
        """The nodes along the path from the root, as far as they exist."""
        found = [self]
        for part in written(path):
            if part not in found[-1].inside:
                break
            found.append(found[-1].inside[part])
        return found


def source_tree(data: bytes) -> SourceNode | None:
    """The root node, with all nodes before the first YAML error; None for an empty file."""
    root: SourceNode | None = None
    try:
        next_event = events_of(data)
        next_event()  # the stream's start
        next_event()  # the document's
        while is_nothing(first := next_event()):
            next_event()  # its end
            if not isinstance(next_event(), DocumentStartEvent):
                return None
        if isinstance(first, NodeEvent):
            root = SourceNode(position_of(first), position_of(first))
            _TreeReader(next_event).fill(root, first, depth=0)
    except yaml.YAMLError:
        return root
    return root


def written(path: Path) -> Path:
    """The path as the file has it, without the key of an instance."""
    return tuple(part for part in path if not isinstance(part, InstanceKey))


def is_nothing(event: Event) -> bool:
    """Whether a document that begins with this node is empty."""
    if not isinstance(event, ScalarEvent) or event.anchor is not None or event.tag is not None:
        return False
    return event.implicit[0] and event.value in NULLS


def position_of(event: Event) -> Position:
    """Where the event begins: line and column, from 1."""
    mark = event.start_mark
    assert mark is not None
    return mark.line + 1, mark.column + 1


class _TreeReader:
    def __init__(self, next_event: Callable[[], Event]) -> None:
        self._next = next_event
        self._anchors: dict[str, SourceNode] = {}

    def fill(self, node: SourceNode, event: Event, *, depth: int) -> None:
        """Reads the events up to the end of the node that begins with `event`."""
        if isinstance(event, AliasEvent):
            named = self._anchors.get(event.anchor or "")
            node.inside = named.inside if named is not None else {}
            return
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self._anchors[event.anchor] = node
        if depth > DEEPEST:
            raise yaml.YAMLError
        if isinstance(event, MappingStartEvent):
            self._mapping(node, depth)
        elif isinstance(event, SequenceStartEvent):
            self._sequence(node, depth)

    def _mapping(self, node: SourceNode, depth: int) -> None:
        merged: list[SourceNode] = []
        while not isinstance(event := self._next(), CollectionEndEvent):
            key = SourceNode(position_of(event), position_of(event))
            self.fill(key, event, depth=depth + 1)
            inner = self._next()
            value = SourceNode(position_of(inner), key.position)
            if isinstance(event, ScalarEvent):
                if event.value == "<<" and event.implicit[0]:
                    merged.append(value)
                else:
                    node.inside.setdefault(event.value, value)
            self.fill(value, inner, depth=depth + 1)
        for source in merged:
            listed = [source.inside[i] for i in source.inside if isinstance(i, int)]
            for one in listed or [source]:
                for name, within in list(one.inside.items()):
                    node.inside.setdefault(name, within)

    def _sequence(self, node: SourceNode, depth: int) -> None:
        index = 0
        while not isinstance(event := self._next(), CollectionEndEvent):
            item = node.inside[index] = SourceNode(position_of(event), position_of(event))
            self.fill(item, event, depth=depth + 1)
            index += 1

"""Where in a file a path is. Walked only once something is wrong, so that a good manifest costs no marks.

A second reading of the same events as `yaml_values`, which keeps marks and no values.
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


@dataclass(slots=True)
class SourceNode:
    """One node: where its value begins, where its key stands (its own place, where it has none), what is in it."""

    position: Position
    key_position: Position
    inside: dict[str | int, SourceNode] = field(default_factory=dict)

    def follow(self, path: Path) -> list[SourceNode]:
        """The spots along the path from the root, as far as they are there."""
        found = [self]
        for part in path:
            if part not in found[-1].inside:
                break
            found.append(found[-1].inside[part])
        return found


def source_tree(data: bytes) -> SourceNode | None:
    """The root's spot, with what is in it as far as the file is YAML; None where it has nothing in it."""
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
            _Spots(next_event).fill(root, first, depth=0)
    except yaml.YAMLError:
        return root
    return root


def is_nothing(event: Event) -> bool:
    """Whether a document that begins with this node is empty."""
    if not isinstance(event, ScalarEvent) or event.anchor is not None or event.tag is not None:
        return False
    return event.implicit[0] and event.value in NULLS


def position_of(event: Event) -> Position:
    mark = event.start_mark
    assert mark is not None
    return mark.line + 1, mark.column + 1


class _Spots:
    def __init__(self, next_event: Callable[[], Event]) -> None:
        self._next = next_event
        self._anchors: dict[str, SourceNode] = {}

    def fill(self, spot: SourceNode, event: Event, *, depth: int) -> None:
        """Reads on to the end of the node that begins with the event."""
        if isinstance(event, AliasEvent):
            named = self._anchors.get(event.anchor or "")
            spot.inside = named.inside if named is not None else {}
            return
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self._anchors[event.anchor] = spot
        if depth > DEEPEST:
            raise yaml.YAMLError
        if isinstance(event, MappingStartEvent):
            self._mapping(spot, depth)
        elif isinstance(event, SequenceStartEvent):
            self._sequence(spot, depth)

    def _mapping(self, spot: SourceNode, depth: int) -> None:
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
                    spot.inside.setdefault(event.value, value)
            self.fill(value, inner, depth=depth + 1)
        for source in merged:
            listed = [source.inside[i] for i in source.inside if isinstance(i, int)]
            for one in listed or [source]:
                for name, within in list(one.inside.items()):
                    spot.inside.setdefault(name, within)

    def _sequence(self, spot: SourceNode, depth: int) -> None:
        index = 0
        while not isinstance(event := self._next(), CollectionEndEvent):
            item = spot.inside[index] = SourceNode(position_of(event), position_of(event))
            self.fill(item, event, depth=depth + 1)
            index += 1

"""Reads YAML into mappings, lists, text and None, from the parser's events.

All scalars stay text. The models convert `30` and `true` where they need a number or a boolean, ids keep their leading
zeros, and a variable's value is treated like written text. Positions are not kept; see `source_map`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from sys import intern

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
)

from reconciler.loader.conflict_markers import conflicts
from reconciler.loader.environment import MARK, Deferred, Unresolved, expand, unprintable
from reconciler.loader.files import Source
from reconciler.loader.problems import RawProblem, quoted
from reconciler.loader.source_map import NULLS, Path, Position, is_nothing, position_of
from reconciler.loader.yaml_errors import syntax_problem
from reconciler.loader.yaml_events import DEEPEST, events_of
from reconciler.model.scalars import Quoted, is_json_word

Value = str | None | list["Value"] | dict[str, "Value"]

MOST_REPEATED = 1_000_000  # nodes that aliases may add in one file, against the billion-laughs attack
_ADDRESSES = 1  # the level of the addresses; they are unique, so interning them would only cost memory
_WITHOUT_VARIABLES = ("version", "state", "include", "variables", "values")  # sections that are read before them
_DOCUMENT_TAG = "tag:yaml.org,2002:"


class _GiveUp(Exception):
    """Stops reading the file; the problem is already reported."""


def read(
    source: Source,
    environ: Mapping[str, str],
    problems: list[RawProblem],
    *,
    deferred: set[str] | None = None,
    holds: str = "providers and voices",
) -> dict[str, Value] | None:
    """The file's mapping; None if it can't be read, with the problems reported.

    The file's name is added to `deferred` if `references` has to replace something in it. `holds` says in messages
    what the file should declare.
    """
    if unresolved := conflicts(source):
        problems += unresolved
        return None
    try:
        reader = _Reader(source, environ, problems)
        value = reader.document()
    except _GiveUp:
        return None
    except (yaml.YAMLError, ValueError, OverflowError) as failure:  # the last two: PyYAML's Python parser, for escapes
        problems.append(syntax_problem(source, failure))
        return None
    if deferred is not None and reader.deferred:
        deferred.add(source.file)
    if isinstance(value, dict):
        return value
    if value is None:
        what = f"the file is empty: it should declare {holds}"
        problems.append(RawProblem(source.file, (), what, position=(0, 0)))
    else:
        what = f"{kind_of(value)}, should be a mapping that declares {holds}"
        problems.append(RawProblem(source.file, (), what))
    return None


def kind_of(value: object) -> str:
    """The kind of a value in words: `a mapping`, `a list`, `text`, `empty`."""
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else "text"


class _Reader:
    """One pass over one file."""

    def __init__(self, source: Source, environ: Mapping[str, str], problems: list[RawProblem]) -> None:
        self._next = events_of(source.data)
        self._file = source.file
        self._halves = source.halves
        self._environ = environ
        self._problems = problems
        self._path: list[str | int] = []
        self._anchors: dict[str, tuple[Value, int] | None] = {}  # value and size; None while it is still open
        self._nodes = 0
        self._repeated = 0
        self.deferred = False  # whether a text is Deferred

    def document(self) -> Value:
        """The value of the one document that is not empty; `---` alone begins an empty document."""
        self._next()  # the stream's start
        value: Value = None
        while isinstance(start := self._next(), DocumentStartEvent):
            first = self._next()
            if not is_nothing(first):
                if value is not None:
                    what = "a second YAML document: a manifest's file is one document"
                    self._report(what, at=position_of(start), path=())
                    break
                value = self._node(first, depth=0)
            self._next()  # the document's end
        return value

    def _node(self, event: Event, *, depth: int) -> Value:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        assert isinstance(event, (ScalarEvent, CollectionStartEvent))
        anchor, before = event.anchor, self._nodes + self._repeated
        if anchor is not None:
            self._anchors[anchor] = None
        self._nodes += 1
        if depth > DEEPEST:
            self._report(f"nested too deeply, at most {DEEPEST} levels", at=position_of(event))
            raise _GiveUp
        value: Value
        if isinstance(event, ScalarEvent):
            value = self._scalar(event)
        else:
            value = self._mapping(depth) if isinstance(event, MappingStartEvent) else self._sequence(depth)
        if event.tag is not None:
            what = f"the tag {_tag_text(event.tag)} can't be used; if it is meant as text, quote it"
            self._report(what, at=position_of(event))
        if anchor is not None:
            self._anchors[anchor] = value, self._nodes + self._repeated - before
        return value

    def _mapping(self, depth: int) -> dict[str, Value] | Unresolved:
        made: dict[str, Value] = {}
        merges: list[Value] = []
        broken = False
        next_event, path = self._next, self._path
        while not isinstance(event := next_event(), CollectionEndEvent):
            key = self._key(event, depth=depth)
            inner = next_event()
            path.append(key if key is not None else "?")
            is_merge = key == "<<" and isinstance(event, ScalarEvent) and event.implicit[0]
            if key in made or (is_merge and merges):
                self._duplicate(event, is_merge=is_merge)
            value: Value
            if type(inner) is ScalarEvent and inner.anchor is None and inner.tag is None:
                self._nodes += 1
                value = self._scalar(inner)
            else:
                value = self._node(inner, depth=depth + 1)
            if is_merge:
                merges.append(self._mergeable(value, inner))
            elif key is not None:
                made.setdefault(key, value)
            else:
                broken = True
            path.pop()
        for merged in merges:
            for source in merged if isinstance(merged, list) else [merged]:
                if isinstance(source, dict):
                    for name, value in source.items():
                        made.setdefault(name, value)
        return made if made or not broken else Unresolved()  # `{{ name }}` of a template that was not rendered

    def _key(self, event: Event, *, depth: int) -> str | None:
        """The key; None if the node can't be a key, with the problem reported."""
        if type(event) is ScalarEvent and event.anchor is None and event.tag is None and event.value.isprintable():
            return event.value if depth == _ADDRESSES else intern(event.value)
        key = self._node(event, depth=depth + 1)
        if isinstance(event, ScalarEvent):
            return str(event.value)
        if isinstance(key, str):
            return key
        hint = "; quote text that begins with { or [" if isinstance(key, (dict, list)) else ""
        self._report(f"{kind_of(key)} can't be a key, only text can{hint}", at=position_of(event))
        return None

    def _sequence(self, depth: int) -> list[Value]:
        made: list[Value] = []
        while not isinstance(event := self._next(), CollectionEndEvent):
            self._path.append(len(made))
            made.append(self._node(event, depth=depth + 1))
            self._path.pop()
        return made

    def _scalar(self, event: ScalarEvent) -> str | None:
        text: str = event.value
        if event.implicit[0]:
            if text in NULLS:
                return None
        elif not text.isprintable() and (character := unprintable(text)) is not None:
            half = self._halves.get(position_of(event))
            whole = "an emoji is two such escapes, as \\ud83d\\ude00"
            what = (
                f"{half} is half of a character: {whole}"
                if half
                else f"text can't hold the control character {character}"
            )
            self._report(what, at=position_of(event))
            return Unresolved()
        if MARK in text:
            text, messages = expand(text, self._environ)
            for message in messages:
                self._report(message, at=position_of(event))
            if isinstance(text, Deferred):
                self.deferred = True
                return self._refused(event) if self._without_variables else text
        elif not event.implicit[0] and is_json_word(text):
            return Quoted(text)
        return text

    def _alias(self, event: AliasEvent) -> Value:
        assert event.anchor is not None
        if event.anchor not in self._anchors:
            self._report(f"no anchor &{event.anchor} above this alias", at=position_of(event))
            return Unresolved()
        named = self._anchors[event.anchor]
        if named is None:
            self._report(
                f"the alias *{event.anchor} is inside the node that it names, without end", at=position_of(event)
            )
            return Unresolved()
        value, size = named
        self._repeated += size
        if self.deferred and self._without_variables and _holds_deferred(value):
            return self._refused(event)
        if self._repeated > MOST_REPEATED:
            self._report(
                f"aliases repeat too much: more than {MOST_REPEATED:,} nodes in this file", at=position_of(event)
            )
            raise _GiveUp
        return value

    @property
    def _without_variables(self) -> bool:
        return bool(self._path) and self._path[0] in _WITHOUT_VARIABLES

    def _refused(self, event: Event) -> Unresolved:
        """Reports `${var:…}` in a section that can't have it, which would be read without its value."""
        what = f"${{var:...}} can't be used under {self._path[0]}; write the value itself"
        self._report(what, at=position_of(event))
        return Unresolved()

    def _mergeable(self, value: Value, event: Event) -> Value:
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, (dict, Unresolved)):
                what = f"{kind_of(one)} can't be merged, only a mapping or a list of mappings can"
                self._report(what, at=position_of(event))
                break
        return value

    def _duplicate(self, event: Event, *, is_merge: bool) -> None:
        path = tuple(self._path)
        what = "a second <<: merge a list of mappings instead" if is_merge else "a duplicate key, first at"
        other = None if is_merge else (self._file, path)
        self._problems.append(RawProblem(self._file, path, what, position=position_of(event), other=other))

    def _report(self, what: str, *, at: Position, path: Path | None = None) -> None:
        self._problems.append(RawProblem(self._file, tuple(self._path) if path is None else path, what, position=at))


def _holds_deferred(value: Value) -> bool:
    """Whether a text in the value is Deferred. Its nodes are at most MOST_REPEATED."""
    if isinstance(value, dict):
        return any(map(_holds_deferred, value.values()))
    return any(map(_holds_deferred, value)) if isinstance(value, list) else isinstance(value, Deferred)


def _tag_text(tag: str) -> str:
    if tag.startswith(_DOCUMENT_TAG):
        return "!!" + quoted(tag.removeprefix(_DOCUMENT_TAG))[1:-1]
    return tag if re.fullmatch(r"![!-~]*", tag) else quoted(tag)

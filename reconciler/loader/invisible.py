"""Finds blanks that YAML treats as letters, such as a no-break space copied from a web page.

They are searched only if there are problems, because inside text they may be intended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import yaml
from yaml.events import ScalarEvent, StreamEndEvent

from reconciler.errors import Problem
from reconciler.loader.files import Source
from reconciler.loader.source_map import Position, position_of
from reconciler.loader.yaml_events import events_of
from reconciler.model.names import INVISIBLE, blank_name

_ANY = "[" + "".join(INVISIBLE) + "]"
_IN_LINE = rf"(?<![^\s-]){_ANY}|(?<=:){_ANY}|{_ANY}(?=:)|{_ANY}$"  # compiled where there are problems
_AT_ENDS = rf"^{_ANY}|(?<=:){_ANY}|(?<=^-){_ANY}|{_ANY}(?=:)|{_ANY}$"


def merge_blank_problems(problems: Sequence[Problem], sources: Sequence[Source]) -> list[Problem]:
    """The problems, where one problem replaces all those that such blanks cause."""
    remaining = list(problems)
    for source in sources:
        if source.data.isascii() or not any(problem.file == source.file for problem in remaining):
            continue
        found = list(_in_structure(source.data))
        if not found:
            continue
        lines = {line for (line, _), _ in found}
        rest = [p for p in remaining if p.file != source.file or not {p.line, p.line + 1} & lines]
        if len(rest) < len(remaining):
            remaining = [*rest, _problem(source.file, found[0][0], found[0][1], more=len(lines) - 1)]
    return remaining


def blank_in(line: str) -> tuple[int, str] | None:
    """The column (from 1) and the name of the first such blank in a line."""
    found = re.search(_IN_LINE, line)
    return None if found is None else (found.start() + 1, blank_name(found[0]))


def explanation(name: str, more: int = 0) -> str:
    """The message for such a blank; `more` is the number of other lines with one."""
    rest = "" if not more else f"; {more} more {'line has' if more == 1 else 'lines have'} one"
    return f"{name} in place of a space: YAML takes it for a letter, so write a plain space{rest}"


def _problem(file: str, position: Position, name: str, *, more: int) -> Problem:
    return Problem(file, *position, "", explanation(name, more))


def _in_structure(data: bytes) -> Iterator[tuple[Position, str]]:
    """Such blanks beside `:` or `-`, or at the beginning or end of unquoted text."""
    try:
        next_event = events_of(data)
        while not isinstance(event := next_event(), StreamEndEvent):
            if not isinstance(event, ScalarEvent) or not event.implicit[0] or event.value.isascii():
                continue
            for found in re.finditer(_AT_ENDS, event.value):
                line, column = position_of(event)
                yield (line, column + found.start()), blank_name(found[0])
    except (yaml.YAMLError, ValueError, OverflowError):
        return

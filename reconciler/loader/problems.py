"""What is wrong, before it is known where: findings carry paths, and become Problems once a place is asked for.

No words are made here but the place that a finding points to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

from reconciler.errors import Problem
from reconciler.loader.files import Source
from reconciler.loader.source_map import Path, Position, SourceNode, source_tree
from reconciler.model.variables import may_be_key

_PLAIN_KEY = re.compile(r"[^\s.:\[\]\"']+(?: [^\s.:\[\]\"']+)*")
_LONGEST_KEY = 80


class Point(Enum):
    """Which of the two ends of `key: value` a finding is about."""

    KEY = "key"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class RawProblem:
    """A problem before it is located. `position`: where it is known already. `other`: named after `what`."""

    file: str
    path: Path
    what: str
    at: Point = Point.VALUE
    position: Position | None = None
    other: tuple[str, Path] | None = None


def located(problems: Sequence[RawProblem], sources: Sequence[Source]) -> list[Problem]:
    """Each finding once, with its place, in the order of files, lines and columns."""
    by_file: Mapping[str, Source] = {source.file: source for source in sources}

    @cache
    def tree_of(file: str) -> SourceNode | None:
        return source_tree(by_file[file].data) if file in by_file else None

    def position_of(file: str, path: Path, at: Point) -> Position:
        root = tree_of(file)
        if root is None:
            return 0, 0
        found = root.follow(path)
        if len(found) <= len(path):  # the path isn't there: its nearest parent is named by its key
            return found[-1].key_position
        return found[-1].key_position if at is Point.KEY else found[-1].position

    def locate(problem: RawProblem) -> Problem:
        line, column = problem.position or position_of(problem.file, problem.path, problem.at)
        what = problem.what
        if problem.other is not None:
            file, path = problem.other
            at_line, at_column = position_of(file, path, Point.KEY)
            what = f"{what} {file}:{at_line}:{at_column}"
        return Problem(problem.file, line, column, dotted(problem.path), what)

    return sorted({locate(problem) for problem in problems})


def dotted(path: Path) -> str:
    """`voices.narrator.lifecycle.ignore_changes[0]`. A key that may be an API key is not shown, an address is."""
    text = ""
    for depth, part in enumerate(path):
        if isinstance(part, int):
            text += f"[{part}]"
        elif depth != 1 and may_be_key(part):
            text += ".***" if text else "***"
        else:
            text += f".{key_text(part)}" if text else key_text(part)
    return text


def key_text(key: str) -> str:
    """A key as it may be printed: quoted where it could be mistaken for something else or would move a cursor."""
    cut = key if len(key) <= _LONGEST_KEY else key[:_LONGEST_KEY] + "..."
    return cut if _PLAIN_KEY.fullmatch(cut) and cut.isprintable() else quoted(cut)


def quoted(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in json.dumps(text, ensure_ascii=False))

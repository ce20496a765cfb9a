"""Problems of a manifest: the loader reports RawProblems with paths, and `located` adds lines and columns."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache

from reconciler.errors import Problem
from reconciler.loader.files import Source
from reconciler.loader.source_map import InstanceKey, Path, Position, SourceNode, source_tree, written
from reconciler.model.variables import may_be_key
from reconciler.values import value

_PLAIN_KEY = re.compile(r"[^\s.:\[\]\"']+(?: [^\s.:\[\]\"']+)*")
_LONGEST_KEY = 80


class Point(Enum):
    """Whether a problem is about the key or the value of `key: value`."""

    KEY = "key"
    VALUE = "value"


@value
class RawProblem:
    """A problem before it is located.

    `position` is set if it is known already. `other` is another place, whose position is written after `what`.
    """

    file: str
    path: Path
    what: str
    at: Point = Point.VALUE
    position: Position | None = None
    other: tuple[str, Path] | None = None


def located(problems: Sequence[RawProblem], sources: Sequence[Source]) -> list[Problem]:
    """The problems with their positions, without duplicates, in the order of files, lines and columns."""
    by_file: Mapping[str, Source] = {source.file: source for source in sources}

    @cache
    def tree_of(file: str) -> SourceNode | None:
        return source_tree(by_file[file].data) if file in by_file else None

    def position_of(file: str, path: Path, at: Point) -> Position:
        root = tree_of(file)
        if root is None:
            return 0, 0
        found = root.follow(path)
        if len(found) <= len(written(path)):  # the path does not exist: the key of its nearest parent
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


def entry_of(path: Path) -> Path:
    """The part of the path that names an entry, or an instance of one."""
    return path[:3] if len(path) > 2 and isinstance(path[2], InstanceKey) else path[:2]


def dotted(path: Path) -> str:
    """The path as text: `voices.npc["en"].lifecycle.ignore_changes[0]`. Hides text that may be an API key.

    Addresses are always shown.
    """
    text = ""
    for depth, part in enumerate(path):
        if isinstance(part, int):
            text += f"[{part}]"
        elif isinstance(part, InstanceKey):
            text += f'["{part}"]'
        elif depth != 1 and may_be_key(part):
            text += ".***" if text else "***"
        else:
            text += f".{key_text(part)}" if text else key_text(part)
    return text


def key_text(key: str) -> str:
    """A key for a message: quoted if it could be misread or contains control characters."""
    cut = key if len(key) <= _LONGEST_KEY else key[:_LONGEST_KEY] + "..."
    return cut if _PLAIN_KEY.fullmatch(cut) and cut.isprintable() else quoted(cut)


def quoted(text: str) -> str:
    """The text in double quotes, with control characters escaped."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in json.dumps(text, ensure_ascii=False))

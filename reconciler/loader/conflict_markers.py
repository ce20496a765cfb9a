"""Recognises the markers of an unresolved merge conflict. A file with such a line is not parsed."""

from __future__ import annotations

import re

from reconciler.loader.files import Source
from reconciler.loader.problems import RawProblem

WHAT = (
    "a merge conflict that is not resolved: keep one of its sides, and delete the lines that begin with "
    "<<<<<<<, ======= and >>>>>>>"
)
_BEGINNING = re.compile(rb"^(?:<{7}|>{7}|\|{7})(?: |\r?$)", re.MULTILINE)
_LINE = re.compile(r"(?:<{7}|>{7}|\|{7}) |(?:<{7}|>{7}|\|{7}|={7})$")
_MOST_NAMED = 10


def conflicts(source: Source) -> list[RawProblem]:
    """A problem for each conflict; if only an end marker is left, a problem for it."""
    data = source.data
    if b"<<<<<<<" not in data and b">>>>>>>" not in data:
        return []
    markers = [(found.start(), found[0][:1]) for found in _BEGINNING.finditer(data)]
    first = [at for at, sign in markers if sign == b"<"] or [at for at, _ in markers][:1]
    return [RawProblem(source.file, (), WHAT, position=(data.count(b"\n", 0, at) + 1, 1)) for at in first[:_MOST_NAMED]]


def is_marker(line: str) -> bool:
    """Whether the line is a conflict marker."""
    return _LINE.match(line) is not None

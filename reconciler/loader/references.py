"""Replaces `${var:NAME}` in the files that use it, and checks `${each:…}`, which `instances` replaces.

The files are read already; their values are changed in place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.loader.entry_sections import FOR_EACH
from reconciler.loader.environment import REFERENCE, Deferred, FromEnvironment, Unresolved, is_secret
from reconciler.loader.problems import RawProblem
from reconciler.loader.sections import Section
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import Value

if TYPE_CHECKING:
    from reconciler.loader.input_variables import InputVariables

_ENTRIES = ("voices", "audio")
_READ_BEFORE = ("version", "state", "include", "variables", "values")
_FREE = "x-"
_EACH = r"key|value(?:\.[A-Za-z_][A-Za-z0-9_-]*)*"


class EachText(Unresolved):
    """Text with `${each:…}` in it. `pieces` are its texts, and the references between them: `key`, `value.x`."""

    pieces: tuple[str, ...]


class EachReference(str):
    """What follows `each:` in a reference."""

    __slots__ = ()


def replace_references(
    documents: Sequence[Section],
    variables: InputVariables,
    environ: Mapping[str, str],
    problems: list[RawProblem],
) -> None:
    """Replaces the references in these files, and reports those that have no value."""
    for document in documents:
        replacing = _Replacing(document.file, variables, environ, problems)
        for name, section in document.raw.items():
            if name not in _READ_BEFORE:
                document.raw[name] = replacing.section(name, section)


class _Replacing:
    """One pass over one file."""

    def __init__(
        self, file: str, variables: InputVariables, environ: Mapping[str, str], problems: list[RawProblem]
    ) -> None:
        self._file = file
        self._variables = variables
        self._environ = environ
        self._problems = problems

    def section(self, name: str, value: Value) -> Value:
        if name in _ENTRIES and isinstance(value, dict):
            for address, entry in value.items():
                value[address] = self._entry(entry, (name, address))
            return value
        return self._value(value, (name,), each=name.startswith(_FREE))  # which may be merged into an entry

    def _entry(self, entry: Value, path: Path) -> Value:
        if not isinstance(entry, dict) or FOR_EACH not in entry:
            return self._value(entry, path, each=False)
        for key, value in entry.items():
            entry[key] = self._value(value, (*path, key), each=key != FOR_EACH)
        return entry

    def _value(self, value: Value, path: Path, *, each: bool) -> Value:
        if isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, (dict, list, Unresolved)):
                    value[key] = self._value(inner, (*path, key), each=each)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                if isinstance(inner, (dict, list, Unresolved)):
                    value[index] = self._value(inner, (*path, index), each=each)
        elif isinstance(value, Deferred):
            value = self._text(value, path)
        if isinstance(value, EachText) and not each:
            where = "in for_each itself" if FOR_EACH in path[2:3] else "in an entry without for_each"
            self._report(path, f"${{each:...}} can't be used {where if path[0] in _ENTRIES else 'outside of an entry'}")
            return Unresolved()
        return value

    def _text(self, text: Deferred, path: Path) -> str:
        """The text with its variables replaced; an EachText if that is not all."""
        pieces: list[str] = []
        begin, sound = 0, True
        for reference in REFERENCE.finditer(text):
            pieces.append(str(text[begin : reference.start()]))
            begin = reference.end()
            match reference["later"]:
                case "var":
                    found, message = self._variables.value_of(reference["what"])
                    if message is not None:
                        self._report(path, message)
                    sound = sound and found is not None
                    pieces.append(found or "")
                case "each":
                    if re.fullmatch(_EACH, reference["what"]) is None:
                        self._report(path, "${each:...} has only key, value, and value.NAME for a key of the value")
                        sound = False
                    pieces.append(EachReference(reference["what"]))
                case _:
                    name = reference["name"]
                    pieces.append("${" if name is None else FromEnvironment(self._environ[name]))
        pieces.append(str(text[begin:]))
        return joined(pieces) if sound else Unresolved()

    def _report(self, path: Path, what: str) -> None:
        self._problems.append(RawProblem(self._file, path, what))


def joined(pieces: Sequence[str]) -> str:
    """The text of the pieces. One piece alone keeps what it is: a quoted number, a value from the environment."""
    filled = [piece for piece in pieces if piece]
    if any(isinstance(piece, EachReference) for piece in filled):
        text = EachText("".join(f"${{each:{p}}}" if isinstance(p, EachReference) else p for p in filled))
        text.pieces = tuple(filled)
        return text
    if len(filled) == 1:
        return filled[0]
    whole = "".join(filled)
    return FromEnvironment(whole) if any(map(is_secret, filled)) else whole

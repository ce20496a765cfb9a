"""Translates the errors of PyYAML's two parsers into messages that say what to do."""

from __future__ import annotations

import re

import yaml

from reconciler.loader.conflict_markers import WHAT as UNRESOLVED
from reconciler.loader.conflict_markers import is_marker
from reconciler.loader.environment import MARK, unprintable
from reconciler.loader.files import Source
from reconciler.loader.invisible import blank_in, explanation
from reconciler.loader.problems import RawProblem

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_LINES_ABOVE = 3  # the lines above the parser's position that are searched for the cause
# A part of the parser's message -> the message for the user. The first match counts.
_WORDS = (
    (
        "mapping values are not allowed",
        "a colon is not allowed here: check the indentation, or quote text that has one",
    ),
    ("did not find expected key", "a key is expected here: check the indentation and the quotes above"),
    ("expected <block end>", "this doesn't fit the lines above: check the indentation"),
    ("'-' indicator", "this doesn't fit the list above: check the indentation"),
    ("could not find expected ':'", "the : after a key is missing above"),
    ("expected ',' or ']'", "the list that is opened at {context} is not closed: , or ] is missing"),
    ("expected ',' or '}'", "the mapping that is opened at {context} is not closed: , or }} is missing"),
    ("unexpected end of stream", "the quotes that are opened at {context} are never closed"),
    ("unknown escape character", "an unknown \\ escape in double quotes: write \\\\ for a backslash"),
    ("escape", "a \\ escape that is not a character"),
    ("alphabetic or numeric character", "text that begins with * or & must be quoted"),
    ("directive", "a % directive that isn't known: quote text that begins with %"),
    ("incompatible YAML document", "this YAML version isn't known, only 1.1 and 1.2 are"),
    ("undefined tag handle", "a tag that isn't known: quote text that begins with !"),
    ("node content", "a value is expected here: check the brackets and commas"),
    ("indentation", "this doesn't fit the lines above: check the indentation"),
)


def syntax_problem(source: Source, failure: Exception) -> RawProblem:
    """The problem for a parser's exception."""
    text = source.data.decode()
    if not isinstance(failure, yaml.MarkedYAMLError):
        return _unreadable_character(source.file, text)
    mark = failure.problem_mark or failure.context_mark
    if mark is None:
        return RawProblem(source.file, (), "not valid YAML", position=(0, 0))
    line, column = mark.line + 1, mark.column + 1
    begun = failure.context_mark.line + 1 if failure.context_mark is not None else line
    cause = _cause(source.file, text, max(min(begun, line - 1), line - _LINES_ABOVE), line)
    if cause is not None:
        return cause
    problem = failure.problem or ""
    character = _line(text, line)[column - 1 : column] if "start any token" in problem else ""
    tab = column if character == "\t" else None if _in_flow(failure, text) else _tab_column(text, line, column)
    if tab is not None:
        what = "a tab, where YAML allows only spaces: indent with spaces"
        return RawProblem(source.file, (), what, position=(line, tab))
    if character:
        return RawProblem(source.file, (), f"text can't begin with {character}: quote it", position=(line, column))
    context = failure.context_mark or mark
    words = next((ours for theirs, ours in _WORDS if theirs in problem), "not valid YAML here")
    what = words.format(context=f"{context.line + 1}:{context.column + 1}")
    if "expected ','" in problem and MARK in _line(text, line):
        kind = next((kind for kind in ("var", "each") if f"{MARK}{kind}:" in _line(text, line)), "env")
        what += f"; ${{{kind}:NAME}} must be quoted inside {{ }} and [ ]"
    return RawProblem(source.file, (), what, position=(line, column))


def _cause(file: str, text: str, first: int, last: int) -> RawProblem | None:
    """A cause that the parser does not recognise: a merge conflict, or a blank that is not a space."""
    for number in range(max(first, 1), last + 1):
        line = _line(text, number)
        if is_marker(line):
            return RawProblem(file, (), UNRESOLVED, position=(number, 1))
        if (found := blank_in(line)) is not None:
            return RawProblem(file, (), explanation(found[1]), position=(number, found[0]))
    return None


def _in_flow(failure: yaml.MarkedYAMLError, text: str) -> bool:
    """Whether the error is inside brackets or quotes, where tabs are allowed."""
    context = failure.context or ""
    return "flow" in context or "quoted" in context or text.lstrip()[:1] in ("{", "[")


def _tab_column(text: str, line: int, column: int) -> int | None:
    """The column of the tab that caused the error: at the parser's position, or in the line's indentation."""
    content = _line(text, line)
    if content[column - 1 : column] == "\t":
        return column
    indentation = content[: len(content) - len(content.lstrip(" \t"))]
    return indentation.index("\t") + 1 if "\t" in indentation else None


def _unreadable_character(file: str, text: str) -> RawProblem:
    """Finds the character that the parser refused, because the parser does not say where it is."""
    for number, content in enumerate(_LINE_BREAK.split(text), start=1):
        for column, character in enumerate(content, start=1):
            name = unprintable(character)
            if name is not None:
                return RawProblem(
                    file, (), f"a YAML file can't hold the control character {name}", position=(number, column)
                )
    return RawProblem(file, (), "not valid YAML", position=(0, 0))


def _line(text: str, number: int) -> str:
    lines = _LINE_BREAK.split(text)
    return lines[number - 1] if number <= len(lines) else ""

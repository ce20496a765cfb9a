r"""Patterns of names, as `policy:` has them: a subset of regular expressions that is quick for every pattern.

Python's own expressions may take years for a few characters, and a manifest may come from anybody. This subset has
characters, `.`, `[...]`, `\d`, `\w`, `\s`, groups, `|`, and `*`, `+`, `?`, `{2,5}`. A pattern fits the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, Field

from reconciler.values import value

LONGEST = 200  # characters of a pattern
_LONGEST_TEXT = 1000
_MOST_STEPS = 2000  # of all repetitions multiplied out
_DEEPEST = 10  # groups in groups
_COUNT = re.compile(r"\{([0-9]{1,3})(?:(,)([0-9]{1,3})?)?\}")
_CLASSES = "dwsDWS"
_DOUBLED = re.compile(r"--|&&|~~|\|\|")  # in [...], these are to get a meaning of their own in Python


@value
class _One:
    test: re.Pattern[str]


@value
class _Row:
    parts: tuple[_Node, ...]


@value
class _Either:
    options: tuple[_Node, ...]


@value
class _Repeat:
    part: _Node
    least: int
    most: int | None


_Node = _One | _Row | _Either | _Repeat


def fits(pattern: str, text: str) -> bool:
    """Whether the pattern fits the whole text. Raises ValueError for what is no pattern."""
    return len(text) <= _LONGEST_TEXT and len(text) in _ends(_parsed(pattern), text, {0})


def _checked(pattern: str) -> str:
    _parsed(pattern)
    return pattern


NamePattern = Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_checked)]


def _ends(node: _Node, text: str, starts: AbstractSet[int]) -> AbstractSet[int]:
    """Where the node may end, if it may start at these positions. Each position is looked at once for each step."""
    match node:
        case _One(test=test):
            return {at + 1 for at in starts if at < len(text) and test.fullmatch(text[at])}
        case _Row(parts=parts):
            for part in parts:
                starts = _ends(part, text, starts)
            return starts
        case _Either(options=options):
            return frozenset().union(*(_ends(option, text, starts) for option in options))
        case _Repeat(part=part, least=least, most=most):
            for _ in range(least):
                starts = _ends(part, text, starts)
            reached = new = frozenset(starts)
            count = least
            while new and (most is None or count < most):
                new = frozenset(_ends(part, text, new)) - reached
                reached, count = reached | new, count + 1
            return reached


@cache
def _parsed(pattern: str) -> _Node:
    inner = pattern.removeprefix("^")
    if inner.endswith("$") and not inner.endswith("\\$"):
        inner = inner[:-1]
    node = _Parser(inner).parse()
    if _steps(node) > _MOST_STEPS:
        raise ValueError("the pattern repeats too much: use smaller numbers in {}")
    return node


def _steps(node: _Node) -> int:
    match node:
        case _One():
            return 1
        case _Row(parts=parts):
            return 1 + sum(map(_steps, parts))
        case _Either(options=options):
            return 1 + sum(map(_steps, options))
        case _Repeat(part=part, least=least, most=most):
            return _steps(part) * max(least + 1, most or 0)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def parse(self) -> _Node:
        node = self._either()
        if self._at < len(self._text):
            raise ValueError("the pattern has a ) without its (")
        return node

    def _either(self) -> _Node:
        options = [self._row()]
        while self._take("|"):
            options.append(self._row())
        return options[0] if len(options) == 1 else _Either(tuple(options))

    def _row(self) -> _Node:
        parts: list[_Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._atom()))
        return _Row(tuple(parts))

    def _atom(self) -> _Node:
        letter = self._text[self._at]
        self._at += 1
        if letter == "(":
            return self._group()
        if letter == "[":
            return self._set()
        if letter == "\\":
            return self._escaped()
        if letter == ".":
            return _One(re.compile(r"."))
        if letter in "*+?{":
            raise ValueError(f"the pattern has nothing before {letter} that could be repeated")
        if letter in "^$]}":
            raise ValueError(f"the pattern has a {letter} inside: write \\{letter} for the character")
        return _One(re.compile(re.escape(letter)))

    def _group(self) -> _Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"the pattern has more than {_DEEPEST} groups in one another")
        if self._take("?") and not self._take(":"):
            raise ValueError("the pattern has a (?, which only (?: may begin with")
        node = self._either()
        if not self._take(")"):
            raise ValueError("the pattern has a ( without its )")
        self._depth -= 1
        return node

    def _set(self) -> _Node:
        begun = self._at - 1
        while self._at < len(self._text) and self._text[self._at] != "]":
            self._at += 2 if self._text[self._at] == "\\" else 1
        inside = self._text[begun + 1 : self._at]
        if not self._take("]"):
            raise ValueError("the pattern has a [ without its ]")
        if inside in ("", "^") or "[" in inside.replace("\\[", "") or _DOUBLED.search(inside):
            raise ValueError(f"the pattern has [{inside}], which is not a set of characters")
        try:
            return _One(re.compile(f"[{inside}]"))
        except re.error:
            raise ValueError(f"the pattern has [{inside}], which is not a set of characters") from None

    def _escaped(self) -> _Node:
        letter = self._text[self._at : self._at + 1]
        self._at += 1
        if letter and (letter in _CLASSES or not letter.isalnum()):
            return _One(re.compile(f"\\{letter}"))
        raise ValueError(f"the pattern has \\{letter}, which has no meaning here")

    def _repeated(self, part: _Node) -> _Node:
        least, most = 1, 1  # type: int, int | None
        if self._take("*"):
            least, most = 0, None
        elif self._take("+"):
            least, most = 1, None
        elif self._take("?"):
            least, most = 0, 1
        elif (found := _COUNT.match(self._text, self._at)) is not None:
            self._at = found.end()
            least = int(found[1])
            most = int(found[3]) if found[3] else (None if found[2] else least)
        if most is not None and most < least:
            raise ValueError(f"the pattern repeats {least} to {most} times, and the first number is the larger one")
        return part if (least, most) == (1, 1) else _Repeat(part, least, most)

    def _take(self, letter: str) -> bool:
        taken = self._text.startswith(letter, self._at)
        self._at += taken
        return taken

"""Measures the width of text on a terminal, and wraps it. Knows no domain type.

Only a screen is folded for: what goes to a file or a pipe keeps its lines, so that they can be searched. A command to
be typed is never broken, because its blanks are HELD: a terminal wraps it, and copies it whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_COLOURS = re.compile("\x1b\\[[0-9;]*m")
_SIGN = re.compile(r"(?:  [-+~<>x!=*]|-/\+) ")
_UNDER_A_SIGN = 6
_LONGEST_SUBJECT = 40  # characters before its colon
HELD = "\0"  # in place of a blank where no line may end; no text that a view has escaped holds one
_JOINER, _PICTURE = "\u200d", "\ufe0f"


def width(text: str) -> int:
    """The columns that text takes on a terminal: two for wide East Asian letters and emoji, none for accents."""
    if text.isascii():
        return len(text)
    # Not wcwidth: `python -X importtime` shows 90 ms for its 0.9.4 and 5 ms for 0.2.13; unicodedata takes 0.3 ms.
    from unicodedata import category, combining, east_asian_width  # few need it

    columns, last, joined = 0, 0, False
    for character in text:
        if character == _PICTURE:  # the picture of a sign that is narrow as a letter
            columns, last = columns + (2 - last if last == 1 else 0), 2
        elif joined or character == _JOINER or combining(character) or category(character) in ("Mn", "Me", "Cf"):
            pass  # part of the characters before
        elif "\U0001f3fb" <= character <= "\U0001f3ff" and last == 2:
            pass  # a skin's colour
        else:
            last = 2 if east_asian_width(character) in "WF" else 1
            columns += last
        joined = character == _JOINER
    return columns


def padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def folded(text: str, columns: int) -> str:
    """Wraps each longer line at blanks, and indents what follows."""
    return "\n".join(_folded(line, columns) for line in text.split("\n"))


def lines(words: str, columns: int, *, first: int = 0) -> Iterator[str]:
    """Splits words into lines of at most `columns`; the first line has `first` columns less. Words are not broken."""
    room = first or columns
    line = ""
    for word in words.split(" "):
        longer = f"{line} {word}" if line else word
        if line and _shown(longer) > room:
            yield line
            line, room = word, columns
        else:
            line = longer
    yield line


def _folded(line: str, columns: int) -> str:
    if _shown(line) <= columns:
        return line
    bare = _COLOURS.sub("", line)
    begins = len(bare) - len(bare.lstrip(" "))
    under = begins + 2 if begins or ": " in bare[:_LONGEST_SUBJECT] else 0
    inside = _UNDER_A_SIGN if _SIGN.match(bare) else under
    head = line[: len(line) - len(line.lstrip(" "))]
    first, *rest = lines(line[len(head) :], columns - inside, first=columns - len(head))
    return "\n".join([head + first, *(" " * inside + part.lstrip(" ") for part in rest)])


def _shown(text: str) -> int:
    return width(_COLOURS.sub("", text))

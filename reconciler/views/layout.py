"""Layout of text on a terminal: columns, colours, values, counts. Knows no domain type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from reconciler.views.escape import escape
from reconciler.views.render_options import RenderOptions
from reconciler.views.wrap import padded, width

_SHA256 = re.compile("[0-9a-f]{64}")
WIDEST = 44  # a longer cell sticks out alone instead of pushing every row's next column away


class Style(StrEnum):
    """Terminal colours (SGR). They only repeat what the words say."""

    BOLD = "\x1b[1m"
    HINT = BOLD  # a command to copy has the terminal's own colour: cyan can't be read on white
    DIM = "\x1b[2m"
    RED = "\x1b[31m"
    GREEN = "\x1b[32m"
    YELLOW = "\x1b[33m"
    CYAN = "\x1b[36m"
    ALARM = "\x1b[1;31m"


_RESET = "\x1b[0m"


def painted(text: str, style: Style, options: RenderOptions) -> str:
    return f"{style}{text}{_RESET}" if options.colour and text else text


def value(given: object) -> str:
    """A JSON value on one line, as in YAML: `"text"`, `30`, `true`, `(none)`, `{url: "…"}`; digests are shortened."""
    match given:
        case None:
            return "(none)"
        case bool():
            return str(given).lower()
        case str() if _SHA256.fullmatch(given):
            return f'"{given[:12]}..."'
        case str():
            return '"' + escape(given).replace('"', '\\"') + '"'
        case dict():
            return "{" + ", ".join(f"{escape(str(k))}: {value(v)}" for k, v in given.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(value, given)) + "]"
        case _:
            return escape(str(given))


def columns(rows: Iterable[Sequence[str]], *, indent: str = "") -> list[str]:
    """Aligns rows of escaped cells; a column is as wide as its widest cell, up to WIDEST. Skips empty columns."""
    table = [tuple(row) for row in rows]
    widths = [max(map(width, cells)) for cells in zip(*table, strict=True)]
    kept = [(i, min(widest, WIDEST)) for i, widest in enumerate(widths) if widest]
    return [indent + "  ".join(padded(row[i], widest) for i, widest in kept).rstrip() for row in table]


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

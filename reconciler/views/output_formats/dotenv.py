"""dotenv for applications: NARRATOR_VOICE_ID=829…, one line for each id.

A plain value stands alone, which docker --env-file, Node, python-dotenv and a shell read alike. A link with other
characters stands in single quotes: docker alone takes them as a part of the value. A value that they would still read
differently is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reconciler.model.output_names import variable
from reconciler.model.outputs import Output, Row
from reconciler.views.output_formats.comment import COMMENT

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=?-]+")
_MISREAD = re.compile(r"['\\`]|\$\{|[^\x20-\x7e]")  # read differently by the readers, even in single quotes


def render(rows: Mapping[str, Row]) -> str:
    lines = (f"{name}={_quoted(given)}\n" for address, row in rows.items() for name, given in _variables(address, row))
    return COMMENT + "".join(lines)


def faults(rows: Mapping[str, Row]) -> dict[str, str]:
    return {
        address: f"{name} has a character that dotenv readers read differently"
        for address, row in rows.items()
        for name, given in _variables(address, row)
        if _MISREAD.search(given)
    }


def _variables(address: str, row: Row) -> Iterator[tuple[str, str]]:
    if isinstance(row, Output):
        named = {"VOICE_ID": row.voice_id, "PREVIOUS_VOICE_ID": row.previous_voice_id}
    else:
        named = {"URL": row.url, "FILE_ID": row.file_id}
    yield from ((variable(address, what), given) for what, given in named.items() if given is not None)


def _quoted(given: str) -> str:
    return given if _PLAIN.fullmatch(given) else f"'{given}'"

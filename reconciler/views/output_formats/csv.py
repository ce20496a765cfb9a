"""CSV for applications and spreadsheets (RFC 4180): a header, and a row for each address. Labels are one JSON object.

A spreadsheet takes a cell that begins with = + - @ as a formula. In front of such a name stands an apostrophe, which
the spreadsheet hides; an id must not be changed, so such an id is a fault. Line ends and other characters without a
shape become spaces.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from reconciler.model.outputs import Row
from reconciler.views.escape import HOSTILE
from reconciler.views.json_documents import dumps
from reconciler.views.output_formats.fields import Field, fields

_COLUMNS = (
    "address",
    "voice_id",
    "previous_voice_id",
    "voice_name",
    "provider",
    "labels",
    "url",
    "file_id",
    "expires_at",
)
_IDS = ("voice_id", "previous_voice_id", "url", "file_id")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def _lines(table: Iterable[Iterable[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(table)
    return written.getvalue()


HEADER = _lines([_COLUMNS])


def render(rows: Mapping[str, Row]) -> str:
    return HEADER + _lines(_cells(address, fields(row)) for address, row in rows.items())


def faults(rows: Mapping[str, Row]) -> dict[str, str]:
    found: dict[str, str] = {}
    for address, row in rows.items():
        given = fields(row)
        for name in _IDS:
            if str(given.get(name) or "").startswith(_FORMULA):
                found[address] = f"a spreadsheet would take its {name} as a formula"
    return found


def _cells(address: str, given: Mapping[str, Field]) -> list[str]:
    return [address, *(_cell(given.get(name)) for name in _COLUMNS[1:])]


def _cell(given: Field) -> str:
    if not given:
        return ""
    text = given if isinstance(given, str) else dumps(given, indent=None)
    text = HOSTILE.sub(" ", text.encode(errors="replace").decode())
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text

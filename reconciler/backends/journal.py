"""The journal's bytes: a header that names the snapshot it continues, then one checksummed line for each append.

A checksum covers the one before it too, so a line can't be lost, doubled or moved, and the last one is the version of
everything up to it. One append is one line: whatever a power cut leaves of it, the bad line is the last.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from reconciler.errors import StateDamaged, StateTooNew
from reconciler.hints import hint, way

FORMAT = 1
NOTHING = "nothing"  # what a journal continues where there is no snapshot yet
_BETWEEN = b"\x1e"  # the record separator, which no line of text holds
_CONTROL = re.compile(rb"[\x00-\x1f]")
_CHECKSUM = 16  # hex digits


class _Header(BaseModel):
    journal: int
    continues: str


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal says. `end` is where the next line goes: what lies behind it was torn and never promised."""

    continues: str
    entries: tuple[bytes, ...]
    version: str
    end: int


def digest(snapshot: bytes | None) -> str:
    return NOTHING if snapshot is None else hashlib.sha256(snapshot).hexdigest()


def version(continues: str) -> str:
    """The version of a snapshot that no line follows."""
    return continues[:_CHECKSUM]


def header(continues: str) -> bytes:
    return _Header(journal=FORMAT, continues=continues).model_dump_json().encode() + b"\n"


def line(entries: Sequence[bytes], *, after: str) -> tuple[bytes, str]:
    """The line for these entries behind the version `after`, and the version that it makes."""
    if not entries or any(not entry or _CONTROL.search(entry) for entry in entries):
        raise ValueError("an entry is one line of text without control characters")
    payload = _BETWEEN.join(entries)
    made = _checksum(after, payload)
    return b"%s %s\n" % (made.encode(), payload), made


def parse(content: bytes) -> Journal | None:
    """None where not even the header arrived. Raises StateDamaged for a bad line that is not the last."""
    first, *lines = content.split(b"\n")
    rest = lines.pop() if lines else b""  # behind the last newline: nothing, or a torn line
    told = _header(first)
    if told is None:
        if lines or rest:
            raise _damaged(1)
        return None
    end = len(first) + 1
    if end > len(content):
        return None
    entries: list[bytes] = []
    reached = version(told.continues)
    for number, text in enumerate(lines, start=2):
        claimed, _, payload = text.partition(b" ")
        if claimed.decode("ascii", "replace") != _checksum(reached, payload):
            if number <= len(lines) or rest:
                raise _damaged(number)
            break
        reached = claimed.decode()
        entries += payload.split(_BETWEEN)
        end += len(text) + 1
    return Journal(told.continues, tuple(entries), reached, end)


def _header(text: bytes) -> _Header | None:
    try:
        told = _Header.model_validate_json(text)
    except ValidationError:
        return None
    if told.journal > FORMAT:
        raise StateTooNew(
            f"Its journal has format {told.journal}; this voicectl reads up to {FORMAT}.",
            "Finish with the voicectl that began: it folds the journal into the state.",
        )
    return told


def _checksum(after: str, payload: bytes) -> str:
    return hashlib.sha256(after.encode() + payload).hexdigest()[:_CHECKSUM]


def _damaged(number: int) -> StateDamaged:
    return StateDamaged(
        f"line {number} of the journal is bad, and others follow it.",
        hint(
            "Put the journal back from a copy",
            way(
                "or go on without it",
                "state push --force FILE",
                after=", with the state file or its .backup. Voices that only the journal knew are found by their "
                "keys at the next plan.",
            ),
        ),
    )

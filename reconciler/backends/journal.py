"""The format of the journal: a header that names the snapshot it continues, then one line with a checksum per append.

Each checksum also covers the one before it, so that a lost, doubled or moved line is detected. The last checksum is
the version of everything before it. One append writes one line, so after a power cut only the last line can be torn.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from pydantic import BaseModel, ValidationError

from reconciler.errors import StateDamaged, StateTooNew
from reconciler.hints import hint, way
from reconciler.values import value

FORMAT = 1
NOTHING = "nothing"  # the value of `continues` where there is no snapshot yet
_SEPARATOR = b"\x1e"  # ASCII's record separator, which JSON text never contains
_CONTROL = re.compile(rb"[\x00-\x1f]")
_CHECKSUM = 16  # hex digits


class _Header(BaseModel):
    journal: int
    continues: str


@value
class Journal:
    """A parsed journal. The next line is written at `end`; bytes after it are a torn line that was never confirmed."""

    continues: str
    entries: tuple[bytes, ...]
    version: str
    end: int


def digest(snapshot: bytes | None) -> str:
    """The digest of a snapshot, which identifies it in a journal."""
    return NOTHING if snapshot is None else hashlib.sha256(snapshot).hexdigest()


def version(continues: str) -> str:
    """The version of a snapshot without journal entries."""
    return continues[:_CHECKSUM]


def header(continues: str) -> bytes:
    """The first line of a journal that continues this snapshot."""
    return _Header(journal=FORMAT, continues=continues).model_dump_json().encode() + b"\n"


def line(entries: Sequence[bytes], *, after: str) -> tuple[bytes, str]:
    """The line for entries appended after the version `after`, and the version after them."""
    if not entries or any(not entry or _CONTROL.search(entry) for entry in entries):
        raise ValueError("an entry is one line of text without control characters")
    payload = _SEPARATOR.join(entries)
    made = _checksum(after, payload)
    return b"%s %s\n" % (made.encode(), payload), made


def parse(content: bytes) -> Journal | None:
    """Parses a journal; None if not even the header is complete. Raises StateDamaged for a bad line before the last."""
    first, *lines = content.split(b"\n")
    rest = lines.pop() if lines else b""  # after the last newline: nothing, or a torn line
    head = _parse_header(first)
    if head is None:
        if lines or rest:
            raise _damaged(1)
        return None
    end = len(first) + 1
    if end > len(content):
        return None
    entries: list[bytes] = []
    reached = version(head.continues)
    for number, text in enumerate(lines, start=2):
        claimed, _, payload = text.partition(b" ")
        if claimed.decode("ascii", "replace") != _checksum(reached, payload):
            if number <= len(lines) or rest:
                raise _damaged(number)
            break
        reached = claimed.decode()
        entries += payload.split(_SEPARATOR)
        end += len(text) + 1
    return Journal(head.continues, tuple(entries), reached, end)


def _parse_header(text: bytes) -> _Header | None:
    try:
        head = _Header.model_validate_json(text)
    except ValidationError:
        return None
    if head.journal > FORMAT:
        raise StateTooNew(
            f"Its journal has format {head.journal}; this voicectl reads up to {FORMAT}.",
            "Finish with the voicectl that began: it folds the journal into the state.",
        )
    return head


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

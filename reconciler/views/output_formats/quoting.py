"""Text in double quotes, as YAML 1.1, YAML 1.2 and HCL read it alike."""

from __future__ import annotations

import re

from reconciler.views.escape import HOSTILE

_QUOTES = re.compile(r"[\"\\]")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    """The text in double quotes. What is no character, half of a surrogate pair, becomes a question mark."""
    whole = text.encode(errors="replace").decode()
    inside = HOSTILE.sub(_escaped, _QUOTES.sub(_escaped, whole))
    return f'"{inside}"'


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")

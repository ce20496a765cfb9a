"""Repairs the JSON of clouds: half of a surrogate pair in a message must not make the whole answer unreadable.

Such a half, the end of a text that was cut, becomes U+FFFD. In an id, a status or a URL it is kept, so the answer stays
invalid. Bytes that are not UTF-8 stay unreadable too: they prove nothing.
"""

from __future__ import annotations

import codecs
import re

_FIELD = rb'(?s)"(?P<key>(?:[^"\\]|\\.)*)"\s*:\s*"(?:[^"\\]|\\.)*"'
_EXACT = rb"(?i)(?:ids?|status|code|url)\Z"  # the end of a key whose value must not be repaired
_ESCAPE = (
    rb"(?s)(?P<whole>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\."  # any other escape; `\\ud83d` is a backslash before plain letters
)


def readable(body: bytes) -> bytes:
    """The repaired JSON, without the byte order mark that some gateways put before it."""
    body = body.removeprefix(codecs.BOM_UTF8)
    return re.sub(_FIELD, _replace_halves, body) if b"\\ud" in body.lower() else body


def _replace_halves(field: re.Match[bytes]) -> bytes:
    if re.search(_EXACT, field["key"]):
        return field[0]
    return re.sub(_ESCAPE, lambda found: b"\\ufffd" if found["half"] is not None else found[0], field[0])

"""Repairs the JSON of clouds: half of a surrogate pair in a message must not make the whole answer unreadable.

Such a half, the end of a text that was cut, becomes U+FFFD. In an id, a status or a URL it is kept, so the answer stays
invalid. Bytes that are not UTF-8 stay unreadable too: they prove nothing.
"""

from __future__ import annotations

import codecs
import re

_MAY_BE_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_FIELD = re.compile(rb'"(?P<key>(?:[^"\\]|\\.)*)"\s*:\s*"(?:[^"\\]|\\.)*"', re.DOTALL)
_EXACT = re.compile(rb"(?i)(?:ids?|status|code|url)\Z")  # the end of a key whose value must not be repaired
_ESCAPE = re.compile(
    rb"(?P<whole>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\.",  # any other escape; `\\ud83d` is a backslash before plain letters
    re.DOTALL,
)


def readable(body: bytes) -> bytes:
    """The repaired JSON, without the byte order mark that some gateways put before it."""
    body = body.removeprefix(codecs.BOM_UTF8)
    return body if _MAY_BE_HALF.search(body) is None else _FIELD.sub(_replace_halves, body)


def _replace_halves(field: re.Match[bytes]) -> bytes:
    if _EXACT.search(field["key"]):
        return field[0]
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found["half"] is not None else found[0], field[0])

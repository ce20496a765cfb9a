"""A cloud's JSON, made readable: one half letter in a message must not make the whole answer unreadable.

Half of a surrogate pair, as a text ends in that was cut, becomes U+FFFD; not where it stands in an id, a status or a
URL, which is then none. Bytes that are not UTF-8 stay unreadable: they may be anything, and so prove nothing.
"""

from __future__ import annotations

import codecs
import re

_MAY_BE_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_FIELD = re.compile(rb'"(?P<key>(?:[^"\\]|\\.)*)"\s*:\s*"(?:[^"\\]|\\.)*"', re.DOTALL)
_EXACT = re.compile(rb"(?i)(?:ids?|status|code|url)\Z")  # the end of a key whose value is not for people
_ESCAPE = re.compile(
    rb"(?P<whole>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\.",  # any other escape; `\\ud83d` is a backslash before plain letters
    re.DOTALL,
)


def readable(body: bytes) -> bytes:
    """The same JSON, without the byte order mark that some gateways put before it."""
    body = body.removeprefix(codecs.BOM_UTF8)
    return body if _MAY_BE_HALF.search(body) is None else _FIELD.sub(_mended, body)


def _mended(field: re.Match[bytes]) -> bytes:
    if _EXACT.search(field["key"]):
        return field[0]
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found["half"] is not None else found[0], field[0])

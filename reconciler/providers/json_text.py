"""A cloud's JSON, made readable: one wrong letter in a message must not make the whole answer unreadable.

What can't be read becomes U+FFFD: half of a surrogate pair, as a cut message ends in, and bytes that are not UTF-8.
"""

from __future__ import annotations

import codecs
import re

_MAY_BE_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"(?P<whole>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\.",  # any other escape; `\\ud83d` is a backslash before plain letters
    re.DOTALL,
)


def readable(body: bytes) -> bytes:
    """The same JSON in UTF-8, without the byte order mark that some gateways put before it."""
    body = body.removeprefix(codecs.BOM_UTF8)
    if not body.isascii():
        body = body.decode("utf-8", "replace").encode()
    if _MAY_BE_HALF.search(body) is None:
        return body
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found["half"] is not None else found[0], body)

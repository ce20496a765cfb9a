"""The places where a secret can enter, each with its own mark, and the search for all marks.

A new place is one line of `PLACES`; a test plants its mark with `PLACES["…"]`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import sha256

_PIECE = 12  # so many adjacent letters and digits of a mark count as a find
_PIECE_IN_BASE64 = 16


def _mark(place: str, *, joint: str = "/+") -> str:
    """`k3…/…+…`: three times 14 letters and digits, joined by characters that encodings change."""
    letters = re.sub(r"[^A-Za-z0-9]", "", b64encode(sha256(place.encode()).digest() * 2).decode())
    return letters[:14] + joint[0] + letters[14:28] + joint[1] + letters[28:42]


PLACES: dict[str, str] = {
    "KLING_API_KEY": _mark("KLING_API_KEY"),
    "KLING_ACCESS_KEY": _mark("KLING_ACCESS_KEY"),
    "KLING_SECRET_KEY": _mark("KLING_SECRET_KEY"),
    "a variable that credentials: names": _mark("credentials"),
    "the signature of voice_url": _mark("voice_url"),
    "a parameter of voice_url that signs nothing": _mark("parameter"),
    "a bare query of voice_url": _mark("bare", joint="-_"),
    "the password of voice_url": _mark("password", joint="-_"),
    "the user of voice_url": _mark("user", joint="-_"),
    "the fragment of voice_url": _mark("fragment", joint="-_"),
    "${env:…} in the query of voice_url": _mark("env"),
    "the query of callback_url": _mark("callback_url"),
    "the query of a URL in a label": _mark("label"),
    "the query of a URL in a voice_name": "k7Zq2Xw9",  # the name has no room for more
    "the password of HTTP_PROXY": _mark("HTTP_PROXY", joint="-_"),
    "the password of HTTPS_PROXY": _mark("HTTPS_PROXY", joint="-_"),
    "the password of ALL_PROXY": _mark("ALL_PROXY", joint="-_"),
    "the query of a URL that is no URL": _mark("broken", joint="-_"),
}


def found(output: Iterable[tuple[str, bytes]], *, more: Iterable[str] = ()) -> list[str]:
    """Searches the output for marks, whole or in part, plain, in base64 or in hex. Returns lines `place in what`.

    `more` are secrets without a place, such as tokens.
    """
    marks = _PIECES if not more else _pieces([*PLACES.items(), *(("a token", token) for token in more)])
    return sorted(
        {
            f"{place} in {what}"
            for what, content in output
            for reading in {content, _unescaped(content)}
            for place in _in(re.sub(rb"[^A-Za-z0-9]", b"", reading), marks)
        }
    )


def _unescaped(content: bytes) -> bytes:
    return re.sub(rb"(?:\\+u00|%(?:25)*)([0-9A-Fa-f]{2})", lambda code: bytes([int(code[1], 16)]), content)


def _in(squeezed: bytes, marks: dict[int, dict[bytes, str]]) -> Iterator[str]:
    for size, places in marks.items():
        yield from (places[piece] for piece in _cut(squeezed, size) if piece in places)


def _pieces(marked: Iterable[tuple[str, str]]) -> dict[int, dict[bytes, str]]:
    pieces: dict[int, dict[bytes, str]] = defaultdict(dict)
    for place, mark in marked:
        for part in re.findall(r"[A-Za-z0-9]+", mark):
            if len(part) < _PIECE and len(mark) > _PIECE:
                continue
            whole = part.encode()
            in_hex = whole.hex().encode()
            for written in (in_hex, in_hex.upper()) if len(whole) >= _PIECE else ():
                pieces[2 * _PIECE].update(dict.fromkeys(_cut(written, 2 * _PIECE), place))
            pieces[min(_PIECE, len(whole))].update(dict.fromkeys(_cut(whole, _PIECE), place))
        for before in range(3):
            written = re.sub(rb"[^A-Za-z0-9]", b"", b64encode(b"\0" * before + mark.encode())[4:-4])
            if len(written) >= _PIECE_IN_BASE64:
                pieces[_PIECE_IN_BASE64].update(dict.fromkeys(_cut(written, _PIECE_IN_BASE64), place))
    return pieces


def _cut(text: bytes, size: int) -> list[bytes]:
    size = min(size, len(text)) or 1
    return [text[i : i + size] for i in range(len(text) - size + 1)]


_PIECES = _pieces(PLACES.items())

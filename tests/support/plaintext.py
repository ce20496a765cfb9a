"""Searches files for words that must be encrypted: also inside base64 and compressed bytes, wherever they are."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")
_DEPTH = 4  # of base64 and zlib inside each other


def found_in(folder: Path, words: Iterable[str], *, without: Iterable[str] = ()) -> dict[str, list[str]]:
    """File -> the words that can be read in it. `without`: names of files that are not encrypted on purpose."""
    hits = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name in without:
            continue
        layers = list(_layers(path.read_bytes(), _DEPTH))
        seen = [word for word in words if any(word.encode() in layer for layer in layers)]
        if seen:
            hits[str(path.relative_to(folder))] = seen
    return hits


def _layers(content: bytes, depth: int) -> Iterator[bytes]:
    yield content
    if not depth:
        return
    for inner in (*_inflated(content), *_decoded(content)):
        yield from _layers(inner, depth - 1)


def _inflated(content: bytes) -> Iterator[bytes]:
    for wbits in (zlib.MAX_WBITS, -zlib.MAX_WBITS, zlib.MAX_WBITS + 16):
        with suppress(zlib.error):
            inner = zlib.decompressobj(wbits).decompress(content)
            if inner:
                yield inner


def _decoded(content: bytes) -> Iterator[bytes]:
    for token in _BASE64.findall(content):
        with suppress(ValueError):
            yield base64.b64decode(token, validate=True)

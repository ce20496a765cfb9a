"""Iterates over the chunks of a RIFF file: their names and positions, not their contents.

A chunk of odd size is followed by a pad byte, so that the next one begins at an even position. Some programs omit it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_MOST_CHUNKS = 1000  # chunks; a file of empty ones would cost seconds
_KNOWN = frozenset(
    (
        b"fmt ", b"data", b"fact", b"LIST", b"bext", b"cue ", b"id3 ", b"ID3 ", b"JUNK", b"junk", b"PAD ", b"FLLR",
        b"PEAK", b"iXML", b"axml", b"aXML", b"chna", b"smpl", b"inst", b"cart", b"levl", b"umid", b"plst", b"ds64",
        b"DISP", b"afsp", b"_PMX", b"minf", b"elm1", b"regn", b"acid", b"strc", b"note", b"labl", b"wavl", b"slnt",
    )
)  # fmt: skip


class Chunk(NamedTuple):
    """One chunk."""

    name: bytes
    body: int  # where its content begins
    size: int  # bytes, according to its header


@dataclass(slots=True)
class Chunks:
    """Iterates once. Then `rest` is the number of bytes at the end that belong to no chunk, and the flags are set."""

    data: bytes
    at: int
    order: str
    previous: int = 0  # the size of a chunk that ends at `at`
    strict: bool = False  # stop at bytes that don't look like a chunk, or at a chunk that does not fit
    unpadded: bool = False
    too_many: bool = False
    rest: int = 0

    def __iter__(self) -> Iterator[Chunk]:
        for _ in range(_MOST_CHUNKS):
            self._skip_padding()
            there = len(self.data) - self.at
            if there < 8 or (self.strict and not self._looks_like_chunk()):
                self.rest = max(0, there)
                return
            name = self.data[self.at : self.at + 4]
            size = int(struct.unpack_from(f"{self.order}I", self.data, self.at + 4)[0])
            yield Chunk(name, self.at + 8, size)
            self.at, self.previous = self.at + 8 + size, size
        self.too_many = True

    def _skip_padding(self) -> None:
        if self.previous % 2 == 0:
            return
        if self.at < len(self.data) and not self._begins_here():
            self.at += 1
        else:
            self.unpadded = True

    def _begins_here(self) -> bool:
        """Whether the next chunk begins where a pad byte should be."""
        name = self.data[self.at : self.at + 4]
        return self.data[self.at + 1 : self.at + 5] not in _KNOWN and (name in _KNOWN or self._looks_like_chunk())

    def _looks_like_chunk(self) -> bool:
        return is_chunk(self.data[self.at : self.at + 8], len(self.data) - self.at, order=self.order)


def is_chunk(head: bytes, there: int, *, order: str) -> bool:
    """Whether these eight bytes are the header of a chunk that fits into the file, and not samples or padding.

    The end of the file counts too: the chunk before was the last.
    """
    if len(head) < 8:
        return not head
    name, size = head[:4], int(struct.unpack(f"{order}I", head[4:])[0])
    return (name in _KNOWN or name.rstrip(b" ").isalnum()) and size <= there - 8

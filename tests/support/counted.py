"""A mapping that counts how often all of it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class CountedMapping(Mapping[K, V]):
    """`reads`: how often it was iterated, by its keys, values or items."""

    def __init__(self, content: Mapping[K, V]) -> None:
        self._content = dict(content)
        self.reads = 0

    def __getitem__(self, key: K) -> V:
        return self._content[key]

    def __iter__(self) -> Iterator[K]:
        self.reads += 1
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

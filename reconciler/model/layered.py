"""An immutable mapping that shares its content with the mapping it was changed from.

A change costs time by its own size: it becomes one more layer above a shared base, and layers of like size are merged.
So a mapping that was changed many times has few layers, and each entry was copied a few times only.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from reconciler.values import value

K = TypeVar("K")
V = TypeVar("V")


@value
class _Layer(Generic[K, V]):
    """One change: `removed` keys are removed first, and then `written` ones are added or replaced."""

    removed: frozenset[K]
    written: Mapping[K, V]

    def __len__(self) -> int:
        return len(self.removed) + len(self.written)

    def above(self, lower: _Layer[K, V]) -> _Layer[K, V]:
        """This layer and the one below it, as one."""
        kept = {key: value for key, value in lower.written.items() if key not in self.removed}
        return _Layer(lower.removed | self.removed, kept | dict(self.written))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LayeredMapping(Mapping[K, V]):
    """The mapping. Its order is that of a dict with the same changes. Threads may share it."""

    base: Mapping[K, V]
    layers: tuple[_Layer[K, V], ...] = ()  # the lowest first
    _merged: list[dict[K, V]] = field(default_factory=list, init=False)  # all as one dict, once it was needed

    def changed(self, written: Mapping[K, V], removed: Iterable[K] = ()) -> LayeredMapping[K, V]:
        """The mapping with these entries added or replaced, and then these keys removed."""
        gone = frozenset(removed)
        if not written and not gone:
            return self
        base, layers = (self._merged[0], ()) if self._merged else (self.base, self.layers)
        top = _Layer(gone, {key: value for key, value in written.items() if key not in gone})
        while layers and len(layers[-1]) <= 2 * len(top):
            top, layers = top.above(layers[-1]), layers[:-1]
        changed = LayeredMapping(base, (*layers, top))
        return LayeredMapping(changed._as_dict()) if len(base) <= 2 * len(changed.layers[0]) else changed

    def __getitem__(self, key: K) -> V:
        if self._merged:
            return self._merged[0][key]
        for layer in reversed(self.layers):
            if key in layer.written:
                return layer.written[key]
            if key in layer.removed:
                raise KeyError(key)
        return self.base[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._as_dict())

    def __len__(self) -> int:
        return len(self._as_dict())

    def __repr__(self) -> str:
        return repr(self._as_dict())

    def keys(self) -> KeysView[K]:
        return self._as_dict().keys()

    def values(self) -> ValuesView[V]:
        return self._as_dict().values()

    def items(self) -> ItemsView[K, V]:
        return self._as_dict().items()

    def _as_dict(self) -> dict[K, V]:
        """All of it in one dict. The time depends on the whole size, the first time."""
        if not self.layers and isinstance(self.base, dict):
            return self.base
        if not self._merged:
            whole = dict(self.base)
            for layer in self.layers:
                for key in layer.removed:
                    whole.pop(key, None)
                whole.update(layer.written)
            self._merged.append(whole)
        return self._merged[0]


def layered(mapping: Mapping[K, V]) -> LayeredMapping[K, V]:
    """The mapping in layers. A plain mapping becomes the base, so it must not change any more."""
    return mapping if isinstance(mapping, LayeredMapping) else LayeredMapping(mapping)

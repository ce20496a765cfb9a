"""Finds the addresses that a marker may name, without a look at each address for each marker."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.planning.markers import Marker, escaped_and_cut


class AddressIndex:
    """The addresses by the text that markers hold of them. Made for a length when a marker of it is first looked up."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = tuple(addresses)
        self._by_length: dict[int | None, dict[str, list[str]]] = {}

    def fitting(self, marker: Marker) -> list[str]:
        """All addresses for which `markers.fits_address` is true, in their order. Threads may call this."""
        length = len(marker.address) if marker.cut else None
        found = self._by_length.get(length)
        if found is None:
            found = self._by_length[length] = self._index(length)
        return found.get(marker.address, [])

    def _index(self, length: int | None) -> dict[str, list[str]]:
        index: dict[str, list[str]] = {}
        for address in self._addresses:
            name = escaped_and_cut(address, len(address) if length is None else length)
            index.setdefault(name, []).append(address)
        return index

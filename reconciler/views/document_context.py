"""What a document for a review says beside its value: which manifest it is about, and where entries are declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from reconciler.model.address import parts
from reconciler.model.recordings import NO_RECORDINGS, Recordings
from reconciler.values import value


@value
class Place:
    """Where an entry is declared. `file` is relative to the repository."""

    file: str
    line: int  # from 1
    column: int  # from 1


@value
class DocumentContext:
    manifest: str  # the path of the manifest, relative to the repository
    planfile: str | None = None  # the path of the saved plan, if there is one
    places: Mapping[str, Place] = field(default_factory=dict)  # of the declared entries, by their names
    recordings: Recordings = NO_RECORDINGS  # what the reader of a page can hear

    def declares(self, address: str) -> bool:
        """Whether the place of the entry, or of the entry of an instance, is known."""
        return parts(address)[0] in self.places

    def place(self, address: str) -> Place:
        """Where the entry is declared; the beginning of the manifest if it is not declared there."""
        return self.places.get(parts(address)[0]) or Place(self.manifest, 1, 1)

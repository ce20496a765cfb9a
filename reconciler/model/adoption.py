"""What `adopt` takes into the state: voices of an account, with addresses, and the number of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from reconciler.model.observed import RemoteVoice
from reconciler.values import value

METHOD = "existing"  # the method of an adopted voice
YAML_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))  # not text for every YAML reader


class Skipped(StrEnum):
    """Why a listed voice is not adopted."""

    IN_STATE = "in the state already"
    DECLARED = "declared already"
    OTHER_STATE = "made by another state of voicectl"
    THIS_STATE = "made by this state, which has no record of them (see the plan)"
    FOR_AN_ENTRY = "made for entries of the manifest that have no voice (see the plan)"
    OFFICIAL = "official"
    NOT_READY = "not ready (running, failed or without a voice)"
    DELETED = "deleted, but still listed"
    INVALID = "without a voice_id that a manifest can hold"


@value
class Adoptable:
    """A voice, and the address that it has or gets."""

    address: str
    remote: RemoteVoice

    @property
    def voice_id(self) -> str:
        return str(self.remote.voice_id)


@value
class Selection:
    """The voices to adopt, sorted by address, and the number of the others.

    `undeclared` need an entry in the manifest: `new` ones, and those in the state whose entry is missing (`again`).
    `declared` have an entry and no record. `lineages` are counted in `skipped` too, as made by a state.
    """

    new: tuple[Adoptable, ...] = ()
    again: tuple[Adoptable, ...] = ()
    declared: tuple[Adoptable, ...] = ()
    skipped: Mapping[Skipped, int] = field(default_factory=dict)
    lineages: Mapping[str, int] = field(default_factory=dict)  # skipped voices with a marker, by its lineage

    @property
    def undeclared(self) -> list[Adoptable]:
        return sorted((*self.new, *self.again), key=lambda each: each.address)

    @property
    def all(self) -> list[Adoptable]:
        return [*self.undeclared, *self.declared]

"""Rejects states that belong to another manifest, and copies that are not newer. Pure.

`place` are the global options that select the state, for the commands in hints.
"""

from __future__ import annotations

from reconciler.errors import StateConflict, StateForeign
from reconciler.hints import hint, way
from reconciler.model.state import State


def check_manifest(state: State, manifest: str, *, where: str, place: str) -> None:
    """Raises StateForeign for the state of another manifest."""
    if state.manifest != manifest:
        raise StateForeign(
            f"{where} belongs to {_named(state.manifest)}, not to {_named(manifest)}.",
            hint(way("If the manifest was renamed", "state mv-manifest", place=place)),
            summary="The state belongs to another manifest",
        )


def check_copy(copy: State, held: State, *, place: str) -> None:
    """Raises StateForeign for a copy of another lineage, StateConflict for one that is not newer."""
    forced = hint(way("If you want that", "state push --force FILE", place=place))
    if copy.lineage != held.lineage:
        raise StateForeign(
            f"The copy has the lineage {copy.lineage}, but the state has the lineage {held.lineage}.",
            forced,
            summary="The copy is of another state",
        )
    if copy.serial <= held.serial:
        raise StateConflict(f"The state has the serial {held.serial}, but the copy has only {copy.serial}.", forced)


def check_unchanged(there: State | None, begun: State | None, *, where: str) -> None:
    """Raises StateConflict if another state is there than the one that the run began with."""
    if there is not None and _version(there) != _version(begun):
        raise StateConflict(
            f"This run began with {_version(begun)}; now {where} has {_version(there)}.", "Run the command again."
        )


def _version(state: State | None) -> str:
    return "no state" if state is None else f"serial {state.serial} of the lineage {state.lineage}"


def _named(manifest: str) -> str:
    return "the folder as one manifest" if manifest == "." else manifest

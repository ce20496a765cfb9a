"""Rejects states that belong to another manifest, and copies that are not newer. Pure.

`place` are the global options that select the state, for the commands in hints.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import StateConflict, StateDamaged, StateError, StateForeign, StateMoved
from reconciler.hints import hint, operands, way
from reconciler.model.state import LIVE, State


def check_manifest(state: State, manifest: str, *, where: str, place: str) -> None:
    """Raises StateForeign for the state of another manifest."""
    if state.manifest != manifest:
        raise StateForeign(
            f"{where} belongs to {_named(state.manifest)}, not to {_named(manifest)}.",
            hint(way("If the manifest was renamed", "state mv-manifest", place=place)),
            summary="The state belongs to another manifest",
        )


def check_copy(copy: State, held: State, *, name: str, place: str) -> None:
    """Raises StateForeign for a copy of another lineage, StateConflict for one that is not newer. `name`: its file."""
    forced = hint(way("If you want that", "state push --force", *operands(name), place=place))
    if copy.lineage != held.lineage:
        raise StateForeign(
            f"The copy has the lineage {copy.lineage}, but the state has the lineage {held.lineage}.",
            forced,
            summary="The copy is of another state",
        )
    if copy.serial <= held.serial:
        raise StateConflict(
            f"The state has the serial {held.serial}, but the copy has only {copy.serial}.",
            forced,
            summary="The copy is not newer than the state",
        )


def over(copy: State, held: State) -> State:
    """The copy as it replaces the held state, with a higher serial.

    A voice that has been moved to another manifest since stays marked, so that no plan here deletes or replaces it.
    """
    left = {key: record for key, record in held.records.items() if record.moved_to is not None}
    marked = [
        replace(record, moved_to=left[key].moved_to, moves=max(record.moves, left[key].moves))
        for key, record in copy.records.items()
        if key in left and record.status in LIVE and record.moves <= left[key].moves
    ]
    return copy.with_changes(marked).numbered(max(copy.serial, held.serial + 1))


def or_by_force(error: StateError, *, name: str, place: str) -> StateError:
    """The error of a state that can't be used, with the command that replaces it by a copy, the file `name`."""
    words = "To replace what is there by the copy"
    if isinstance(error, StateMoved):
        words = f"or, if the state at {error.moved_to} is lost, go on here with the copy"
    forced = hint(way(words, "state push --force", *operands(name), place=place))
    error.hint = forced if isinstance(error, StateDamaged) else error.hint + forced
    return error


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

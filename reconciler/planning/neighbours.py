"""Decides whether state files nearby prevent a manifest from beginning a new state. Pure.

A voice that its cloud lists is found by its marker before it is paid for again. So a copy, or a state whose manifest
is still in use, blocks only if it has voices that no cloud lists.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.errors import StateElsewhere
from reconciler.hints import Way, command, hint, way
from reconciler.model.neighbour import Neighbour, Relation

_ONLY_UNLISTED = {Relation.AROUND, Relation.COPY}


def blocking_error(neighbours: Collection[Neighbour], manifest: str, *, begins: bool) -> StateElsewhere | None:
    """The error if a state nearby blocks a new one; else None. `begins`: the command begins a state, not only reads."""
    blocking = [neighbour for neighbour in neighbours if _blocks(neighbour, begins=begins)]
    if not blocking:
        return None
    ways = dict.fromkeys(way for neighbour in blocking for way in _ways(neighbour))
    new = way("to ignore them and start with a new state", "plan --new-state")
    return StateElsewhere(" ".join(_describe(neighbour, manifest) for neighbour in blocking), hint(*ways, new))


def _blocks(neighbour: Neighbour, *, begins: bool) -> bool:
    if neighbour.relation is Relation.COPY and not begins:
        return False
    if neighbour.relation in _ONLY_UNLISTED:
        return neighbour.unlisted > 0
    return neighbour.held > 0 or neighbour.damage is not None or bool(neighbour.moved_to)


def _describe(neighbour: Neighbour, manifest: str) -> str:
    if neighbour.damage is not None and neighbour.relation is not Relation.OWN:
        return f"{neighbour.path} beside can't be read, and {neighbour.manifest} no longer exists: {neighbour.damage}"
    voices = "1 voice" if neighbour.held == 1 else f"{neighbour.held} voices"
    match neighbour.relation:
        case Relation.OWN:
            return _describe_own(neighbour, manifest)
        case Relation.GONE:
            return f"{neighbour.path} beside holds {voices} of {neighbour.manifest}, which no longer exists."
        case Relation.SAME:
            return f"{neighbour.path} beside holds {voices} of {neighbour.manifest}, and {manifest} is the same file."
        case Relation.LINKED:
            return f"{manifest} is a link to {neighbour.manifest}, whose state {neighbour.path} holds {voices}."
        case Relation.INSIDE:
            return (
                f"{neighbour.path} beside holds {voices} of {neighbour.manifest}, "
                "which is one of the files of this folder."
            )
        case Relation.ONLY:
            return (
                f"{neighbour.path} beside holds {voices} of the folder as one manifest, "
                f"and {manifest} is its only file."
            )
        case Relation.AROUND:
            return (
                f"{neighbour.path} beside holds {voices} of the folder as one manifest, and {manifest} is part of it."
            )
        case Relation.COPY:
            return f"The state of {manifest} is gone, and its copy {neighbour.path} holds {voices}."


def _describe_own(neighbour: Neighbour, manifest: str) -> str:
    if neighbour.damage is not None:
        return f"{neighbour.path}, the state file of {manifest}, can't be read: {neighbour.damage}"
    if neighbour.moved_to:
        return (
            f"{neighbour.path} says that the state of {manifest} was moved to {neighbour.moved_to}, and the place that "
            "is chosen now is empty."
        )
    voices = "1 voice" if neighbour.held == 1 else f"{neighbour.held} voices"
    return f"{neighbour.path} holds {voices} of {manifest}, and the place that is chosen now is empty."


def _ways(neighbour: Neighbour) -> Sequence[Way]:
    renamed = (command("state mv-manifest", neighbour.manifest, place=neighbour.through or None),)
    theirs = (command("plan", place=neighbour.options),)
    if neighbour.damage is not None and neighbour.relation is not Relation.OWN:
        return (
            way(
                f"If {neighbour.manifest} was renamed, put its state right first", "state list", place=neighbour.options
            ),
        )
    match neighbour.relation:
        case Relation.OWN if neighbour.moved_to:
            return (way("To move the state on to the place chosen now", "state migrate --from", neighbour.moved_to),)
        case Relation.OWN:
            return (way("To move the state there", "state migrate"),)
        case Relation.GONE:
            return (Way(f"If {neighbour.manifest} was renamed", renamed),)
        case Relation.SAME | Relation.INSIDE | Relation.ONLY:
            return (Way("To continue with those", theirs), Way("to continue with those under this name", renamed))
        case Relation.LINKED:
            return (Way("To continue with those, name the target", theirs),)
        case Relation.AROUND:
            return (Way("To continue with those", theirs),)
        case Relation.COPY:
            return (way("To continue with it", "state push", neighbour.path),)

"""Does a state file that lies elsewhere keep a manifest from beginning a state of its own? Pure.

What a cloud lists is found by its marker before it is bought again. So a state whose manifest is still in use, and a
mere copy, block only for what no cloud lists.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.errors import StateElsewhere
from reconciler.hints import Way, command, hint, way
from reconciler.model.neighbour import Neighbour, Relation

_ONLY_UNLISTED = {Relation.AROUND, Relation.COPY}


def obstacle(neighbours: Collection[Neighbour], manifest: str, *, begins: bool) -> StateElsewhere | None:
    """Why nothing may begin here, with the ways on. `begins`: the command would begin a state, and not only look."""
    blocking = [each for each in neighbours if _blocks(each, begins=begins)]
    if not blocking:
        return None
    ways = dict.fromkeys(way for each in blocking for way in _ways_on(each))
    new = way("for other voices than those, begin with a new state", "plan --new-state")
    return StateElsewhere(" ".join(_found(each, manifest) for each in blocking), hint(*ways, new))


def _blocks(neighbour: Neighbour, *, begins: bool) -> bool:
    if neighbour.relation is Relation.COPY and not begins:
        return False
    if neighbour.relation in _ONLY_UNLISTED:
        return neighbour.unlisted > 0
    return neighbour.held > 0 or neighbour.damage is not None


def _found(it: Neighbour, manifest: str) -> str:
    if it.damage is not None:
        return f"{it.path} beside can't be read, and {it.manifest} is not here any more: {it.damage}"
    voices = "1 voice" if it.held == 1 else f"{it.held} voices"
    match it.relation:
        case Relation.GONE:
            return f"{it.path} beside holds {voices} of {it.manifest}, which is not here any more."
        case Relation.SAME:
            return f"{it.path} beside holds {voices} of {it.manifest}, and {manifest} is the same file."
        case Relation.LINKED:
            return f"{manifest} is a link to {it.manifest}, whose state {it.path} holds {voices}."
        case Relation.INSIDE:
            return f"{it.path} beside holds {voices} of {it.manifest}, which is one of the files of this folder."
        case Relation.ONLY:
            return f"{it.path} beside holds {voices} of the folder as one manifest, and {manifest} is its only file."
        case Relation.AROUND:
            return f"{it.path} beside holds {voices} of the folder as one manifest, and {manifest} is part of it."
        case Relation.COPY:
            return f"The state of {manifest} is gone, and its copy {it.path} holds {voices}."


def _ways_on(it: Neighbour) -> Sequence[Way]:
    renamed = (command("state mv-manifest", it.manifest, place=it.through or None),)
    theirs = (command("plan", place=it.options),)
    if it.damage is not None:
        return (way(f"If {it.manifest} was renamed, put its state right first", "state list", place=it.options),)
    match it.relation:
        case Relation.GONE:
            return (Way(f"If {it.manifest} was renamed", renamed),)
        case Relation.SAME | Relation.INSIDE | Relation.ONLY:
            return (Way("To go on with those", theirs), Way("to go on with those under this name", renamed))
        case Relation.LINKED:
            return (Way("To go on with those, name the target", theirs),)
        case Relation.AROUND:
            return (Way("To go on with those", theirs),)
        case Relation.COPY:
            return (way("To go on with it", "state push", it.path),)

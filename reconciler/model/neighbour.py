"""A state file that a manifest without a state of its own may really mean."""

from __future__ import annotations

from enum import StrEnum

from reconciler.model.base import Frozen


class Relation(StrEnum):
    """What the manifest that a state file belongs to is to ours."""

    GONE = "it is no longer there"
    SAME = "it is the same file as ours"
    LINKED = "ours is a link to it"
    INSIDE = "it is one of the files of our folder"
    ONLY = "it is the folder whose only file is ours"
    AROUND = "it is the folder that our file is part of"
    COPY = "it is ours: the file is a copy of our lost state"


class Neighbour(Frozen):
    """Paths are as a person types them."""

    path: str  # of the state file
    manifest: str  # the path of the manifest that it belongs to
    options: str  # the global options that lead to that manifest
    through: str = ""  # the global options of the manifest that it lies beside, where that is not ours
    relation: Relation
    held: int = 0  # records that may mean a voice
    unlisted: int = 0  # of those, the ones that no cloud lists
    damage: str | None = None  # why it can't be read, so that nobody knows what it holds

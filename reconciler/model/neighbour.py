"""State files nearby that may belong to a manifest without a state of its own."""

from __future__ import annotations

from enum import StrEnum

from reconciler.values import value


class Relation(StrEnum):
    """How the manifest of the nearby state file relates to the manifest of this run."""

    GONE = "it is no longer there"
    SAME = "it is the same file as ours"
    LINKED = "ours is a link to it"
    INSIDE = "it is one of the files of our folder"
    ONLY = "it is the folder whose only file is ours"
    AROUND = "it is the folder that our file is part of"
    OWN = "it is ours: the state was in this file, and now the manifest names another place"
    COPY = "it is ours: the file is a copy of our lost state"


@value
class Neighbour:
    """A nearby state file. Paths are written as the user would type them."""

    path: str  # of the state file
    manifest: str  # the path of the manifest that it belongs to
    options: str  # the global options that select that manifest
    relation: Relation
    through: str = ""  # the global options of the manifest beside it, where that is not the run's own
    held: int = 0  # records that may have a voice in a cloud
    unlisted: int = 0  # how many of them no cloud lists
    moved_to: str = ""  # where its state went
    damage: str | None = None  # why it can't be read; the counts are unknown then

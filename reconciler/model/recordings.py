"""The recordings that the reader of a page can hear: what voices are made from, and how they sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from reconciler.values import value


class AudioChoice(StrEnum):
    """How recordings come into a page."""

    LINK = "link"  # as links, which the reader's browser opens when they are played
    INLINE = "inline"  # in the page itself: heard without a network, and after the links have expired
    NONE = "none"


@value
class Recording:
    """One recording. `source` is a web link or a `data:` URI; empty if it can't be heard, for the reason `why`."""

    source: str = ""
    why: str = ""


@value
class Recordings:
    """All recordings of a page."""

    audio: AudioChoice = AudioChoice.NONE
    declared: Mapping[str, Recording] = field(default_factory=dict)  # address -> the sample that is declared now
    samples: Mapping[str, Recording] = field(default_factory=dict)  # external_task_id -> what its voice was made from
    trials: Mapping[str, Recording] = field(default_factory=dict)  # external_task_id -> how its voice sounds
    notes: tuple[str, ...] = ()  # what could not be read or fetched
    signed: bool = False  # holds links with a signature: whoever has the page can play them until they expire


NO_RECORDINGS = Recordings()

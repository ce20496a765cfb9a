"""The parts that several pages have: hints with their commands, fields before and after, and something to hear."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.hints import Command, Hint
from reconciler.model.plan import FieldChange
from reconciler.model.recordings import Recording
from reconciler.values import value
from reconciler.views import hints
from reconciler.views.render_options import RenderOptions
from reconciler.views.text_change import declared
from reconciler.views.wrap import HELD


@value
class Way:
    """One way on: words, commands to copy, and words after them."""

    words: str
    commands: tuple[str, ...]
    after: str


@value
class Field:
    """A field with its value before and after; an empty value is not shown."""

    name: str
    before: str = ""
    after: str = ""


@value
class Player:
    """A recording to be heard, and what it is."""

    title: str
    label: str  # for a screen reader: it names the voice too
    recording: Recording


def ways(hint: Hint, options: RenderOptions) -> tuple[Way, ...]:
    return tuple(
        Way(way.words, tuple(typed(each, options) for each in way.commands), way.after.strip()) for way in hint.ways
    )


def typed(command: Command, options: RenderOptions) -> str:
    """The whole command line, to be copied."""
    return hints.command_line(command, options).replace(HELD, " ")


def fields(changes: Iterable[FieldChange]) -> tuple[Field, ...]:
    return tuple(
        Field(each.name, declared(each.name, each.before), declared(each.name, each.after)) for each in changes
    )


def player(title: str, address: str, recording: Recording | None) -> Player | None:
    """None if there is nothing to hear, and no reason to give."""
    return None if recording is None else Player(title, f"{title}: {address}", recording)

"""Renders hints as lines: whole commands with the same global options, quoted for a shell."""

from __future__ import annotations

import shlex

from reconciler.hints import Command, Hint, Way
from reconciler.views.escape import escape
from reconciler.views.render_options import RenderOptions
from reconciler.views.wrap import HELD


def lines(hint: Hint, options: RenderOptions) -> list[str]:
    """A hint on one line; several commands get a line each."""
    ways = _ended([_line(way, options) for way in hint.ways])
    return ways if len(hint.commands) > 1 else [" ".join(ways)] if ways else []


def on_one_line(hint: Hint, options: RenderOptions) -> str:
    return " ".join(_ended([_line(way, options) for way in hint.ways]))


def command_line(command: Command, options: RenderOptions) -> str:
    """The whole command line. Its blanks are HELD, so that it is never wrapped."""
    place = options.global_options if command.place is None else command.place
    begun = ["voicectl", place, options.verb if command.is_option else ""]
    typed = " ".join(escape(part) for part in (*begun, *map(shlex.quote, command.words)) if part)
    return typed.replace(" ", HELD)


def _ended(ways: list[str]) -> list[str]:
    """Joins the ways with semicolons."""
    return [way if way.endswith(".") else f"{way};" for way in ways[:-1]] + ways[-1:]


def _line(way: Way, options: RenderOptions) -> str:
    typed = ", then ".join(command_line(command, options) for command in way.commands)
    return ": ".join(part for part in (escape(way.words), typed) if part) + escape(way.after)

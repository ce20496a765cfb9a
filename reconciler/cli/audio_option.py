"""The option --audio: how the recordings of a page can be heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from reconciler.cli.context import Command
from reconciler.errors import UsageError
from reconciler.views.formats.registry import HTML

if TYPE_CHECKING:
    from reconciler.model.recordings import AudioChoice

LINK, NONE = "link", "none"

_HELP = (
    "For --format html, how recordings are heard. link: by links, which the browser opens when they are played; those "
    "of a cloud are signed, and whoever has the page can use them until they expire. inline: they are fetched now, and "
    "the page holds the sounds themselves. none: nothing is heard, and no account is asked for recordings."
)


def audio_option(default: str = LINK) -> Callable[[Command], Command]:
    """Adds --audio; the command takes `audio`. `default` is what its help says."""
    return click.option("--audio", type=click.Choice((LINK, "inline", NONE)), help=f"{_HELP}  [default: {default}]")


def chosen(audio: str | None, format_name: str, *, default: str = LINK) -> AudioChoice | None:
    """The choice for a page; None for silence. Raises UsageError, also if the extra [html] is missing."""
    if format_name != HTML:
        if audio is not None:
            raise UsageError(f"--audio {audio} needs --format html: only a page has sound.")
        return None
    from reconciler.model.recordings import AudioChoice
    from reconciler.views.formats.html import templates

    templates.check()
    choice = AudioChoice(audio or default)
    return None if choice is AudioChoice.NONE else choice

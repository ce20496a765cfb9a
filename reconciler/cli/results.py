"""Writes the results of a run to stdout, until the reader closes it or the disk is full.

The run goes on to its end all the same, because it has paid for something; failures are then written to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from reconciler.cli.streams import discard
from reconciler.errors import OutputLost
from reconciler.hints import Hint
from reconciler.model.events import Event, Kind

if TYPE_CHECKING:
    from reconciler.views.render_options import RenderOptions


class Results:
    def __init__(
        self,
        *,
        write_stdout: Callable[[str], bool],
        write_stderr: Callable[[str], None],
        render_options: Callable[[TextIO], RenderOptions],
    ) -> None:
        """`write_stdout` returns False once the reader has closed stdout."""
        self._write_stdout = write_stdout
        self._write_stderr = write_stderr
        self._render_options = render_options
        self._reader_left = False
        self._lost: OutputLost | None = None

    @property
    def options(self) -> RenderOptions:
        """The render options of stdout now: the width of a terminal may change."""
        return self._render_options(sys.stdout)

    @property
    def unread(self) -> bool:
        return self._reader_left or self._lost is not None

    def write(self, words: str) -> None:
        if self.unread:
            return
        try:
            self._reader_left = not self._write_stdout(words)
        except OutputLost as lost:
            self._lost = lost

    def closed(self) -> None:
        """Notes that the terminal behind stdout was closed."""
        self._reader_left = True
        discard(sys.stdout)

    def warn(self, event: Event) -> None:
        """Writes a failure to stderr once nothing reads stdout any more."""
        if self.unread and _is_failure(event):
            from reconciler.views.formats import text

            self._write_stderr(text.event(event, self._render_options(sys.stderr)))

    def account_for_lost_lines(self, *, well: bool, hint: Hint) -> None:
        """Raises OutputLost if results could not be written to a file."""
        if self._lost is not None:
            ended = "Everything was done" if well else "Not everything was done"
            raise OutputLost(f"{self._lost.detail} {ended}; the state holds it.", hint)


def _is_failure(event: Event) -> bool:
    if event.kind is Kind.SUMMARY:
        return event.tally is not None and event.tally.unfinished
    return event.kind in {Kind.FAILED, Kind.UNCERTAIN, Kind.BLOCKED, Kind.UNWRITTEN, Kind.STOPPED}

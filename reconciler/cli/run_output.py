"""What an apply or a destroy prints: its plan and its results on stdout, as text or as JSON lines.

At a terminal the results stand above a live block. Whatever becomes of stdout, the run goes on to its end, because it
has paid for something; what went wrong is then said on stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from reconciler.cli.frame import command, laid, led, on_stdout, told, write, write_json
from reconciler.cli.streams import discard, put_aside
from reconciler.errors import OutputLost, VoicectlError

if TYPE_CHECKING:
    from reconciler.engine.operations import Applied
    from reconciler.model.events import Event, Tally
    from reconciler.model.plan import Plan


class RunOutput:
    """`live` is for a run at a terminal; the block is closed by `closing`."""

    def __init__(self, *, as_json: bool, live: bool, closing: ExitStack) -> None:
        self._as_json = as_json
        self._live = live
        self._closing = closing
        self._sequence = 0
        self._total = 0
        self._blocked_together: frozenset[str] = frozenset()  # the plan has told of these why
        self._show: Callable[[Event], None] | None = None
        self._so_far: Callable[[], Tally] | None = None
        self._reader_left = False
        self._lost: OutputLost | None = None

    def plan(self, plan: Plan) -> None:
        self._total = len(plan.changes)
        if not self._as_json:
            from reconciler.views import text

            self._blocked_together = text.blocked_together(plan, detail=on_stdout().detail)
            self._write(text.plan(plan, colour=on_stdout().colour, detail=on_stdout().detail))

    def began(self, so_far: Callable[[], Tally]) -> None:
        self._so_far = so_far

    def event(self, event: Event) -> None:
        from reconciler.model.events import Kind

        if self._as_json:
            self._line(event)
        elif self._live:
            self._repaint(event)
        elif event.kind is Kind.BLOCKED and event.address in self._blocked_together:
            pass
        elif event.kind not in {Kind.STARTED, Kind.ACCEPTED}:
            from reconciler.views import text

            self._write(text.event(event, colour=on_stdout().colour))
        if self._unread and _is_bad_news(event):
            from reconciler.views import text

            put_aside(laid(text.event(event, colour=told().colour(sys.stderr)), sys.stderr))

    def refusal(self, error: VoicectlError) -> None:
        """The JSON of a run that could not begin says why, and ends with its summary like any other."""
        if self._as_json and not self._sequence:
            from reconciler.model.events import Event, Kind, Tally

            self._line(Event(kind=Kind.STOPPED, detail=str(error), hint=error.hint))
            self._line(Event(kind=Kind.SUMMARY, tally=Tally(total=self._total, left=self._total)))

    def end(self, applied: Applied) -> None:
        """The JSON of a run with nothing to do still ends with its summary."""
        if self._as_json and not self._sequence:
            from reconciler.model.events import Event, Kind

            self._line(Event(kind=Kind.SUMMARY, tally=applied.tally))

    def account_for_lost_lines(self, *, well: bool) -> None:
        """Raises OutputLost if results were wanted in a file that took no more."""
        if self._lost is not None:
            ended = "Everything was done" if well else "Not everything was done"
            raise OutputLost(f"{self._lost.detail} {ended}; the state holds it.", command("state list"))

    @property
    def _unread(self) -> bool:
        return self._reader_left or self._lost is not None

    def _line(self, event: Event) -> None:
        from reconciler.views import documents

        self._sequence += 1
        whole = event.model_copy(update={"hint": led(event.hint)})
        document = documents.event_document(whole, self._sequence)
        self._tell(lambda: write_json(document, indent=None))

    def _write(self, words: str) -> None:
        self._tell(lambda: write(laid(words, sys.stdout)))

    def _tell(self, tell: Callable[[], bool]) -> None:
        if self._unread:
            return
        try:
            self._reader_left = not tell()
        except OutputLost as lost:
            self._lost = lost

    def _repaint(self, event: Event) -> None:
        try:
            self._progress()(event)
        except OSError:  # the terminal was closed
            self._live, self._reader_left = False, True
            discard(sys.stdout)

    def _progress(self) -> Callable[[Event], None]:
        if self._show is None:
            import time

            from reconciler.cli.live import Progress

            self._show = self._closing.enter_context(
                Progress(
                    time.monotonic,
                    total=self._total,
                    so_far=self._so_far,
                    told=self._blocked_together,
                    colour=on_stdout().colour,
                    words=lambda shown: laid(shown, sys.stdout),
                )
            )
        return self._show


def unfinished(tally: Tally) -> bool:
    """Whether an apply that ended so has to exit with 1."""
    return bool(tally.failed or tally.blocked or tally.uncertain or tally.left or tally.running)


def _is_bad_news(event: Event) -> bool:
    from reconciler.model.events import Kind

    if event.kind is Kind.SUMMARY:
        return event.tally is not None and unfinished(event.tally)
    return event.kind in {Kind.FAILED, Kind.UNCERTAIN, Kind.BLOCKED, Kind.STOPPED}

"""Reports an apply or a destroy: one reporter class for each output mode, with the same methods.

Imported once a run begins. Whatever becomes of stdout, `Results` knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from reconciler.cli.results import Results
from reconciler.errors import VoicectlError
from reconciler.model.events import Event, Kind, Tally

if TYPE_CHECKING:
    from reconciler.cli.progress import Progress
    from reconciler.model.plan import Plan


class Reporter(Protocol):
    """Receives the plan, the events and the end of a run, in this order; or `refused` if the run cannot begin."""

    def plan(self, plan: Plan) -> None: ...

    def began(self, so_far: Callable[[], Tally]) -> None:
        """The run has begun. `so_far` returns its current counts at any time."""
        ...

    def event(self, event: Event) -> None: ...

    def refused(self, error: VoicectlError) -> None: ...

    def ended(self, tally: Tally) -> None: ...


class JsonReporter:
    """One JSON event per line. The last one is always a summary, also when the run could not begin."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._sequence = 0
        self._total = 0
        self._summed_up = False

    def plan(self, plan: Plan) -> None:
        self._total = len(plan.changes)

    def began(self, so_far: Callable[[], Tally]) -> None:
        pass  # its events carry what is counted

    def event(self, event: Event) -> None:
        self._summed_up = event.kind is Kind.SUMMARY
        self._line(event)
        self._results.warn(event)

    def refused(self, error: VoicectlError) -> None:
        if not self._sequence:
            self._line(Event(kind=Kind.STOPPED, detail=str(error), hint=error.hint))
            self._line(Event(kind=Kind.SUMMARY, tally=Tally(total=self._total, left=self._total)))

    def ended(self, tally: Tally) -> None:
        if not self._summed_up:
            self._line(Event(kind=Kind.SUMMARY, tally=tally))

    def _line(self, event: Event) -> None:
        from reconciler.views.formats import json

        self._sequence += 1
        self._results.write(json.event(event, self._sequence, self._results.options))


class LineReporter:
    """The plan, then one line for each finished change."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._blocked_together: frozenset[str] = frozenset()

    def plan(self, plan: Plan) -> None:
        self._blocked_together = _write_plan(plan, self._results)

    def began(self, so_far: Callable[[], Tally]) -> None:
        pass  # its events carry what is counted

    def event(self, event: Event) -> None:
        from reconciler.views.formats import text

        said_already = event.kind is Kind.BLOCKED and event.address in self._blocked_together
        if not said_already and event.kind not in {Kind.STARTED, Kind.ACCEPTED}:
            self._results.write(text.event(event, self._results.options))
        self._results.warn(event)

    def refused(self, error: VoicectlError) -> None:
        pass  # it is said on stderr

    def ended(self, tally: Tally) -> None:
        pass  # its last event was the summary, or its plan has said that there is nothing to do


class LiveReporter:
    """The plan, then the lines of finished changes above a live block with the progress."""

    def __init__(self, results: Results, closing: ExitStack) -> None:
        """`closing` removes the live block from the screen."""
        self._results = results
        self._closing = closing
        self._total = 0
        self._blocked_together: frozenset[str] = frozenset()
        self._so_far: Callable[[], Tally] | None = None
        self._progress: Progress | None = None

    def plan(self, plan: Plan) -> None:
        self._total = len(plan.changes)
        self._blocked_together = _write_plan(plan, self._results)

    def began(self, so_far: Callable[[], Tally]) -> None:
        self._so_far = so_far

    def event(self, event: Event) -> None:
        if not self._results.unread:
            try:
                self._block()(event)
            except OSError:
                self._results.closed()
        self._results.warn(event)

    def refused(self, error: VoicectlError) -> None:
        pass  # it is said on stderr

    def ended(self, tally: Tally) -> None:
        pass  # its last event was the summary, or its plan has said that there is nothing to do

    def _block(self) -> Progress:
        if self._progress is None:
            from reconciler.cli.progress import Progress

            self._progress = self._closing.enter_context(
                Progress(
                    time.monotonic,
                    total=self._total,
                    so_far=self._so_far,
                    said_already=self._blocked_together,
                    render_options=lambda: self._results.options,
                )
            )
        return self._progress


def _write_plan(plan: Plan, results: Results) -> frozenset[str]:
    """The addresses whose block the plan explained in one paragraph, so that no line repeats it."""
    from reconciler.views import text as words
    from reconciler.views.formats import text

    results.write(text.plan(plan, results.options))
    return words.blocked_together(plan, detail=results.options.detail)

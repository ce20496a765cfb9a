"""Why and how a run ends early: an interrupt, a lost lock, a closed output, a failed save.

It starts nothing more. Open calls are paid for, so it waits for their answers; after an interrupt only for a grace
time, because a pipeline kills a cancelled job soon. The calls that are still open then are recorded with a deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from reconciler.engine.open_calls import OpenCalls
from reconciler.engine.run_state import RunState
from reconciler.engine.state_writer import StateWriter
from reconciler.hints import NO_HINT, Hint
from reconciler.model.events import Event, Kind
from reconciler.protocols.clock import Clock


class EarlyEnd:
    """`stop` is asked in every cycle: it returns why nothing more may start, or None. `grace`: in seconds."""

    def __init__(
        self,
        run_state: RunState,
        state_writer: StateWriter,
        open_calls: OpenCalls,
        clock: Clock,
        *,
        stop: Callable[[], str | None],
        grace: float,
        longest_wait: float = 30.0,
    ) -> None:
        self._run_state = run_state
        self._state_writer = state_writer
        self._open_calls = open_calls
        self._clock = clock
        self._stop = stop
        self._grace = grace
        self.longest_wait = longest_wait  # seconds until `stop` is asked again, at the latest
        self.reason: str | None = None
        self.leave_at = inf  # when an interrupted run leaves, although calls are open (monotonic seconds)
        self.left_open = False  # it left, and calls were still open

    @property
    def begun(self) -> bool:
        """Whether nothing more may start."""
        return self.reason is not None

    def check(self) -> None:
        """Ends the run if something says that nothing more may start."""
        if self.reason is not None:
            return
        if (asked := self._stop()) is not None:
            self.halt(asked)
            self.leave_at = self._clock.monotonic() + self._grace
        elif self._open_calls.lock_lost is not None:
            self.halt(self._open_calls.lock_lost)
        elif self._run_state.listener_error is not None:
            self.halt("the output cannot be written any more")

    def halt(self, reason: str, hint: Hint = NO_HINT, provider: str = "") -> None:
        """Starts nothing more. The results of calls in flight are still written. `provider`: whose cloud is why."""
        if self.reason is None:
            self.reason = reason
            self._state_writer.stop_delaying()
            self._run_state.emit(Event(kind=Kind.STOPPED, detail=reason, hint=hint, provider=provider))

    def awaits_answers(self) -> bool:
        """Whether an interrupted run still waits. After the grace time it writes until when its calls may be open."""
        if not self._open_calls or self.left_open:
            return False
        if self._clock.monotonic() >= self.leave_at:
            self.left_open = True
            self._run_state.write(*self._open_calls.records_with_deadline())
            self._state_writer.note_write(urgent=True)
        return True

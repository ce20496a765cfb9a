"""Makes a run's writes durable, one append at a time, while the run continues.

If an append fails, for example on a full disk, the run starts nothing more. It still waits for the calls in flight,
because they are paid for, and tries to write their results. What it can't write, the store leaves in a rescue copy, or
in the message if no disk takes one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Protocol

from reconciler.engine.run_state import Batch, RunState
from reconciler.errors import StateError
from reconciler.model.state import State
from reconciler.protocols.clock import Clock
from reconciler.values import value

_MAX_DELAY = 0.5  # seconds that a result waits for others, to be written with them
_DELAY_FACTOR = 3.0  # the delay is so many times the duration of the last append
_QUICK = 0.02  # seconds: after so short an append, the next one starts without a delay


class Journal(Protocol):
    """The part of the store that a run uses."""

    @property
    def least_gap(self) -> float:
        """Seconds from the start of one write to the next."""
        ...

    def commit(self, state: State, *, touched: Iterable[str] | None = None) -> None:
        """Durable when it returns. `touched`: the keys of the only records that may differ."""
        ...


@value
class AppendResult:
    """How an append ended. With an `error`, it is unknown whether it is durable."""

    number: int
    seconds: float
    error: Exception | None = None


@value
class AppendJob:
    """One append, as a job of the worker pool."""

    journal: Journal
    batch: Batch
    clock: Clock

    def __call__(self) -> AppendResult:
        began, error = self.clock.monotonic(), None
        try:
            self.journal.commit(self.batch.state, touched=self.batch.touched)
        except Exception as caught:  # noqa: BLE001 - a worker's exception would be lost
            error = caught
        return AppendResult(self.batch.number, self.clock.monotonic() - began, error)


class StateWriter:
    """Batches writes into appends. Intents are appended at once; results wait a little if appends are slow.

    `least_gap`: seconds from the start of one append to the next, where the backend asks for it. Only the run's thread
    uses it.
    """

    def __init__(
        self,
        run_state: RunState,
        journal: Journal,
        clock: Clock,
        start: Callable[[AppendJob], None],
        *,
        least_gap: float = 0.0,
    ) -> None:
        self._run_state = run_state
        self._journal = journal
        self._clock = clock
        self._start = start
        self._least_gap = least_gap
        self._not_before = -inf  # when the next append may start, because of the gap
        self.append_time = 0.0  # seconds that the last append took
        self._since = inf  # when the oldest write was made that is in no append yet
        self._taken = 0  # the number of the last write that is in an append
        self._urgent = False
        self._no_delay = False
        self.under_way = False
        self.unsaved: StateError | None = None

    @property
    def cycle(self) -> float:
        """Seconds from the start of one append until the writes of the next one are durable, at least."""
        return max(self.append_time, self._least_gap)

    @property
    def next_start(self) -> float:
        """When an append of new writes may start (monotonic seconds); inf: not before a result."""
        return inf if self.under_way else self._not_before

    @property
    def busy(self) -> bool:
        """Whether an append is running, or a write is in no append yet."""
        return self.under_way or self._taken < self._run_state.written

    def stop_delaying(self) -> None:
        """Stops delaying appends: the run is ending, and may be killed soon."""
        self._no_delay = True

    def note_write(self, *, urgent: bool) -> None:
        """Records that the state writer has a new write."""
        self._since = min(self._since, self._clock.monotonic())
        self._urgent |= urgent

    def due(self) -> float:
        """When the next append may start (monotonic seconds); inf: not before a result."""
        if self.under_way or self._taken == self._run_state.written:
            return inf
        at = self._since
        if not (self._urgent or self._no_delay or self.append_time < _QUICK):
            at += min(_MAX_DELAY, _DELAY_FACTOR * self.append_time)
        return max(at, self._not_before)

    def start_due(self) -> None:
        """Starts the next append, if it is due."""
        if self.due() <= self._clock.monotonic():
            self._not_before = self._clock.monotonic() + self._least_gap
            batch = self._run_state.take()
            self._taken, self._since, self._urgent, self.under_way = batch.number, inf, False, True
            self._start(AppendJob(self._journal, batch, self._clock))

    def append_ended(self, result: AppendResult) -> None:
        """Takes the result of an append. Raises errors other than StateError.

        After a StateError the run ends, and its writes count as durable, so that their events are emitted: the store
        left what clouds have answered in a rescue copy, or names it in the error.
        """
        self.under_way, self.append_time = False, result.seconds
        self._run_state.durable = result.number
        if isinstance(result.error, StateError):
            self.unsaved = result.error
        elif result.error is not None:
            raise result.error

"""Makes a run's writes durable, one append at a time, while the run goes on.

On a full disk an append fails: then the run starts nothing more, but waits for the answers of the calls that are out,
because they are paid for, and tries to write them, too. What can't be saved is left in a rescue copy by the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Protocol

from reconciler.engine.state_writer import Batch, StateWriter
from reconciler.errors import StateError
from reconciler.model.state import State
from reconciler.protocols import Clock

_LONGEST_HOLD = 0.5  # seconds that a result waits for others
_HELD = 3.0  # times an append's own duration
_QUICK = 0.02  # seconds: an append so short is worth no waiting


class Journal(Protocol):
    """What a run needs of the store."""

    def commit(self, state: State, *, touched: Iterable[str] | None = None) -> None:
        """Durable when it returns. `touched`: the keys of the only records that may differ."""
        ...


@dataclass(frozen=True, slots=True)
class AppendResult:
    """An append's end. With an `error` nobody knows what of it is durable."""

    number: int
    seconds: float
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class AppendJob:
    """One append, as a job of the worker pool. It ends with its process."""

    journal: Journal
    batch: Batch
    clock: Clock

    def __call__(self) -> AppendResult:
        began, error = self.clock.monotonic(), None
        try:
            self.journal.commit(self.batch.state, touched=self.batch.touched)
        except Exception as caught:  # noqa: BLE001 - a worker's exception would be heard by nobody
            error = caught
        return AppendResult(self.batch.number, self.clock.monotonic() - began, error)


class AppendQueue:
    """Owned by the run's thread. Intents go at once; results wait a little for others where appends take their time."""

    def __init__(
        self, state_writer: StateWriter, journal: Journal, clock: Clock, start: Callable[[AppendJob], None]
    ) -> None:
        self._state_writer = state_writer
        self._journal = journal
        self._clock = clock
        self._start = start
        self.took = 0.0  # seconds, the last append
        self._since = inf  # when the oldest write came that no append holds
        self._taken = 0  # the number of the last write that an append holds
        self._urgent = False
        self._hurries = False
        self.under_way = False
        self.unsaved: StateError | None = None

    @property
    def busy(self) -> bool:
        return self.under_way or self._taken < self._state_writer.written

    def hurry(self) -> None:
        """From now on nothing waits for company: the run ends, and may be ended from outside."""
        self._hurries = True

    def wrote(self, *, urgent: bool) -> None:
        self._since = min(self._since, self._clock.monotonic())
        self._urgent |= urgent

    def due(self) -> float:
        """When the next append may start; inf: not before an answer."""
        if self.under_way or self._taken == self._state_writer.written:
            return inf
        if self._urgent or self._hurries or self.took < _QUICK:
            return self._since
        return self._since + min(_LONGEST_HOLD, _HELD * self.took)

    def turn(self) -> None:
        if self.due() <= self._clock.monotonic():
            batch = self._state_writer.take()
            self._taken, self._since, self._urgent, self.under_way = batch.number, inf, False, True
            self._start(AppendJob(self._journal, batch, self._clock))

    def appended(self, answer: AppendResult) -> None:
        """Raises what is no failure of the disk's.

        After one the run ends. What happened is told all the same, so it counts as if it were durable: the rescue copy
        has it.
        """
        self.under_way, self.took = False, answer.seconds
        self._state_writer.durable = answer.number
        if isinstance(answer.error, StateError):
            self.unsaved = answer.error
        elif answer.error is not None:
            raise answer.error

"""Holds the state while a run changes it, and emits each event only after the writes before it are durable.

Writes take effect here at once. They become durable together, one append at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from reconciler.model.events import Event
from reconciler.model.paid_calls import PaidCalls, added
from reconciler.model.state import Record, State
from reconciler.values import value


@value
class Batch:
    """What one append writes. `touched`: the keys of all records that may differ. `number`: that of the last write."""

    state: State
    touched: frozenset[str]
    number: int


class RunState:
    """The state of a run, with numbered writes (from 1). Only one thread uses it."""

    def __init__(self, state: State, emit: Callable[[Event], None]) -> None:
        self._state = state
        self.paid_calls = state.paid_calls  # with all writes so far
        self._emit = emit
        self._records: dict[str, Record] = {}
        self._current: dict[str, str | None] = {}
        self._without: set[str] = set()
        self._touched: set[str] = set()
        self._events: deque[tuple[int, Event]] = deque()
        self.written = 0
        self.durable = 0
        self.listener_error: Exception | None = None  # why no event can be emitted any more: a broken pipe, a full disk

    @property
    def state(self) -> State:
        """The state with all writes, durable or not. Its indexes, such as `by_voice_id`, are made anew after each."""
        if self._records or self._current or self._without or self.paid_calls is not self._state.paid_calls:
            before = {key for address in self._current if (key := self._state.current.get(address)) is not None}
            self._touched |= {*self._records, *self._without, *before}  # a binding is written with its record
            self._state = self._state.with_changes(
                self._records.values(), current=self._current, without=self._without, paid_calls=self.paid_calls
            )
            self._records, self._current, self._without = {}, {}, set()
        return self._state

    def record(self, key: str | None) -> Record | None:
        """The record with this key, with all writes so far; None if there is none."""
        if key is None or key in self._without:
            return None
        return self._records.get(key) or self._state.records.get(key)

    def at(self, address: str) -> Record | None:
        """The current record of the address."""
        return self.record(self._current[address] if address in self._current else self._state.current.get(address))

    def write(
        self,
        *records: Record,
        current: Mapping[str, str | None] | None = None,
        without: Iterable[str] = (),
        paid: PaidCalls | None = None,
    ) -> None:
        for record in records:
            self._records[record.external_task_id] = record
            self._without.discard(record.external_task_id)
        for key in without:
            self._records.pop(key, None)
            self._without.add(key)
        self._current.update(current or {})
        if paid is not None:
            self.paid_calls = added(self.paid_calls, paid)
        self.written += 1

    def take(self) -> Batch:
        """All writes since the last call, for one append."""
        state, touched = self.state, frozenset(self._touched)
        self._touched = set()
        return Batch(state, touched, self.written)

    def emit(self, event: Event) -> None:
        """Queues an event. It is emitted once all writes so far are durable."""
        self._events.append((self.written, event))

    def emit_durable(self) -> None:
        """Emits the queued events whose writes are durable."""
        while self._events and self._events[0][0] <= self.durable:
            _, event = self._events.popleft()
            if self.listener_error is None:
                self._emit_one(event)

    def _emit_one(self, event: Event) -> None:
        try:
            self._emit(event)
        except Exception as error:  # noqa: BLE001 - whatever the listener fails with, results in flight are still written
            self.listener_error = error

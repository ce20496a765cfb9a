"""The state while a run changes it: written down before it is spoken of.

Changes are gathered and made durable together (group commit); what happened is told only after that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from reconciler.model.events import Event
from reconciler.model.state import Record, State


class Journal(Protocol):
    """What a run needs of the store."""

    def commit(self, state: State, *, touched: Iterable[str] | None = None) -> None:
        """Durable when it returns. `touched`: the keys of the only records that may differ."""
        ...


class Ledger:
    """Owned by one thread."""

    def __init__(self, state: State, journal: Journal, emit: Callable[[Event], None]) -> None:
        self.state = state
        self._journal = journal
        self._emit = emit
        self._records: dict[str, Record] = {}
        self._current: dict[str, str | None] = {}
        self._without: set[str] = set()
        self._events: list[Event] = []
        self.deaf: Exception | None = None  # why nobody can be told any more: a broken pipe, a full disk

    def write(
        self,
        *records: Record,
        current: Mapping[str, str | None] | None = None,
        without: Iterable[str] = (),
    ) -> None:
        """Takes effect, and becomes durable, with the next flush."""
        for record in records:
            self._records[record.external_task_id] = record
            self._without.discard(record.external_task_id)
        for key in without:
            self._records.pop(key, None)
            self._without.add(key)
        self._current.update(current or {})

    def tell(self, event: Event) -> None:
        self._events.append(event)

    def flush(self) -> None:
        if self._records or self._current or self._without:
            told = self.state.having(self._records.values(), current=self._current, without=self._without)
            touched = self._touched()
            self._records, self._current, self._without = {}, {}, set()
            self.state = told
            self._journal.commit(told, touched=touched)
        events, self._events = self._events, []
        for event in events:
            self._say(event)

    def _say(self, event: Event) -> None:
        if self.deaf is not None:
            return
        try:
            self._emit(event)
        except Exception as error:  # noqa: BLE001 - whatever the listener fails with, answers in flight are written down
            self.deaf = error

    def _touched(self) -> set[str]:
        """Also what an address meant before: its binding is written with its record."""
        before = {key for address in self._current if (key := self.state.current.get(address)) is not None}
        return {*self._records, *self._without, *before}

    def record(self, key: str) -> Record | None:
        """The newest of a record, flushed or not."""
        if key in self._without:
            return None
        return self._records.get(key) or self.state.records.get(key)

    def at(self, address: str) -> Record | None:
        key = self._current[address] if address in self._current else self.state.current.get(address)
        return self.record(key) if key is not None else None

"""What a procedure may look at: the state as it is now, the clouds' abilities, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.engine.cloud import Cloud
from reconciler.engine.state_writer import StateWriter
from reconciler.model.state import Record, State
from reconciler.protocols import Clock


@dataclass(frozen=True, slots=True)
class Context:
    state_writer: StateWriter
    clouds: Mapping[str, Cloud]
    clock: Clock

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def state(self) -> State:
        return self.state_writer.state

    def record(self, key: str | None) -> Record | None:
        return self.state_writer.record(key)

    def at(self, address: str) -> Record | None:
        """The record that the address means."""
        return self.state_writer.at(address)

    def means(self, record: Record) -> bool:
        """Whether its address means this record."""
        meant = self.state_writer.at(record.address)
        return meant is not None and meant.external_task_id == record.external_task_id

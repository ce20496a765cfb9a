"""What a procedure may read: the state as it is now, the clouds, and the time."""

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
    """What a procedure may read."""

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
        """The current record of the address."""
        return self.state_writer.at(address)

    def is_current(self, record: Record) -> bool:
        """Whether this is the current record of its address."""
        current = self.state_writer.at(record.address)
        return current is not None and current.external_task_id == record.external_task_id

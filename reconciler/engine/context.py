"""What a procedure may look at: the state as it is now, the clouds' abilities, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.engine.cloud import Cloud
from reconciler.engine.ledger import Ledger
from reconciler.model.state import Record, State
from reconciler.protocols import Clock


@dataclass(frozen=True, slots=True)
class Context:
    ledger: Ledger
    clouds: Mapping[str, Cloud]
    clock: Clock

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def state(self) -> State:
        return self.ledger.state

    def record(self, key: str | None) -> Record | None:
        return self.ledger.record(key)

    def at(self, address: str) -> Record | None:
        """The record that the address means."""
        return self.ledger.at(address)

    def means(self, record: Record) -> bool:
        """Whether its address means this record."""
        meant = self.ledger.at(record.address)
        return meant is not None and meant.external_task_id == record.external_task_id

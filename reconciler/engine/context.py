"""What a procedure may read: the state as it is now, the clouds, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reconciler.engine.cloud import Cloud
from reconciler.engine.run_state import RunState
from reconciler.model.state import Record, State
from reconciler.protocols.clock import Clock
from reconciler.values import value


@value
class Context:
    """What a procedure may read."""

    run_state: RunState
    clouds: Mapping[str, Cloud]
    clock: Clock

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def state(self) -> State:
        return self.run_state.state

    def record(self, key: str | None) -> Record | None:
        return self.run_state.record(key)

    def at(self, address: str) -> Record | None:
        """The current record of the address."""
        return self.run_state.at(address)

    def is_current(self, record: Record) -> bool:
        """Whether this is the current record of its address."""
        current = self.run_state.at(record.address)
        return current is not None and current.external_task_id == record.external_task_id

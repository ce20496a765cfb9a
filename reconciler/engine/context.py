"""What a procedure may read: the state as it is now, the clouds, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from reconciler.engine.cloud import Cloud
from reconciler.engine.daily_allowance import DailyAllowance
from reconciler.engine.run_state import RunState
from reconciler.model.paid_calls import PaidCalls, made_on
from reconciler.model.state import Record, State
from reconciler.protocols.clock import Clock
from reconciler.values import value


@value
class Context:
    """What a procedure may read."""

    run_state: RunState
    clouds: Mapping[str, Cloud]
    clock: Clock
    allowance: DailyAllowance = field(default_factory=DailyAllowance)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def paid_call(self) -> PaidCalls:
        """What counts one paid call today."""
        return PaidCalls(self.now.date(), 1)

    def allows_another_paid_call(self) -> bool:
        """Whether the limit of the day allows a paid call that the plan does not contain."""
        return self.allowance.allows_another(made_on(self.run_state.paid_calls, self.now.date()))

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

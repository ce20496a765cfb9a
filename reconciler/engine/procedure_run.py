"""A procedure that is running, with its counters."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.engine.steps import End, Procedure
from reconciler.model.plan import Change


@dataclass(slots=True, eq=False)
class ProcedureRun:
    """One change that is being carried out. Only the scheduler's thread uses it. Times are monotonic, in seconds."""

    change: Change
    procedure: Procedure[End]
    since: float | None = None  # when its first call was sent
    sent_at: float = 0.0  # when its last call was sent
    waiting_since: float = 0.0  # when it began to wait for its task
    tries: int = 0  # how often the current call was sent
    barrier: int = 0  # the number of its last write, which must be durable before its next call

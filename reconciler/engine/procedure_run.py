"""One change under way."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.engine.steps import End, Procedure
from reconciler.model.plan import Change


@dataclass(slots=True, eq=False)
class ProcedureRun:
    """Touched by the scheduler's thread only. Moments are monotonic, in seconds."""

    change: Change
    procedure: Procedure[End]
    since: float | None = None  # of its first call
    sent_at: float = 0.0  # of its last call
    waiting_since: float = 0.0  # for its task
    tries: int = 0  # of the call that it waits for
    barrier: int = 0  # the number of its last write, which its calls wait for

"""What an apply tells while it runs: one event for each thing that happened. Views turn them into lines."""

from __future__ import annotations

from enum import StrEnum

from reconciler.hints import NO_HINT
from reconciler.model.base import AnyHint, Frozen


class Kind(StrEnum):
    STARTED = "started"  # its first call of this run goes out
    ACCEPTED = "accepted"  # the cloud took it; a task runs
    RETRYING = "retrying"  # a call did not work and will be made again, or its outcome is being looked up
    DONE = "done"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    BLOCKED = "blocked"
    SLOWED = "slowed"  # the pace or the cap was lowered
    STOPPED = "stopped"  # a systemic failure or an interruption: nothing new starts
    SUMMARY = "summary"  # always the last


class Tally(Frozen):
    """How far an apply is. Seconds are of the run's own clock."""

    total: int = 0
    done: int = 0
    running: int = 0
    failed: int = 0
    blocked: int = 0
    uncertain: int = 0
    left: int = 0  # not begun because the run stopped
    calls: int = 0
    seconds: float = 0.0

    @property
    def unfinished(self) -> bool:
        """Whether an apply that ended so has to exit with 1."""
        return bool(self.failed or self.blocked or self.uncertain or self.left or self.running)


class Event(Frozen):
    """`detail` is for people, and may hold a cloud's own words: a view escapes it."""

    kind: Kind
    address: str = ""
    action: str = ""
    provider: str = ""
    voice_id: str | None = None
    detail: str = ""
    hint: AnyHint = NO_HINT
    tally: Tally | None = None

"""The events of a running apply. Views turn them into lines."""

from __future__ import annotations

from enum import StrEnum

from reconciler.hints import NO_HINT
from reconciler.model.base import AnyHint, Frozen


class Kind(StrEnum):
    """What happened."""

    STARTED = "started"  # the action's first call of this run is sent
    ACCEPTED = "accepted"  # the cloud accepted the request; a task runs
    RETRYING = "retrying"  # a call failed and is made again, or its outcome is being checked
    DONE = "done"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    BLOCKED = "blocked"
    SLOWED = "slowed"  # the rate limit or the concurrency limit was lowered
    STOPPED = "stopped"  # a systemic failure or an interruption: nothing new starts
    WRITTEN = "written"  # a file for applications was written
    REMOVED = "removed"  # a file for applications was removed, since it would hold nothing
    UNWRITTEN = "unwritten"  # a file for applications was not written, and is as it was
    SUMMARY = "summary"  # always the last


class Tally(Frozen):
    """The progress of an apply. `seconds` are measured by the run's own clock."""

    total: int = 0
    done: int = 0
    running: int = 0
    failed: int = 0
    blocked: int = 0
    uncertain: int = 0
    left: int = 0  # not begun because the run stopped
    calls: int = 0
    seconds: float = 0.0
    charges: dict[str, str] = {}  # provider -> what its cloud says that it took: `0.1 units`; only in a summary

    @property
    def unfinished(self) -> bool:
        """Whether an apply with these counts has to exit with 1."""
        return bool(self.failed or self.blocked or self.uncertain or self.left or self.running)


class Event(Frozen):
    """One event. `detail` is for the user and may quote a cloud: a view has to escape it."""

    kind: Kind
    address: str = ""
    action: str = ""
    provider: str = ""
    voice_id: str | None = None
    detail: str = ""
    hint: AnyHint = NO_HINT
    tally: Tally | None = None

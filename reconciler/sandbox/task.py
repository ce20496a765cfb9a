"""A task and the voice that it makes. A task's status is derived from timestamps, so nothing runs in the background."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Any

from reconciler.values import value

SELECT = (
    "SELECT number, account, task_id, key, voice_id, voice_name, created_at, started_at, ended_at, failure, deleted_at,"
    " action, told, used_at FROM creations WHERE"
)
LIVING = "deleted_at IS NULL AND failure IS NULL AND ended_at <= :now"


class Stage(StrEnum):
    """The status of a task."""

    SUBMITTED = "submitted"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


@value
class Task:
    """A task. Times are Unix milliseconds. Its voice exists from `ended_at` on, unless there is a `failure`."""

    number: int  # in the order of creation
    account: str  # `kling:sandbox-prod`, `tencent:sandbox-prod/vod/221073`
    task_id: str
    key: str | None  # chosen by the caller; None: the caller gave none, or it was made outside
    voice_id: str  # empty: the task makes a file, or nothing
    voice_name: str
    created_at: int
    started_at: int
    ended_at: int | None  # None: never
    failure: str | None
    deleted_at: int | None
    action: str = ""  # the name of the API call that made it; empty at Kling, which has one
    details_json: str = "{}"  # what the request said and what the task's answer repeats; column `told`
    used_at: int | None = None  # the first use of the voice

    @property
    def details(self) -> dict[str, Any]:
        """`details_json`, parsed."""
        parsed: dict[str, Any] = json.loads(self.details_json)
        return parsed

    def stage(self, now: int) -> Stage:
        """The status at this time."""
        if now < self.started_at:
            return Stage.SUBMITTED
        if self.ended_at is None or now < self.ended_at:
            return Stage.PROCESSING
        return Stage.READY if self.failure is None else Stage.FAILED

    def changed_at(self, now: int) -> int:
        """When the current status began."""
        match self.stage(now):
            case Stage.SUBMITTED:
                return self.created_at
            case Stage.PROCESSING:
                return self.started_at
            case Stage.READY | Stage.FAILED:
                return self.ended_at or self.started_at


def owner_of(account: str) -> str:
    """The number of an account in answers. It is the same in every world, so a reset does not change the account."""
    return str(100_000_000 + int.from_bytes(hashlib.sha256(account.encode()).digest()[:8], "big") % 900_000_000)

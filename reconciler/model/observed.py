"""What a cloud shows of a voice: found, absent, unknown for now, or unverifiable for ever. Unknown is a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from types import UnionType

from reconciler.errors import Cause
from reconciler.values import value


class TaskStatus(StrEnum):
    """The status of a cloud's task."""

    RUNNING = "running"  # also any status that the cloud does not document: never a success
    READY = "ready"
    FAILED = "failed"


@value
class RemoteVoice:
    """One voice as it exists in a cloud. All text in it is the cloud's own and may be hostile to a terminal."""

    status: TaskStatus
    voice_id: str | None = None  # always set when ready
    voice_name: str | None = None
    task_id: str | None = None
    external_task_id: str | None = None
    owned_by: str | None = None
    message: str | None = None  # why a task failed, in the cloud's own text
    cause: Cause | None = None  # the cause, where the message is a known one
    url: str | None = None  # of a sound (not a voice); not redacted, because the URL is the result that was paid for
    file_id: str | None = None
    expires_at: datetime | None = None  # UTC
    deleted: bool = False  # the cloud says explicitly that the task's result was deleted
    voiceless: bool = False  # its task has succeeded and shows no voice: not yet, or no longer
    charge: str | None = field(default=None, compare=False)  # what its cloud took for it: an amount and a unit
    active: bool = False  # it was used once, so a cloud that lists only used voices lists it


@value
class Found:
    """The voice or its task exists in the cloud."""

    remote: RemoteVoice


@value
class Absent:
    """The cloud was read successfully, and the voice does not exist."""


@value
class Unknown:
    """The cloud could not be read this time. Every change that depends on the answer is blocked."""

    why: str


@value
class Unverifiable:
    """The cloud can never say whether the voice exists. Changes that don't depend on the answer are not blocked."""

    why: str


Observation = Found | Absent | Unknown | Unverifiable


@value
class Observations:
    """What was observed in one provider's account.

    `of` holds an observation for every requested record, by external_task_id.
    `marked` are voices that carry a voicectl marker which none of those records has.
    `owners` are the ids of the voices' creators (Kling's owned_by, without Kling's own id).
    """

    account: str
    of: dict[str, Observation] = field(default_factory=dict)
    marked: tuple[RemoteVoice, ...] = ()
    owners: frozenset[str] = frozenset()
    presets: dict[str, str] | None = None  # voice_id -> voice_name; None: not requested, or not available
    unlisted: str | None = None  # why the list could not be read; `marked` is incomplete then
    credentials: str | None = None  # equal for equal credentials within this run; does not reveal them
    ahead: float = 0.0  # seconds by which the cloud's clock is ahead of this machine's, if it refused our time
    calls: int = 0


def check(remote: RemoteVoice) -> None:
    """Raises TypeError if a field has another type than declared: the state could not be read any more.

    Adapters fill the fields, also those of other packages; what they pass on is checked before it is recorded.
    """
    wrong = [name for name, kind in _TYPES.items() if not isinstance(getattr(remote, name), kind)]
    if not wrong and remote.expires_at is not None and remote.expires_at.tzinfo is None:
        wrong = ["expires_at"]
    if wrong:
        raise TypeError(f"a cloud's answer has {', '.join(wrong)} of a wrong type")


_TEXTS = ("voice_id", "voice_name", "task_id", "external_task_id", "owned_by", "message", "url", "file_id", "charge")
_TYPES: Mapping[str, type | UnionType] = {
    **dict.fromkeys(_TEXTS, str | None),
    **dict.fromkeys(("deleted", "voiceless", "active"), bool),
    "status": TaskStatus,
    "cause": Cause | None,
    "expires_at": datetime | None,
}

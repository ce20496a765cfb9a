"""What was found in a cloud: there, not there, not known now, or never to be known. Not knowing is a value."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from reconciler.errors import Cause
from reconciler.model.base import Frozen


class TaskStatus(StrEnum):
    RUNNING = "running"  # also a status that the cloud's documents do not know: never a success
    READY = "ready"
    FAILED = "failed"


class RemoteVoice(Frozen):
    """One voice as it exists in a cloud. All text in it is the cloud's own and may be hostile to a terminal."""

    status: TaskStatus
    voice_id: str | None = None  # always there when ready
    voice_name: str | None = None
    task_id: str | None = None
    external_task_id: str | None = None
    owned_by: str | None = None
    message: str | None = None  # why a task failed, in the cloud's words
    cause: Cause | None = None  # the same, where those words are known
    url: str | None = None  # of a sound that is no voice; whole, because it is what was paid for
    file_id: str | None = None
    expires_at: datetime | None = None  # UTC
    deleted: bool = False  # the cloud says in so many words that what the task made was deleted
    voiceless: bool = False  # its task has succeeded, and shows no voice: not yet, or not any more
    active: bool = False  # it was used, so that a cloud that shows only such voices lists it


class Found(Frozen):
    remote: RemoteVoice


class Absent(Frozen):
    """Asked for properly, and not there."""


class Unknown(Frozen):
    """Could not tell now; another time it may be told. Whatever needs the answer is blocked."""

    why: str


class Unverifiable(Frozen):
    """The cloud can never tell, so it is no reason to block what needs no answer."""

    why: str


Observation = Found | Absent | Unknown | Unverifiable


class Observations(Frozen):
    """What one provider's account looked like.

    `of` holds an observation for every record that was asked about, by external_task_id.
    `marked` are voices that carry a voicectl marker which none of those records has.
    `owners` are the creators' ids seen (Kling's owned_by, less its own).
    """

    account: str
    of: dict[str, Observation] = {}
    marked: tuple[RemoteVoice, ...] = ()
    owners: frozenset[str] = frozenset()
    presets: dict[str, str] | None = None  # voice_id -> voice_name; None: not asked for, or not to be had
    unlisted: str | None = None  # why the list could not be had: what is marked there can't be known
    credentials: str | None = None  # the same for the same credentials, in this run only; says nothing of them
    ahead: float = 0.0  # seconds that the cloud's clock is ahead of this machine's, where it refused ours
    calls: int = 0

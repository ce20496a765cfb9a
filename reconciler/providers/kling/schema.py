"""The shapes of Kling's answers, and the conversion of a task to a RemoteVoice. Only this file knows Kling's statuses.

Needed keys are checked strictly. All others are ignored, because Kling adds keys without notice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StrictInt, StringConstraints

from reconciler.model import urls
from reconciler.model.failures import cause_of
from reconciler.model.observed import RemoteVoice, TaskStatus

SUCCEEDED = ("succeed", "succeeded")  # the spelling of the older and of the newer calls
_DELETED = (
    "the voice was made, and has been deleted since"  # its key can't be used again, so waiting for a voice is useless
)

Id = str | StrictInt  # documented as decimal text of 18 digits; never a float, which would round it

TaskId = Annotated[str, StringConstraints(min_length=1)] | StrictInt


class _KlingModel(BaseModel):
    model_config = ConfigDict(extra="ignore", defer_build=True)


class Voice(_KlingModel):
    """A voice in the result of a task."""

    voice_id: Id | None = None
    voice_name: Id | None = None
    owned_by: Id | None = None
    status: object = None  # documented for the newer calls only; "deleted" is one value
    trial_url: object = None  # signed anew for each answer: a secret, and never a part of the RemoteVoice


class TaskInfo(_KlingModel):
    """The part of a task that repeats our key."""

    external_task_id: Id | None = None


class TaskResult(_KlingModel):
    """The result of a task that succeeded."""

    voices: list[Voice] | None = None


class Task(_KlingModel):
    """One creation, as get and list return it. Each preset is a task too."""

    task_id: TaskId
    task_status: str
    task_status_msg: object = None
    task_info: TaskInfo | None = None
    task_result: TaskResult | None = None
    final_unit_deduction: object = None  # documented as decimal text

    @property
    def key(self) -> str | None:
        return _text(self.task_info.external_task_id) if self.task_info else None

    @property
    def succeeded(self) -> bool:
        return self.task_status in SUCCEEDED

    @property
    def voice(self) -> Voice | None:
        """The voice that the task made, if it exists now."""
        voices = (self.task_result.voices if self.task_result else None) or []
        return next((v for v in voices if v.voice_id not in (None, "") and v.status != "deleted"), None)

    @property
    def deleted(self) -> bool:
        """Whether the answer says that the task's voice was deleted."""
        voices = (self.task_result.voices if self.task_result else None) or []
        return bool(voices) and all(v.status == "deleted" for v in voices)

    @property
    def emptied(self) -> bool:
        """Whether the task succeeded and its list of voices is there and empty."""
        return self.succeeded and self.task_result is not None and self.task_result.voices == []

    @property
    def voiceless(self) -> bool:
        """Whether the task succeeded without a voice: the voice was deleted, or the result is not there yet."""
        return self.succeeded and self.voice is None and not self.deleted

    def remote(self, redact: Callable[[str | None, object], str]) -> RemoteVoice:
        """The RemoteVoice of this task. `redact` takes the key and a message, which may quote a signed URL."""
        task_id = str(self.task_id)
        voice = self.voice if self.succeeded else None
        if voice is not None:
            return RemoteVoice(
                status=TaskStatus.READY,
                voice_id=_text(voice.voice_id),
                voice_name=urls.as_ever(_text(voice.voice_name)),
                owned_by=_text(voice.owned_by),
                task_id=task_id,
                external_task_id=self.key,
                charge=charge_of(self.final_unit_deduction),
            )
        if self.task_status == "failed" or self.deleted:
            why = _DELETED if self.deleted else redact(self.key, self.task_status_msg or "no reason given")
            return RemoteVoice(
                status=TaskStatus.FAILED,
                task_id=task_id,
                external_task_id=self.key,
                message=why,
                cause=cause_of(why),
                charge=charge_of(self.final_unit_deduction),
                deleted=self.deleted,
            )
        return RemoteVoice(
            status=TaskStatus.RUNNING, task_id=task_id, external_task_id=self.key, voiceless=self.voiceless
        )


def charge_of(deduction: object) -> str | None:
    """What Kling took for a task: `0.05 units`; None if it does not say so in the documented form."""
    return _units(deduction) if type(deduction) is str else None


@lru_cache(maxsize=64)  # nearly all tasks of a list have the same
def _units(deduction: str) -> str | None:
    return f"{deduction} units" if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", deduction) else None


def _text(value: str | int | None) -> str | None:
    return None if value is None or value == "" else str(value)


class Envelope(_KlingModel):
    """What every answer of Kling has in common."""

    code: StrictInt
    message: object = None
    request_id: object = None


class _TaskReference(_KlingModel):
    task_id: TaskId


class AcceptedEnvelope(Envelope):
    """The answer to a create call."""

    data: _TaskReference


class TaskEnvelope(Envelope):
    """The answer to a get call."""

    data: Task


class TasksEnvelope(Envelope):
    """A page of a list."""

    data: list[Task] | None  # some servers send null for an empty list; a missing key is an error

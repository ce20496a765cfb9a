"""The shapes of Kling's answers, and a task as the noun that it stands for. The only place that knows its statuses.

Strict about the keys that are needed, lenient about all others: the vendor adds some without notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StrictInt, StringConstraints

from reconciler.model import urls
from reconciler.model.base import lean
from reconciler.model.failures import cause_of
from reconciler.model.observed import RemoteVoice, TaskStatus

_DELETED_SINCE = "the voice was made, and has been deleted since"  # its key is burnt, so it is no voice to wait for

Id = str | StrictInt  # documented as decimal text of 18 digits; never a float, which would round it

TaskId = Annotated[str, StringConstraints(min_length=1)] | StrictInt


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Voice(_Wire):
    voice_id: Id | None = None
    voice_name: Id | None = None
    owned_by: Id | None = None
    status: object = None  # documented for the newer calls only, where "deleted" is one of them


class TaskInfo(_Wire):
    external_task_id: Id | None = None


class TaskResult(_Wire):
    voices: list[Voice] | None = None


class Task(_Wire):
    """One creation, as get and list tell it; presets have one each."""

    task_id: TaskId
    task_status: str
    task_status_msg: object = None
    task_info: TaskInfo | None = None
    task_result: TaskResult | None = None

    @property
    def key(self) -> str | None:
        return _text(self.task_info.external_task_id) if self.task_info else None

    @property
    def succeeded(self) -> bool:
        return self.task_status in ("succeed", "succeeded")  # the older and the newer calls' spelling

    @property
    def voice(self) -> Voice | None:
        """The voice it made, if that is there now."""
        voices = (self.task_result.voices if self.task_result else None) or []
        return next((v for v in voices if v.voice_id not in (None, "") and v.status != "deleted"), None)

    @property
    def deleted(self) -> bool:
        """The cloud says itself that what it made is gone."""
        voices = (self.task_result.voices if self.task_result else None) or []
        return bool(voices) and all(v.status == "deleted" for v in voices)

    @property
    def emptied(self) -> bool:
        """It succeeded and says in so many words that it has no voice."""
        return self.succeeded and self.task_result is not None and self.task_result.voices == []

    @property
    def voiceless(self) -> bool:
        """It succeeded and shows no voice: what a deleted voice may leave, or a result that is not there yet."""
        return self.succeeded and self.voice is None and not self.deleted

    def remote(self, redact: Callable[[str | None, object], str]) -> RemoteVoice:
        """The noun. Its words are shown and kept, so they are `redact` with its key: they may quote a signed link."""
        task_id = str(self.task_id)
        voice = self.voice if self.succeeded else None
        if voice is not None:
            ready = RemoteVoice(
                status=TaskStatus.READY,
                voice_id=_text(voice.voice_id),
                voice_name=urls.as_ever(_text(voice.voice_name)),
                owned_by=_text(voice.owned_by),
                task_id=task_id,
                external_task_id=self.key,
            )
            return lean(ready)
        if self.task_status == "failed" or self.deleted:
            why = _DELETED_SINCE if self.deleted else redact(self.key, self.task_status_msg or "no reason given")
            failed = RemoteVoice(
                status=TaskStatus.FAILED, task_id=task_id, external_task_id=self.key, message=why, deleted=self.deleted
            )
            return failed.model_copy(update={"cause": cause_of(why)})
        return RemoteVoice(
            status=TaskStatus.RUNNING, task_id=task_id, external_task_id=self.key, voiceless=self.voiceless
        )


def _text(value: str | int | None) -> str | None:
    return None if value is None or value == "" else str(value)


class Envelope(_Wire):
    code: StrictInt
    message: object = None
    request_id: object = None


class _Ticket(_Wire):
    task_id: TaskId


class AcceptedEnvelope(Envelope):
    data: _Ticket  # a create's answer: only the task's id is needed


class TaskEnvelope(Envelope):
    data: Task


class TasksEnvelope(Envelope):
    data: list[Task] | None  # null is how some servers spell an empty list; a missing key is not

"""The shapes of VOD's answers, and the conversion of tasks and listed voices to RemoteVoice.

Only this file knows VOD's statuses. A failed task has the status FINISH too; its ErrCodeExt shows the failure.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from reconciler.model import urls
from reconciler.model.failures import cause_of
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.providers.listing import MARKER
from reconciler.providers.tencent.errors import rule
from reconciler.providers.tencent.schema import Reply, TencentModel

TEMPORARY_FILE_LIFE = timedelta(
    days=7
)  # CreateAigcAudioTask, OutputConfig.StorageMode: how long a Temporary file's URL lasts

_SUCCEEDED = ("success", "succeed", "succeeded")  # the words of Vidu, Kling, and Kling's newer calls

TaskId = Annotated[str, StringConstraints(min_length=1)]


class AcceptedReply(Reply):
    """The reply of an action that creates a task."""

    task_id: TaskId


class TaskLine(TencentModel):
    """One task in a list: its status and its key."""

    task_id: TaskId
    status: object = None
    session_id: object = None

    @property
    def key(self) -> str | None:
        return _text(self.session_id)

    @property
    def ended(self) -> bool:
        return self.status in ("FINISH", "ABORTED")


class TasksReply(Reply):
    """A page of DescribeTasks."""

    task_set: list[TaskLine] | None  # null may mean an empty list; a missing key is an error
    scroll_token: str | None = None


class _Task(TencentModel):
    """The fields that all four types of tasks have."""

    status: object = None
    err_code: object = None
    err_code_ext: object = None
    message: object = None
    input: object = None
    output: dict[str, Any] | None = None
    session_id: object = None


class DetailReply(Reply):
    """The reply of DescribeTaskDetail. Only the object for its own type is set; the others are null or missing."""

    status: object = None
    finish_time: object = None
    create_aigc_custom_voice_task: _Task | None = None
    create_aigc_audio_clone_task: _Task | None = None
    clone_voice_async_task: _Task | None = None
    aigc_audio_task: _Task | None = None

    @property
    def key(self) -> str | None:
        return _text(self._task.session_id) if self._task else None

    def remote(self, task_id: str, redact: Callable[[object], str]) -> RemoteVoice:
        """The RemoteVoice of this task. An unknown status, or a success without a result, counts as running."""
        inside = self._task
        running = RemoteVoice(status=TaskStatus.RUNNING, task_id=task_id, external_task_id=self.key)
        why = _failure(inside) if inside else None
        if self.status == "ABORTED":
            return _failed(running, redact(why or "the task was aborted"))
        if inside is None or "FINISH" not in (self.status, inside.status):
            return running
        if why is not None:
            return _failed(running, redact(why), code=_text(inside.err_code_ext) or "")
        output = inside.output or {}
        if inside is self.aigc_audio_task:
            return _sound(running, output, finished=_time(self.finish_time))
        made = _voice(running, output, redact)
        return made if made.voice_name else replace(made, voice_name=_requested_name(inside.input))

    @property
    def trial_link(self) -> str | None:
        """The link to a recording of the finished voice, which is signed: DemoAudio, or Kling's trial_url."""
        output = (self._task.output if self._task else None) or {}
        listed = output.get("InfoList")
        infos = [info for info in (listed if isinstance(listed, list) else [output]) if isinstance(info, dict)]
        for found in (info.get("DemoAudio") or _parse_object(info.get("VoiceInfo")).get("trial_url") for info in infos):
            if isinstance(found, str) and urls.is_url(found):
                return found
        return None

    @property
    def _task(self) -> _Task | None:
        return (
            self.create_aigc_custom_voice_task
            or self.create_aigc_audio_clone_task
            or self.clone_voice_async_task
            or self.aigc_audio_task
        )


class VoiceLine(TencentModel):
    """One voice in the list of DescribeVoices."""

    voice_id: Annotated[str, Field(min_length=1)]
    name: object = None
    labels: object = None
    audio_url: object = None

    @property
    def trial_link(self) -> str | None:
        """The link to a recording of the voice."""
        return self.audio_url if isinstance(self.audio_url, str) and urls.is_url(self.audio_url) else None

    def remote(self) -> RemoteVoice:
        """The RemoteVoice of this voice. Its key is the last label that is a voicectl marker."""
        labels = self.labels if isinstance(self.labels, list) else []
        marks = [label for label in labels if isinstance(label, str) and MARKER.match(label)]
        return RemoteVoice(
            status=TaskStatus.READY,
            voice_id=self.voice_id,
            voice_name=_text(self.name),
            external_task_id=marks[-1] if marks else None,
            active=True,  # the list shows only voices that were used
        )


class VoicesReply(Reply):
    """The reply of DescribeVoices."""

    voices: list[VoiceLine] | None  # a missing key is an error: as an empty list, all voices would look deleted


def _failure(task: _Task) -> str | None:
    """The failure of a task, if it failed. Either ErrCode or ErrCodeExt may be empty then."""
    code = _text(task.err_code_ext) or (str(task.err_code) if task.err_code not in (None, 0, "", "0") else "")
    return f"{code}: {_text(task.message) or 'no reason given'}" if code else None


def _failed(running: RemoteVoice, why: str, *, code: str = "") -> RemoteVoice:
    """A failed task. `code` is ErrCodeExt; if it is only FailedOperation, the message gives the cause."""
    cause = rule(code, action="").cause or cause_of(why)
    return replace(running, status=TaskStatus.FAILED, message=why, cause=cause)


def _voice(running: RemoteVoice, output: dict[str, Any], redact: Callable[[object], str]) -> RemoteVoice:
    """The result of a finished task. Respects the status of the service behind VOD: Vidu's State, Kling's status."""
    listed = output.get("InfoList")
    for info in listed if isinstance(listed, list) else [output]:
        if not isinstance(info, dict):
            continue
        voice = _parse_object(info.get("VoiceInfo"))
        state = _text(voice.get("status")) or _text(info.get("State"))
        voice_id = _text(info.get("VoiceId")) or _text(voice.get("voice_id"))
        if state is not None and state.lower() == "failed":
            return _failed(running, redact(_text(voice.get("message")) or "the service behind VOD reports a failure"))
        if voice_id is not None and (state is None or state.lower() in _SUCCEEDED):
            name = urls.as_ever(_text(voice.get("voice_name")))
            return replace(running, status=TaskStatus.READY, voice_id=voice_id, voice_name=name)
    return running


def _requested_name(request: object) -> str | None:
    """The name in the request, which the task repeats. MiniMax's result has no name."""
    options = _parse_object(request.get("ExtParam")) if isinstance(request, dict) else {}
    profile = options.get("voice_profile")
    return urls.as_ever(_text(profile.get("name"))) if isinstance(profile, dict) else None


def _parse_object(text: object) -> dict[str, Any]:
    """The object in a JSON string, as VoiceInfo and ExtParam are. Empty if it is invalid."""
    try:
        parsed = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _sound(running: RemoteVoice, output: dict[str, Any], *, finished: datetime | None) -> RemoteVoice:
    lists = [output.get(name) for name in ("AudioInfos", "VideoInfos")]
    for file in (file for files in lists if isinstance(files, list) for file in files if isinstance(file, dict)):
        url, file_id = _text(file.get("FileUrl")), _text(file.get("FileId"))
        if url is None and file_id is None:
            continue
        expires_at = _time(file.get("ExpireTime"))
        if expires_at is None and finished is not None and file.get("StorageMode") != "Permanent":
            expires_at = finished + TEMPORARY_FILE_LIFE
        return replace(running, status=TaskStatus.READY, url=url, file_id=file_id, expires_at=expires_at)
    return running


def _time(text: object) -> datetime | None:
    """A time in ISO 8601, as UTC. None for the year 1 too, which VOD sends for a task that has not ended."""
    try:
        when = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if when is None or when.year < 2000 or when.year > 9000:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _text(value: object) -> str | None:
    if isinstance(value, bool) or value is None or value == "":
        return None
    return str(value) if isinstance(value, (str, int)) else None

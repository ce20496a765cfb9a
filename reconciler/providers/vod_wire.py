"""The shapes of VOD's answers, and a task or a listed voice as the noun that it stands for.

The only place that knows its statuses. A task that failed says FINISH: its ErrCodeExt tells.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.providers.listing import MARKER
from reconciler.providers.tencent_wire import Reply, Wire

TEMPORARY = timedelta(days=7)  # CreateAigcAudioTask, OutputConfig.StorageMode: how long a Temporary file's URL lasts

TaskId = Annotated[str, StringConstraints(min_length=1)]


class AcceptedReply(Reply):
    task_id: TaskId


class TaskLine(Wire):
    """One task in a list: how far it is, and whose."""

    task_id: str
    status: str = ""
    session_id: object = None
    create_time: object = None

    @property
    def key(self) -> str | None:
        return self.session_id if isinstance(self.session_id, str) and self.session_id else None

    @property
    def over(self) -> bool:
        return self.status in ("FINISH", "ABORTED")


class TasksReply(Reply):
    task_set: list[TaskLine] | None = None  # null is how an empty list may be spelled
    scroll_token: object = None


class _Task(Wire):
    """What the four sub-objects have in common."""

    status: object = None
    err_code: object = None
    err_code_ext: object = None
    message: object = None
    output: dict[str, Any] | None = None
    session_id: object = None


class DetailReply(Reply):
    status: str = ""
    finish_time: object = None
    create_aigc_custom_voice_task: _Task | None = None
    create_aigc_audio_clone_task: _Task | None = None
    clone_voice_async_task: _Task | None = None
    aigc_audio_task: _Task | None = None

    def remote(self, task_id: str, scrubbed: Callable[[object], str]) -> RemoteVoice:
        """The noun. An unknown status never reads as success, nor does a success that shows nothing."""
        inside = (
            self.create_aigc_custom_voice_task
            or self.create_aigc_audio_clone_task
            or self.clone_voice_async_task
            or self.aigc_audio_task
        )
        running = RemoteVoice(status=TaskStatus.RUNNING, task_id=task_id)
        if self.status == "ABORTED":
            return _failed(task_id, "the task was aborted")
        if inside is None or "FINISH" not in (self.status, inside.status):
            return running
        why = _failure(inside)
        if why is not None:
            return _failed(task_id, scrubbed(why))
        output = inside.output or {}
        if inside is self.aigc_audio_task:
            return _sound(task_id, output, finished=_time(self.finish_time)) or running
        voice_id, name = _voice_of(output)
        if voice_id is None:
            return running
        return RemoteVoice(status=TaskStatus.READY, task_id=task_id, voice_id=voice_id, voice_name=name)


class VoiceLine(Wire):
    voice_id: Annotated[str, Field(min_length=1)]
    name: object = None
    labels: list[object] | None = None

    def remote(self) -> RemoteVoice:
        marks = [label for label in self.labels or [] if isinstance(label, str) and MARKER.match(label)]
        return RemoteVoice(
            status=TaskStatus.READY,
            voice_id=self.voice_id,
            voice_name=_text(self.name),
            external_task_id=marks[-1] if marks else None,
            active=True,  # a voice that was never used is not shown
        )


class VoicesReply(Reply):
    voices: list[VoiceLine] | None = None


def _failure(task: _Task) -> str | None:
    """ErrCode may be 0 where ErrCodeExt tells of a failure."""
    code = _text(task.err_code_ext) or (str(task.err_code) if task.err_code not in (None, 0, "", "0") else "")
    if not code:
        return None
    return f"{code}: {_text(task.message) or 'no reason given'}"


def _failed(task_id: str, why: str) -> RemoteVoice:
    return RemoteVoice(status=TaskStatus.FAILED, task_id=task_id, message=why)


def _voice_of(output: dict[str, Any]) -> tuple[str | None, str | None]:
    """The id and the name that a task's output shows. VoiceInfo is JSON in a string."""
    listed = output.get("InfoList")
    if not isinstance(listed, list):
        return _text(output.get("VoiceId")), None
    for info in listed:
        if isinstance(info, dict):
            told = _inside(info.get("VoiceInfo"))
            voice_id = _text(info.get("VoiceId")) or _text(told.get("voice_id"))
            if voice_id is not None:
                return voice_id, _text(told.get("voice_name"))
    return None, None


def _inside(text: object) -> dict[str, Any]:
    try:
        told = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _sound(task_id: str, output: dict[str, Any], *, finished: datetime | None) -> RemoteVoice | None:
    files = [f for name in ("AudioInfos", "VideoInfos") for f in output.get(name) or [] if isinstance(f, dict)]
    for file in files:
        url, file_id = _text(file.get("FileUrl")), _text(file.get("FileId"))
        if url is None and file_id is None:
            continue
        expires_at = _time(file.get("ExpireTime"))
        if expires_at is None and finished is not None and file.get("StorageMode") != "Permanent":
            expires_at = finished + TEMPORARY
        return RemoteVoice(status=TaskStatus.READY, task_id=task_id, url=url, file_id=file_id, expires_at=expires_at)
    return None


def _time(text: object) -> datetime | None:
    """ISO 8601, UTC. None for the year 1 too: how an end that is not there yet is written."""
    try:
        when = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if when is None or when.year < 2000 or when.year > 9000:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def created(line: TaskLine) -> datetime | None:
    return _time(line.create_time)


def _text(value: object) -> str | None:
    if isinstance(value, bool) or value is None or value == "":
        return None
    return str(value) if isinstance(value, (str, int)) else None

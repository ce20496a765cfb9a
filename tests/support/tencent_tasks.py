"""VOD's tasks and voices as the vendor's API shows them: values and their JSON, no behaviour."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NEVER = "0001-01-01T00:00:00Z"
# action -> TaskType, and the only field of the task's details that is not null
KINDS = {
    "CreateAigcCustomVoice": ("CreateAigcCustomVoice", "CreateAigcCustomVoiceTask"),
    "CreateAigcAudioClone": ("CreateAigcAudioClone", "CreateAigcAudioCloneTask"),
    "CloneVoiceAsync": ("CloneVoiceAsync", "CloneVoiceAsyncTask"),
    "CreateAigcAudioTask": ("AigcAudioTask", "AigcAudioTask"),
}


@dataclass(frozen=True)
class Failure:
    """How a task ends without a voice. Its Status is FINISH too."""

    message: str
    code: int = 0
    ext: str = "FailedOperation"


@dataclass
class Voice:
    """A voice of the account; `used` after a text was read with it."""

    voice_id: str
    made_by: str
    name: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    used: bool = False
    deleted: bool = False

    @property
    def listed(self) -> bool:
        return self.made_by == "CloneVoiceAsync" and self.used and not self.deleted

    def shown(self) -> dict[str, Any]:
        empty = {"Name": "", "Description": "", "Gender": "unknown", "Age": "unknown", "Languages": [], "Labels": []}
        return {"VoiceId": self.voice_id, "Category": "clone", **empty, "Scenes": [], "AudioUrl": "", **self.fields}


@dataclass
class Task:
    """An accepted creation: its task ends `seconds` after `born`."""

    task_id: str
    action: str
    body: Mapping[str, Any]
    born: float
    seconds: float
    voice: Voice | None = None
    sound: Mapping[str, Any] | None = None
    failure: Failure | None = None

    @property
    def session_id(self) -> str:
        return str(self.body.get("SessionId", ""))

    def status(self, now: float) -> str:
        if now - self.born >= self.seconds:
            return "FINISH"
        return "PROCESSING" if now - self.born >= self.seconds / 2 else "WAITING"

    def simple(self, now: float) -> dict[str, Any]:
        """The task as DescribeTasks returns it."""
        fields = {
            "TaskId": self.task_id,
            "Status": self.status(now),
            "FileId": "",
            "TaskType": KINDS[self.action][0],
            **self._times(now),
        }
        return fields | {"SessionId": self.session_id, "SessionContext": self.body.get("SessionContext", "")}

    def detail(self, now: float) -> dict[str, Any]:
        """The task as DescribeTaskDetail returns it. One of its null fields is undocumented."""
        kind, field_of_it = KINDS[self.action]
        others: dict[str, Any] = dict.fromkeys([f for _, f in KINDS.values()] + ["CreateAigcMaterialTask"])
        return {
            "TaskType": kind,
            "Status": self.status(now),
            **self._times(now),
            **others,
            field_of_it: self._inside(now),
        }

    def _times(self, now: float) -> dict[str, Any]:
        done, begun = self.status(now) == "FINISH", self.status(now) != "WAITING"
        return {
            "CreateTime": iso(self.born),
            "BeginProcessTime": iso(self.born + self.seconds / 2) if begun else NEVER,
            "FinishTime": iso(self.born + self.seconds) if done else NEVER,
        }

    def _inside(self, now: float) -> dict[str, Any]:
        done = self.status(now) == "FINISH"
        failed = self.failure if done else None
        fields: dict[str, Any] = {
            "TaskId": self.task_id,
            "Status": "FINISH" if done else "PROCESSING",
            "ErrCode": failed.code if failed else 0,
            "ErrCodeExt": failed.ext if failed else "",
            "Message": failed.message if failed else "",
            "Progress": 100 if done else 40,
            "Input": {k: v for k, v in self.body.items() if not k.startswith(("Session", "SubApp", "Tasks"))},
            "Output": self._output() if done and not failed else None,
        }
        if self.action != "CreateAigcAudioTask":
            fields |= {"SessionId": self.session_id, "SessionContext": self.body.get("SessionContext", "")}
        return fields

    def _output(self) -> dict[str, Any]:
        if self.sound is not None:
            return {"AudioInfos": [dict(self.sound)], "VideoInfos": []}
        assert self.voice is not None
        voice_id, demo = self.voice.voice_id, f"https://demo.example.com/{self.voice.voice_id}.wav?Expires=1"
        if self.action == "CreateAigcAudioClone":
            output = {"TaskId": "946327268018376704", "State": "success", "VoiceId": voice_id, "DemoAudio": demo}
            return output | {"Payload": self.body.get("Payload", ""), "CreatedAt": "2026-04-27T12:38:42.934734Z"}
        if self.action == "CloneVoiceAsync":
            return {"VoiceId": voice_id, "DemoAudio": demo, "ExtInfo": "{}"}
        info = {"voice_id": voice_id, "voice_name": self.voice.name, "trial_url": demo, "owned_by": "100", "status": ""}
        return {"InfoList": [{"VoiceId": voice_id, "VoiceInfo": json.dumps(info | {"status": "succeed"})}]}


def iso(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()

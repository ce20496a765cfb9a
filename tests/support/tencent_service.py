"""A simulated Tencent Cloud on a real socket, written from the vendor's documents and not from our adapters.

    with TencentService() as tencent:
        tencent.spoil("CloneVoiceAsync", Spoil.REPLY_LOST)
        …                              # a client calls tencent.url with tencent.secret_id and secret_key
        assert tencent.accepted["CloneVoiceAsync"] == 1

VOD and TRTC share one port; the service in the signature tells which one is meant. Switches are plain attributes and
may be changed while it runs. Its limit: it serves one account, and keeps everything in memory.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from tests.support import tencent_rules as rules
from tests.support.kling_socket import Hangup, HtmlAnswer, JsonAnswer, SocketServer
from tests.support.tencent_rules import Refusal
from tests.support.tencent_tasks import Failure, Task, Voice, iso, seconds_of

__all__ = ["RATES", "Call", "Failure", "Spoil", "TencentService"]

HISTORY = 72 * 3600.0
RATES = {"CreateAigcCustomVoice": 20, "CreateAigcAudioClone": 20, "CreateAigcAudioTask": 20, "CloneVoiceAsync": 20}
RATES |= {"DescribeVoices": 20, "DeleteVoice": 20, "VoiceClone": 20, "DescribeTaskDetail": 100}  # the vendor's own
CREATIONS = ("CreateAigcCustomVoice", "CreateAigcAudioClone", "CloneVoiceAsync", "CreateAigcAudioTask", "VoiceClone")


class Spoil(StrEnum):
    """What happens to the response after the work was done."""

    REPLY_LOST = "the connection is closed"
    INTERNAL_ERROR = "InternalError"
    GARBAGE = "HTTP 200 with a page of HTML"


@dataclass(frozen=True)
class Call:
    """A received request; `code` is empty if the work was done."""

    action: str
    at: float
    code: str
    body: Mapping[str, Any]


class TencentService:
    def __init__(self, *, sub_app_id: int = 221073, now: Callable[[], float] = time.time, seed: int = 0) -> None:
        self.now, self.sub_app_id, self.sdk_app_id = now, sub_app_id, 1466000000
        self.secret_id, self.secret_key = "AKIDEXAMPLE", "SECRETEXAMPLE"
        self.other_keys: dict[str, str] = {}  # of other users of the account
        # Switches
        self.task_seconds = 0.0
        self.list_delay = 0.0  # seconds until DescribeTasks shows a task
        self.rate_limits: Mapping[str, int] = {}  # action -> calls in any second
        self.duplicate_code: dict[str, str] = {}  # action -> the error code for a SessionId that was used
        self.failing: dict[str, Failure] = {}  # name or id of a voice, or prompt of a sound -> how its task ends
        self.sound_lasts = 7 * 86_400.0  # seconds until a Temporary file expires
        self.chances: Mapping[Spoil, float] = {}  # probability for each response
        self.spared: frozenset[str] = frozenset()  # actions to which `chances` do not apply
        self.total_count = False  # DescribeVoices returns TotalCount
        # Contents and history
        self.tasks: list[Task] = []
        self.voices: list[Voice] = []
        self.calls: list[Call] = []
        self._spoiled: Counter[tuple[str, Spoil]] = Counter()
        self._refused: defaultdict[str, list[Refusal]] = defaultdict(list)
        self._rng = random.Random(seed)
        self._ids = 0
        self._lock = threading.RLock()
        self._server = SocketServer(self._answer, now=now)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def accepted(self) -> Counter[str]:
        """How often each creation, and each first use, was accepted, and so paid."""
        paid = (*CREATIONS, "TextToSpeechSync", "TextToSpeech")
        return Counter(c.action for c in self.calls if c.action in paid and not c.code)

    @property
    def sessions(self) -> Counter[str]:
        """SessionId -> how many creations were accepted."""
        return Counter(c.body["SessionId"] for c in self.calls if "SessionId" in c.body and not c.code)

    @property
    def living(self) -> list[Voice]:
        """Every voice that exists, listed or not."""
        ended = {t.voice.voice_id for t in self.tasks if t.voice and t.failure is None}
        made = {v.voice_id for v in self.voices if v.made_by == "VoiceClone"} | ended
        return [v for v in self.voices if v.voice_id in made and not v.deleted]

    def count(self, action: str) -> int:
        return sum(c.action == action for c in self.calls)

    def spoil(self, action: str, how: Spoil, *, times: int = 1) -> None:
        """Lets the next calls do their work and spoils their responses."""
        self._spoiled[action, how] += times

    def refuse(self, action: str, code: str, message: str = "refused", *, times: int = 1) -> None:
        """Lets the next calls fail with this error, without any work."""
        self._refused[action] += [Refusal(code, message)] * times

    def delete_outside(self, voice_id: str) -> None:
        self._voice(voice_id).deleted = True

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop()

    # -- one request ---------------------------------------------------------------------------------------------------

    def _answer(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> JsonAnswer | HtmlAnswer:
        with self._lock:
            action, code, body = headers.get("x-tc-action", "?"), "", dict[str, Any]()
            try:
                asked = f"{method} {target}"
                action = rules.action_of(
                    asked, headers, content, keys={self.secret_id: self.secret_key, **self.other_keys}, now=self.now()
                )
                body = rules.read(action, headers, content)
                response = self._work(action, body)
            except Refusal as refused:
                code, response = refused.code, {"Error": {"Code": refused.code, "Message": refused.message}}
            self.calls.append(Call(action, self.now(), code, body))
            return self._spoil(action, response)

    def _work(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        if self._refused[action]:
            raise self._refused[action].pop(0)
        self._check_rate(action)
        if body.get("SubAppId") not in (None, self.sub_app_id, str(self.sub_app_id)):
            raise Refusal("InvalidParameterValue.SubAppId", "another application")
        if body.get("SdkAppId") not in (None, self.sdk_app_id):
            raise Refusal("InvalidParameter", "another SdkAppId")
        match action:
            case "CreateAigcCustomVoice" | "CreateAigcAudioClone" | "CloneVoiceAsync" | "CreateAigcAudioTask":
                return {"TaskId": self._begin(action, body).task_id}
            case "VoiceClone":
                return {"VoiceId": self._voice_clone(body).voice_id}
            case "DescribeTaskDetail":
                return self._task(body["TaskId"]).detail(self.now())
            case "DescribeTasks":
                return self._page_of_tasks(body)
            case "DescribeVoices":
                return self._list_voices(body)
            case "TextToSpeechSync":
                return self._speak(body)
            case "TextToSpeech":
                if not any(v.voice_id == body["Voice"].get("VoiceId") for v in self.voices):
                    raise Refusal("InvalidParameter.VoiceId", "Voice ID not found.")
                return {"Audio": "", "TotalDurationMs": 1}
            case "UpdateVoice":
                rules.check_fields(body["VoiceFields"])
                voice = self._in_use(body["VoiceId"])
                voice.fields |= body["VoiceFields"]
                return {"Voice": voice.shown()}
            case _:
                self._in_use(body["VoiceId"]).deleted = True
                return {}

    def _check_rate(self, action: str) -> None:
        now = self.now()
        lately = sum(c.action == action and now - c.at < 1 and c.code != "RequestLimitExceeded" for c in self.calls)
        if lately >= self.rate_limits.get(action, lately + 1):
            raise Refusal("RequestLimitExceeded", f"over {self.rate_limits[action]} a second")

    def _begin(self, action: str, body: dict[str, Any]) -> Task:
        profile: dict[str, Any] = {}
        match action:
            case "CreateAigcCustomVoice":
                rules.check_custom_voice(body)
            case "CreateAigcAudioClone":
                rules.check_audio_clone(body)
            case "CloneVoiceAsync":
                profile = rules.check_clone(body)
            case _:
                rules.check_audio_task(body)
        session = body.get("SessionId")
        if session and any(t.session_id == session and self.now() - t.born < HISTORY for t in self.tasks):
            code = self.duplicate_code.get(action, "InvalidParameterValue.SessionId")
            raise Refusal(code, "The deduplication ID already exists.")
        self._ids += 1
        kind = "AigcAudioTask" if action == "CreateAigcAudioTask" else action
        task = Task(f"{self.sub_app_id}-{kind}-{uuid.uuid4().hex}t", action, body, self.now(), self.task_seconds)
        task.failure = self._failure(action, body, profile)
        if action == "CreateAigcAudioTask":
            task.sound = self._sound(body.get("OutputConfig", {}))
        elif task.failure is None:
            ids = {"CreateAigcAudioClone": body.get("VoiceId"), "CloneVoiceAsync": f"minimax_{self._ids:06}"}
            name = body.get("VoiceName") or profile.get("name", "")
            fields = {key.capitalize(): value for key, value in profile.items()}
            task.voice = Voice(ids.get(action) or f"{890000000 + self._ids}", action, name, fields)
            self.voices.append(task.voice)
        self.tasks.append(task)
        return task

    def _failure(self, action: str, body: Mapping[str, Any], profile: Mapping[str, Any]) -> Failure | None:
        if {"VoiceUrl", "VideoId"} <= set(body):
            return Failure("video_id must be empty when voice_url is present")
        if action == "CreateAigcAudioClone" and any(v.voice_id == body["VoiceId"] for v in self.voices):
            return Failure("voice clone voice id duplicate")
        named = (body.get("VoiceName"), body.get("VoiceId"), profile.get("name"), body.get("Prompt"))
        return next((self.failing[str(name)] for name in named if name in self.failing), None)

    def _sound(self, output: Mapping[str, Any]) -> dict[str, Any]:
        mode = output.get("StorageMode", "Temporary")
        fields = {"StorageMode": mode, "MediaName": output.get("MediaName", ""), "ClassId": output.get("ClassId", 0)}
        lasts = {"ExpireTime": iso(self.now() + self.sound_lasts)} if mode == "Temporary" else {}
        kept = {"FileId": f"{5280000000 + self._ids}"} if mode == "Permanent" else {}
        url = f"https://files.example.com/{self._ids}.mp3"
        return fields | lasts | kept | {"FileType": "mp3", "FileUrl": url, "Duration": 6}

    def _voice_clone(self, body: Mapping[str, Any]) -> Voice:
        rules.check_voice_clone(body)
        self._ids += 1
        voice = Voice(f"{body['VoiceName']}_{uuid.uuid4().hex[:11]}", "VoiceClone", body["VoiceName"])
        self.voices.append(voice)
        return voice

    # -- reading -------------------------------------------------------------------------------------------------------

    def _task(self, task_id: str) -> Task:
        for task in self.tasks:
            if task.task_id == task_id and self.now() - task.born < HISTORY:
                return task
        raise Refusal("InvalidParameterValue.TaskId", "the task does not exist")

    def _page_of_tasks(self, body: Mapping[str, Any]) -> dict[str, Any]:
        now, limit = self.now(), body.get("Limit", 10)
        if not 1 <= limit <= 100:
            raise Refusal("InvalidParameterValue", "Limit should be 1 to 100")
        if body.get("Status", "FINISH") not in ("WAITING", "PROCESSING", "FINISH"):
            raise Refusal("InvalidParameterValue.Status", "no such status")
        span, sort = body.get("CreateTime", {}), body.get("Sort", {})
        after, before = seconds_of(span.get("After", iso(0))), seconds_of(span.get("Before", iso(4e9)))
        found = [
            t
            for t in self.tasks
            if self.list_delay <= now - t.born < HISTORY
            and after <= int(t.born) <= before
            and body.get("Status") in (None, t.status(now))
        ]
        found.sort(key=lambda t: t.born, reverse=sort.get("Order", "Desc") == "Desc")
        token = body.get("ScrollToken") or "0"
        if not token.isdecimal():
            raise Refusal("InvalidParameterValue", "no such ScrollToken")
        start = int(token)
        more = str(start + limit) if start + limit < len(found) else ""
        return {"TaskSet": [t.simple(now) for t in found[start : start + limit]], "ScrollToken": more}

    def _list_voices(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if body.get("VoiceType", "all") not in ("system", "clone", "design", "all"):
            raise Refusal("InvalidParameter", "VoiceType is wrong")
        system = {"VoiceId": "male-qn-qingse", "Category": "system", "Name": "Qingse"}
        rows = [v.shown() for v in self.voices if v.listed and self._ended(v)]
        if body.get("VoiceType", "all") == "all":
            rows.append(system)
        shown = [r for r in rows if body.get("VoiceId") in (None, r["VoiceId"])]
        labels = set(body.get("Labels", ()))
        shown = [r for r in shown if labels <= set(r.get("Labels", ()))]
        return {"Voices": shown} | ({"TotalCount": len(shown)} if self.total_count else {})

    def _speak(self, body: Mapping[str, Any]) -> dict[str, Any]:
        rules.check_speech(body)
        voice = self._voice(body["VoiceId"])
        if voice.made_by != "CloneVoiceAsync":
            raise Refusal("InvalidParameterValue", "no voice of this service")
        voice.used = True
        return {"AudioData": "", "AudioUrl": "https://files.example.com/tts.wav", "ExtInfo": "{}"}

    def _voice(self, voice_id: str) -> Voice:
        for voice in self.voices:
            if voice.voice_id == voice_id and not voice.deleted and self._ended(voice):
                return voice
        raise Refusal("ResourceNotFound", "the voice does not exist")

    def _in_use(self, voice_id: str) -> Voice:
        """A voice that may be changed: it must have been used once."""
        voice = self._voice(voice_id)
        if not voice.listed:
            raise Refusal("ResourceNotFound", "the voice does not exist")
        return voice

    def _ended(self, voice: Voice) -> bool:
        return all(t.voice is not voice or t.status(self.now()) == "FINISH" for t in self.tasks)

    def _spoil(self, action: str, response: dict[str, Any]) -> JsonAnswer | HtmlAnswer:
        answer = JsonAnswer(200, {"Response": response | {"RequestId": str(uuid.uuid4())}})
        match self._spoil_of(action):
            case Spoil.REPLY_LOST:
                raise Hangup
            case Spoil.INTERNAL_ERROR:
                error = {"Error": {"Code": "InternalError", "Message": "Internal error."}, "RequestId": "r"}
                return JsonAnswer(200, {"Response": error})
            case Spoil.GARBAGE:
                return HtmlAnswer(200, "<html><body>Please sign in</body></html>")
            case None:
                return answer

    def _spoil_of(self, action: str) -> Spoil | None:
        for how in Spoil:
            if self._spoiled[action, how] > 0:
                self._spoiled[action, how] -= 1
                return how
        if action in self.spared:
            return None
        drawn = self._rng.random()
        for how, chance in self.chances.items():
            if drawn < chance:
                return how
            drawn -= chance
        return None

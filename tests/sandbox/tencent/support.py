"""A client that calls the sandbox's Tencent API. It signs by hand, as the docs describe it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.sandbox.faults import Faults
from reconciler.sandbox.http import Dropped, Request, Response
from reconciler.sandbox.router import handle
from reconciler.sandbox.world import World
from tests.support.clock import FakeClock

APPLICATION = 221073
MP3 = "https://cdn.example.com/v.mp3"
VERSIONS = {"vod": "2018-07-17", "trtc": "2019-07-22", "mps": "2019-06-12"}
SOURCE = {"Type": "Url", "Url": MP3}

Headers = dict[str, str]


def signed(
    body: bytes,
    *,
    action: str,
    product: str,
    timestamp: int,
    secret_id: str = "sandbox-default",
    secret_key: str = "sandbox-secret",
    date: str = "",
    also: Headers | None = None,
) -> Headers:
    """The headers of a call. `also` are signed too."""
    headers = {"content-type": "application/json", "host": f"{product}.intl.tencentcloudapi.com"} | (also or {})
    day = date or f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].lower()}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{product}/tc3_request"
    text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"TC3" + secret_key.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return headers | {
        "authorization": f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
        "x-tc-action": action,
        "x-tc-version": VERSIONS[product],
        "x-tc-timestamp": str(timestamp),
        **({"x-tc-region": "ap-singapore"} if product == "trtc" else {}),
    }


@dataclass
class TencentCaller:
    world: World
    clock: FakeClock
    secret_id: str = "sandbox-default"
    application: int = APPLICATION
    lines: list[str] = field(default_factory=list)

    def send(
        self,
        action: str,
        body: object,
        *,
        change: Callable[[Headers], Headers] = lambda headers: headers,
        product: str = "",
        **signing: Any,
    ) -> Response | Dropped:
        """Sends a call. `change` modifies the headers after the signing. A body of bytes is sent unchanged."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        product = product or ("trtc" if action in ("VoiceClone", "TextToSpeech") else "vod")
        options: dict[str, Any] = {
            "timestamp": int(self.clock.now().timestamp()),
            "secret_id": self.secret_id,
        } | signing
        headers = change(signed(sent, action=action, product=product, **options))
        request = Request.received("POST", "/", headers=headers.items(), body=sent)
        return handle(self.world, request, self.lines.append)

    def call(self, action: str, body: object, **more: Any) -> dict[str, Any]:
        """The content of `Response` without the RequestId."""
        answer = self.send(action, body, **more)
        assert isinstance(answer, Response)
        assert (answer.status, answer.content_type) == (200, "application/json")
        inside: dict[str, Any] = json.loads(answer.body)["Response"]
        assert inside.pop("RequestId")
        return inside

    def refused(self, action: str, body: object, **more: Any) -> str:
        """The error code of a refused call."""
        inside = self.call(action, body, **more)
        assert set(inside) == {"Error"}, inside
        assert set(inside["Error"]) == {"Code", "Message"}
        return str(inside["Error"]["Code"])

    # -- what people do ------------------------------------------------------------------------------------------------

    def custom_voice(self, **more: object) -> dict[str, Any]:
        return self.call("CreateAigcCustomVoice", self.app | {"VoiceName": "Hero", "VideoId": "12345"} | more)

    def audio_clone(self, voice_id: str = "villain_01", **more: object) -> dict[str, Any]:
        body = {"VoiceId": voice_id, "AudioFileInfo": SOURCE, "Text": "Read this aloud."}
        return self.call("CreateAigcAudioClone", self.app | body | more)

    def minimax(self, profile: dict[str, object] | None = None, **more: object) -> dict[str, Any]:
        body = {"AudioUrl": MP3, "ExtParam": json.dumps({"voice_profile": profile or {"name": "Mini"}})}
        return self.call("CloneVoiceAsync", self.family | body | more)

    def sound(self, **more: object) -> dict[str, Any]:
        body = {"ModelName": "Kling", "SceneType": "sfx", "Prompt": "Fireworks", "OutputConfig": {"Duration": 6}}
        return self.call("CreateAigcAudioTask", self.app | body | more)

    def detail(self, accepted: dict[str, Any]) -> dict[str, Any]:
        return self.call("DescribeTaskDetail", self.app | {"TaskId": accepted["TaskId"]})

    def finished(self, accepted: dict[str, Any]) -> dict[str, Any]:
        """The part of a finished task's detail that is not null."""
        self.clock.sleep(self.world.faults().task_seconds)
        detail = self.detail(accepted)
        assert detail["Status"] == "FINISH"
        (inside,) = [part for part in detail.values() if isinstance(part, dict)]
        return dict(inside)

    def tasks(self, **wanted: object) -> dict[str, Any]:
        return self.call("DescribeTasks", self.app | wanted)

    def voices(self, **wanted: object) -> list[dict[str, Any]]:
        response = self.call("DescribeVoices", self.family | {"VoiceType": "clone"} | wanted)
        assert response["TotalCount"] == len(response["Voices"])
        return list(response["Voices"])

    def speak(self, voice_id: str, **more: object) -> dict[str, Any]:
        return self.call("TextToSpeechSync", self.family | {"Text": "Hello.", "VoiceId": voice_id} | more)

    def made(self, profile: dict[str, object] | None = None) -> str:
        """The voice_id of a new voice of MiniMax that was not used yet."""
        return str(self.finished(self.minimax(profile))["Output"]["VoiceId"])

    def change_faults(self, **faults: object) -> None:
        """Sets these faults and keeps the others."""
        self.world.set_faults(Faults.model_validate(self.world.faults().model_dump() | faults))

    @property
    def app(self) -> dict[str, object]:
        return {"SubAppId": self.application}

    @property
    def family(self) -> dict[str, object]:
        """The SubAppId as text, as the MiniMax actions take it."""
        return {"SubAppId": str(self.application)}

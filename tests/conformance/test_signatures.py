"""For the same input at the same second, our requests equal those of the vendor's SDK: same payload, same signature."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("tencentcloud", reason="needs the extra [conformance]")

from tencentcloud.common import abstract_client

from reconciler.model.manifest import Voice
from reconciler.model.state import Record, Status
from reconciler.providers.tencent.auth import Credentials
from reconciler.providers.tencent.trtc.account import TencentTrtcAccount
from reconciler.providers.tencent.trtc.provider import TrtcProvider
from reconciler.providers.tencent.vod.account import TencentVodAccount
from reconciler.providers.tencent.vod.provider import VodProvider
from tests.conformance.vendor import SDK_WARNS, TRTC, Vendor, modelled
from tests.support.clock import FakeClock
from tests.support.sounds import wav

pytestmark = SDK_WARNS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOST = "127.0.0.1:18931"
REPLY = {"RequestId": "r", "TaskId": "t", "TaskSet": [], "ScrollToken": "", "Voices": [], "VoiceId": "v", "Audio": ""}
URL = {"url": "https://cdn.example.com/v.mp3"}


@dataclass
class Wire:
    """Answers and records each request."""

    sent: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return httpx.Response(200, json={"Response": REPLY})


@dataclass
class Clouds:
    wire: Wire
    vod: VodProvider
    trtc: TrtcProvider


@pytest.fixture
def clouds() -> Clouds:
    wire, clock = Wire(), FakeClock(NOW)
    transport, credentials = httpx.MockTransport(wire), Credentials("AKIDEXAMPLE", "SECRETEXAMPLE", "TOKENEXAMPLE")
    vod = TencentVodAccount(type="tencent-vod", sub_app_id=221073, endpoint=f"http://{HOST}")
    trtc = TencentTrtcAccount(type="tencent-trtc", sdk_app_id=1466000000, endpoint=f"http://{HOST}")
    return Clouds(
        wire,
        VodProvider(vod, credentials, clock=clock, transport=transport),
        TrtcProvider(trtc, credentials, clock=clock, transport=transport, environ={"FLOW_KEY": "sk-1"}),
    )


def voice(method: str, inputs: dict[str, Any]) -> Voice:
    return Voice(address="hero", provider="vod", type="tencent-vod", method=method, inputs=inputs)


def record(method: str = "clone-minimax", *, account: str, **more: Any) -> Record:
    fields: dict[str, Any] = {
        "external_task_id": "vc-1",
        "address": "hero",
        "provider": "vod",
        "method": method,
        "generation": 1,
    }
    times = {"created_at": NOW, "changed_at": NOW, "status": Status.READY, "voice_id": "minimax_1"}
    return Record(**(fields | times | {"account": account} | more))


def submit(method: str, **inputs: Any) -> Callable[[Clouds], object]:
    return lambda clouds: clouds.vod.submit(voice(method, inputs), "vc-01234567-hero-89abcdef-1")


PROFILE = {"name": "Mini", "gender": "female", "languages": ["en"], "labels": ["calm"]}
CALLS: dict[str, Callable[[Clouds], object]] = {
    "CreateAigcCustomVoice": submit(
        "create",
        voice_name="Hero",
        voice_url=URL["url"],
        disable_moderation=True,
        session_context="c",
        tasks_priority=1,
    ),
    "CreateAigcAudioClone": submit(
        "clone",
        voice_id="villain_01",
        audio=URL,
        text="Hello, 你好.",
        prompt_audio={"file_id": "528"},
        prompt_text="Hello.",
        payload="mine",
        ext_info="x",
    ),
    "CloneVoiceAsync": submit("clone-minimax", audio=URL, language_boost="en", **PROFILE),
    "CreateAigcAudioTask": submit(
        "task",
        model_name="Kling",
        model_version="1.0",
        scene_type="sfx",
        prompt="Fireworks",
        videos=[URL],
        audios=[{"file_id": "528"}],
        output={"storage_mode": "Temporary", "duration": 6},
        additional_parameters={"lyrics": "la"},
    ),
    "DescribeTasks": lambda c: c.vod.find(
        record("create", account=c.vod.account, status=Status.INTENDED, voice_id=None)
    ),
    "DescribeTaskDetail": lambda c: c.vod.poll(
        [record("create", account=c.vod.account, status=Status.RUNNING, voice_id=None, task_id="t")]
    ),
    "DescribeVoices": lambda c: c.vod.voices(),
    "UpdateVoice": lambda c: c.vod.update(record(account=c.vod.account), {"name": "Max", "labels": ["calm"]}),
    "TextToSpeechSync": lambda c: c.vod.activate(record(account=c.vod.account), "Hello."),
    "DeleteVoice": lambda c: c.vod.delete(record(account=c.vod.account)),
    "TextToSpeech": lambda c: c.trtc.probe([record("clone", account=c.trtc.account)]),
}


class NotSent(Exception):
    """Raised instead of sending a request."""


def sdk_request(
    action: str, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, str], bytes]:
    """The headers and the body of the request that the SDK would send."""

    class Frozen:
        @staticmethod
        def time() -> float:
            return NOW.timestamp()

    monkeypatch.setattr(abstract_client, "time", Frozen)
    region = "ap-singapore" if action in TRTC else ""
    client = Vendor(HOST, "AKIDEXAMPLE", "SECRETEXAMPLE", "TOKENEXAMPLE", region).client(action)
    kept: list[Any] = []

    def keep(request: Any) -> None:
        kept.append(request)
        raise NotSent

    monkeypatch.setattr(client.request, "send_request", keep)
    with pytest.raises(NotSent):
        client.call_json(action, parameters)
    return kept[0].header, kept[0].data.encode()


def check_same(clouds: Clouds, action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks that our request equals that of the SDK: payload, signature and X-TC headers."""
    (ours,) = clouds.wire.sent
    parameters = json.loads(ours.content)
    theirs, payload = sdk_request(action, parameters, monkeypatch)
    assert ours.content == payload
    assert ours.headers["authorization"] == theirs["Authorization"]
    named = ("Action", "Version", "Timestamp", "Region", "Token", "Language")
    assert {n: ours.headers.get(f"x-tc-{n}") for n in named} == {n: theirs.get(f"X-TC-{n}") for n in named}
    assert ours.headers["content-type"] == theirs["Content-Type"]
    assert ours.headers["host"] == theirs["Host"]
    assert modelled(action, parameters)._serialize() == parameters  # names and types fit the SDK's models


@pytest.mark.parametrize("action", CALLS)
def test_our_request_is_the_sdks(clouds: Clouds, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    CALLS[action](clouds)
    assert clouds.wire.sent[0].headers["x-tc-action"] == action
    check_same(clouds, action, monkeypatch)


def test_our_request_with_a_sample_is_the_sdks(clouds: Clouds, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sample = tmp_path / "concierge.wav"
    sample.write_bytes(wav(12))
    named = {"file": "concierge.wav", "sha256": sha256(sample.read_bytes()).hexdigest()}
    more = {"prompt_text": "Hello.", "model": "flow_01_turbo", "language": "en", "api_key_env": "FLOW_KEY"}
    flow = Voice(
        address="concierge",
        provider="trtc",
        type="tencent-trtc",
        method="clone",
        inputs={"voice_name": "concierge_01", "prompt_audio": named, **more},
        files={"prompt_audio": str(sample)},
    )
    clouds.trtc.submit(flow, "vc-1")
    check_same(clouds, "VoiceClone", monkeypatch)

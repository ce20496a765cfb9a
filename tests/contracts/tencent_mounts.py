"""Tencent's clouds for the contract tests: the sandbox in this process, behind an endpoint with a path prefix."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from reconciler.model.manifest import Voice
from reconciler.protocols.provider import Provider
from reconciler.providers.tencent.auth import Credentials
from reconciler.providers.tencent.trtc.account import TencentTrtcAccount
from reconciler.providers.tencent.trtc.provider import TrtcProvider
from reconciler.providers.tencent.vod.account import TencentVodAccount
from reconciler.providers.tencent.vod.provider import VodProvider
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.tencent.auth import keys_for
from reconciler.sandbox.transport import SandboxTransport
from reconciler.sandbox.world import World
from tests.contracts.mount import Mount
from tests.support.clock import FakeClock
from tests.support.sounds import wav

ENDPOINT = "https://gateway.example.com/tencent"
SAMPLE = wav(12.0)
CREATES = ("CreateAigcCustomVoice", "CreateAigcAudioClone", "CloneVoiceAsync", "VoiceClone")


class RefusingTransport(httpx.BaseTransport):
    """The sandbox; `codes` lists errors for the next calls of an action."""

    def __init__(self, world: World) -> None:
        self._sandbox = SandboxTransport(world)
        self.codes: dict[str, list[str]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        codes = self.codes.get(request.headers["X-TC-Action"])
        if not codes:
            return self._sandbox.handle_request(request)
        error = {"Code": codes.pop(), "Message": "refused"}
        return httpx.Response(200, content=json.dumps({"Response": {"Error": error, "RequestId": "r"}}))


def _voice(method: str, name: str, folder: Path) -> Voice:
    url = {"url": "https://cdn.example.com/a.mp3"}
    sample = {"file": "c.wav", "sha256": hashlib.sha256(SAMPLE).hexdigest()}
    inputs: dict[str, dict[str, Any]] = {
        "create": {"voice_name": name, "voice_url": url["url"]},
        "clone": {"model": "vidu", "voice_id": f"{name}_01", "audio": url, "text": "Read this aloud."},
        "clone-minimax": {"model": "minimax", "audio": url, "name": name},
        "trtc": {"voice_name": name, "prompt_audio": sample},
    }
    if method == "trtc":
        (folder / "c.wav").write_bytes(SAMPLE)
        fields: dict[str, Any] = {
            "type": "tencent-trtc",
            "method": "clone",
            "files": {"prompt_audio": str(folder / "c.wav")},
        }
    else:
        fields = {"type": "tencent-vod", "method": method}
    return Voice(address="narrator", provider="cloud", inputs=inputs[method], **fields)


@contextmanager
def tencent(method: str) -> Iterator[Mount]:
    """Mounts a method of VOD, or `trtc`."""
    clock = FakeClock()
    with tempfile.TemporaryDirectory() as folder, World.open(Path(folder) / "world.db", clock) as world:
        transport = RefusingTransport(world)
        world.set_faults(Faults(task_seconds=10))
        credentials = Credentials(*keys_for(""))
        provider: Provider
        if method == "trtc":
            trtc = TencentTrtcAccount(type="tencent-trtc", sdk_app_id=1466000000, endpoint=ENDPOINT)
            provider = TrtcProvider(trtc, credentials, clock=clock, environ={}, transport=transport)
        else:
            vod = TencentVodAccount(type="tencent-vod", sub_app_id=221073, endpoint=ENDPOINT)
            provider = VodProvider(vod, credentials, clock=clock, transport=transport, listed=method == "clone-minimax")

        def strike(**faults: Any) -> None:
            world.set_faults(world.faults().model_copy(update=faults))

        def fail(_name: str, _why: str) -> None:
            strike(fail=1.0)

        def delete_outside(voice_id: str) -> None:
            world.delete_outside(voice_id)

        def paid() -> int:
            clock.pass_(10)
            return len(world.voices())

        yield Mount(
            provider=provider,
            method="clone" if method == "trtc" else method,
            voice=lambda name: _voice(method, name, Path(folder)),
            finish=lambda: clock.pass_(10),
            fail=fail,
            delete_outside=delete_outside,
            lose_reply=lambda _: strike(reply_lost=1.0),
            throttle=lambda: transport.codes.update({action: ["RequestLimitExceeded"] for action in CREATES}),
            break_list=lambda: transport.codes.update(
                {
                    action: ["InternalError"] * 100
                    for action in ("DescribeVoices", "DescribeTasks", "DescribeTaskDetail")
                }
            ),
            paid=paid,
        )
        provider.close()

"""A person's samples: what is said of them before they are paid for, and what a cloud is sent of them."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kling_service import KlingService
from tests.support.sounds import wav
from tests.support.tencent_desk import CONCIERGE, MINI, TencentDesk, changed
from tests.support.tencent_service import TencentService

PLAIN = wav(12.0)
STREAMED = wav(12.0, size=2_000_000_000)
UNPADDED = PLAIN[:36] + b"LIST" + struct.pack("<I", 7) + b"INFOodd" + PLAIN[36:]


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentDesk:
    return TencentDesk(tmp_path, kling, tencent=tencent)


def sent(tencent: TencentService, action: str, key: str) -> bytes:
    [body] = [call.body for call in tencent.calls if call.action == action]
    return base64.b64decode(body[key])


@pytest.mark.parametrize(
    ("sample", "note"),
    [
        (STREAMED, "prompt_audio: its header gives no length; it is sent with a clean header and 12.0 s of sound"),
        (
            UNPADDED,
            "prompt_audio: a chunk of odd size has no pad byte; its header gives the wrong size; it is sent with a "
            "clean header and 12.0 s of sound",
        ),
    ],
)
def test_a_header_that_is_not_true_is_noted_and_not_sent(
    desk: TencentDesk, tencent: TencentService, sample: bytes, note: str
) -> None:
    (desk.folder / "concierge.wav").write_bytes(sample)
    desk.write({"concierge": CONCIERGE})
    for command in ("validate", "plan"):
        assert note in " ".join(desk.voicectl(command, code=0).out.split())
    desk.apply()
    assert sent(tencent, "VoiceClone", "PromptAudio") == PLAIN
    assert desk.actions() == {}


def test_what_minimax_is_sent_has_a_true_header_too(desk: TencentDesk, tencent: TencentService) -> None:
    (desk.folder / "m.wav").write_bytes(STREAMED)
    desk.write({"mini": changed(MINI, audio={"file": "m.wav"}, activate=None)})
    assert "audio: its header gives no length" in desk.voicectl("validate", code=0).out
    desk.apply()
    assert sent(tencent, "CloneVoiceAsync", "AudioData") == PLAIN


def test_a_sample_that_was_cut_off_is_refused_before_any_call(desk: TencentDesk, tencent: TencentService) -> None:
    (desk.folder / "concierge.wav").write_bytes(wav(12.0, size=60 * 32_000))
    desk.write({"concierge": CONCIERGE})
    ran = desk.apply(code=1)
    assert "voices.concierge.clone.prompt_audio.file: prompt_audio is cut off" in ran.err
    assert tencent.calls == []

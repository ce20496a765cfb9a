"""A person's samples: what is said of them before they are paid for, and what a cloud is sent of them."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kling_service import KlingService
from tests.support.sounds import wav
from tests.support.tencent_cli_harness import CONCIERGE, MINI, TencentCliHarness, changed
from tests.support.tencent_service import TencentService

PLAIN = wav(12.0)
STREAMED = wav(12.0, size=2_000_000_000)
UNPADDED = PLAIN[:36] + b"LIST" + struct.pack("<I", 7) + b"INFOodd" + PLAIN[36:]


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentCliHarness:
    return TencentCliHarness(tmp_path, kling, tencent=tencent)


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
    cli: TencentCliHarness, tencent: TencentService, sample: bytes, note: str
) -> None:
    (cli.folder / "concierge.wav").write_bytes(sample)
    cli.write({"concierge": CONCIERGE})
    for command in ("validate", "plan"):
        assert note in " ".join(cli.voicectl(command, code=0).out.split())
    cli.apply()
    assert sent(tencent, "VoiceClone", "PromptAudio") == PLAIN
    assert cli.actions() == {}


def test_what_minimax_is_sent_has_a_true_header_too(cli: TencentCliHarness, tencent: TencentService) -> None:
    (cli.folder / "m.wav").write_bytes(STREAMED)
    cli.write({"mini": changed(MINI, audio={"file": "m.wav"}, activate=None)})
    assert "audio: its header gives no length" in cli.voicectl("validate", code=0).out
    cli.apply()
    assert sent(tencent, "CloneVoiceAsync", "AudioData") == PLAIN


def test_a_sample_that_was_cut_off_is_refused_before_any_call(cli: TencentCliHarness, tencent: TencentService) -> None:
    (cli.folder / "concierge.wav").write_bytes(wav(12.0, size=60 * 32_000))
    cli.write({"concierge": CONCIERGE})
    ran = cli.apply(code=1)
    assert "voices.concierge.clone.prompt_audio.file: prompt_audio is cut off" in ran.err
    assert tencent.calls == []

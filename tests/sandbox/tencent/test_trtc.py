"""TRTC's voices: each call creates another one, and only speech shows whether a voice exists."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.sandbox.tencent.support import TencentCaller
from tests.support.clock import START
from tests.support.sounds import wav

SPEECH: dict[str, object] = {"SdkAppId": 1466000000, "Text": "Hello."}


def clone(sample: bytes = b"", **more: object) -> dict[str, object]:
    sample_base64 = base64.b64encode(sample or wav(10)).decode()
    return {"SdkAppId": 1466000000, "VoiceName": "concierge_01", "PromptAudio": sample_base64, **more}


def speech(voice_id: str, voice: dict[str, object] | None = None, **more: object) -> dict[str, object]:
    return SPEECH | {"Voice": {"VoiceId": voice_id, **(voice or {})}, **more}


def test_each_call_makes_another_voice(tencent: TencentCaller) -> None:
    first, second = (tencent.call("VoiceClone", clone())["VoiceId"] for _ in range(2))
    assert first != second
    assert first.startswith("concierge_01_")
    assert len(first) == len("xiaoming_02_aidniwqndq") + 2
    assert [voice.voice_id for voice in tencent.world.voices()] == [first, second]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (clone(VoiceName="has space"), "InvalidParameter.VoiceName"),
        (clone(VoiceName="x" * 37), "InvalidParameter.VoiceName"),
        (clone(VoiceName="é"), "InvalidParameter.VoiceName"),
        (clone(PromptAudio="%%%"), "InvalidParameter.AudioPrompt"),
        (clone(b"ID3 no wav"), "InvalidParameter.AudioPrompt"),
        (clone(wav(9.9)), "InvalidParameter.AudioPrompt"),
        (clone(wav(180.1)), "InvalidParameter.AudioPrompt"),
        (clone(wav(12, rate=8_000)), "InvalidParameter.AudioPrompt"),
        (clone(wav(12, channels=2)), "InvalidParameter.AudioPrompt"),
        (clone(wav(12, bits=8)), "InvalidParameter.AudioPrompt"),
        (clone(APIKey="wrong"), "MissingParameter.APIKey"),
        (clone(Language="english"), "InvalidParameter"),
        (clone(SdkAppId="1466000000"), "InvalidParameter"),
        (clone(SdkAppId=0), "InvalidParameter"),
        (clone(SessionId="s"), "UnknownParameter"),
        (clone(PromptAudio=None), "MissingParameter"),
    ],
)
def test_unusable_samples_are_refused(tencent: TencentCaller, wrong: dict[str, object], code: str) -> None:
    assert tencent.refused("VoiceClone", wrong) == code
    assert tencent.world.voices() == ()


def test_the_longest_sample_and_every_parameter_pass(tencent: TencentCaller) -> None:
    more = {"APIKey": "sk-1", "PromptText": "Hello.", "Model": "flow_01_ex", "Language": "en"}
    assert "VoiceId" in tencent.call("VoiceClone", clone(wav(180), **more))


def test_a_clone_answers_after_clone_seconds(tencent: TencentCaller) -> None:
    tencent.change_faults(clone_seconds=40)
    tencent.call("VoiceClone", clone())
    assert (tencent.clock.now() - START).total_seconds() == 40
    assert tencent.world.voices()[0].created_at == START.timestamp() * 1000


def test_a_voice_speaks_until_it_is_deleted_outside(tencent: TencentCaller) -> None:
    voice_id = tencent.call("VoiceClone", clone())["VoiceId"]
    speech_response = tencent.call("TextToSpeech", speech(voice_id))
    assert set(speech_response) == {"Audio", "Alignments", "TotalDurationMs"}
    assert len(base64.b64decode(speech_response["Audio"])) == 24_000 * 2 * speech_response["TotalDurationMs"] // 1000
    tencent.world.delete_outside("concierge_01")
    assert tencent.refused("TextToSpeech", speech(voice_id)) == "InvalidParameter.VoiceId"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (speech("fake"), "InvalidParameter.VoiceId"),
        (speech("fake", Text=""), "InvalidParameter.TextLength"),
        (speech("fake", Text="x" * 256), "InvalidParameter.TextLength"),
        (speech("fake", {"Speed": 2.1}), "InvalidParameter.Speed"),
        (speech("fake", {"Volume": 11}), "InvalidParameter.Volume"),
        (speech("fake", {"Pitch": -13}), "InvalidParameter.Pitch"),
        (speech("fake", AudioFormat={"SampleRate": 8000}), "InvalidParameter.SampleRate"),
        (speech("fake", AudioFormat={"Format": "ogg"}), "InvalidParameter"),
        (speech("fake", APIKey="wrong"), "MissingParameter.APIKey"),
        (speech("fake", {"Pitch": 1.5}), "InvalidParameter"),
    ],
)
def test_text_that_can_not_be_spoken_is_refused(tencent: TencentCaller, wrong: dict[str, Any], code: str) -> None:
    assert tencent.refused("TextToSpeech", wrong) == code


@pytest.mark.parametrize(("form", "head"), [("wav", b"RIFF"), ("mp3", b"ID3"), ("pcm", b"\0\0")])
def test_speech_comes_in_three_formats(tencent: TencentCaller, form: str, head: bytes) -> None:
    voice_id = tencent.call("VoiceClone", clone())["VoiceId"]
    speech_response = tencent.call("TextToSpeech", speech(voice_id, AudioFormat={"Format": form, "SampleRate": 16000}))
    assert base64.b64decode(speech_response["Audio"]).startswith(head)


def test_a_voice_is_of_one_application(tencent: TencentCaller) -> None:
    voice_id = tencent.call("VoiceClone", clone())["VoiceId"]
    assert tencent.refused("TextToSpeech", speech(voice_id, SdkAppId=7)) == "InvalidParameter.VoiceId"


@pytest.mark.parametrize(
    ("switch", "code"),
    [
        ({"pack_exhausted": True}, "UnsupportedOperation.NotAllowed"),
        ({"fail": 1}, "UnsupportedOperation.VoiceCloneError"),
        ({"tencent_refuses": "UnsupportedOperation.InternalError"}, "UnsupportedOperation.InternalError"),
    ],
)
def test_refusals_that_are_switched_on(tencent: TencentCaller, switch: dict[str, object], code: str) -> None:
    tencent.change_faults(**switch)
    assert tencent.refused("VoiceClone", clone()) == code
    assert tencent.world.voices() == ()

"""MiniMax's voices: a voice is listed after its first use, and deleted after a week without use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.tencent.support import TencentCaller

DAY = 86_400
CALM: dict[str, object] = {"name": "Mini", "gender": "female", "languages": ["en"], "labels": ["calm", "vc-1"]}


def named(voice_id: str, **more: object) -> dict[str, object]:
    return {"SubAppId": "221073", "VoiceId": voice_id, **more}


@pytest.fixture
def used(tencent: TencentCaller) -> str:
    voice_id = tencent.made(CALM)
    tencent.speak(voice_id)
    return voice_id


def test_a_voice_is_seen_changed_and_deleted_only_once_it_spoke(tencent: TencentCaller) -> None:
    voice_id = tencent.made(CALM)
    assert tencent.voices() == tencent.voices(VoiceId=voice_id) == []
    assert tencent.refused("UpdateVoice", named(voice_id, VoiceFields={"Name": "Max"})) == "ResourceNotFound"
    assert tencent.refused("DeleteVoice", named(voice_id)) == "ResourceNotFound"
    tencent.speak(voice_id)
    assert [voice["VoiceId"] for voice in tencent.voices()] == [voice_id]


def test_a_listed_voice_reports_its_profile(tencent: TencentCaller, used: str) -> None:
    assert tencent.voices() == [
        {
            "VoiceId": used,
            "Name": "Mini",
            "Description": "",
            "Category": "clone",
            "Gender": "female",
            "Age": "unknown",
            "Languages": ["en"],
            "Labels": ["calm", "vc-1"],
            "Scenes": [],
            "AudioUrl": "",
        }
    ]


def test_an_update_changes_what_it_names(tencent: TencentCaller, used: str) -> None:
    fields = {"Name": "Max", "Labels": ["vc-1"], "Gender": "male"}
    voice = tencent.call("UpdateVoice", named(used, VoiceFields=fields))["Voice"]
    assert (voice["Name"], voice["Labels"], voice["Gender"], voice["Languages"]) == ("Max", ["vc-1"], "male", ["en"])
    assert tencent.voices() == [voice]


def test_an_update_may_empty_what_it_does_not_name(tencent: TencentCaller, used: str) -> None:
    tencent.change_faults(update_clears=True)
    voice = tencent.call("UpdateVoice", named(used, VoiceFields={"Gender": "male"}))["Voice"]
    assert (voice["Name"], voice["Labels"], voice["Gender"], voice["Languages"]) == ("", [], "male", [])


def test_a_deleted_voice_is_gone_and_its_task_stays(tencent: TencentCaller) -> None:
    accepted = tencent.minimax(CALM)
    voice_id = tencent.finished(accepted)["Output"]["VoiceId"]
    tencent.speak(voice_id)
    assert tencent.call("DeleteVoice", named(voice_id)) == {}
    assert tencent.voices() == []
    assert tencent.refused("DeleteVoice", named(voice_id)) == "ResourceNotFound"
    assert tencent.finished(accepted)["Output"]["VoiceId"] == voice_id


def test_a_system_voice_speaks_and_stays(tencent: TencentCaller) -> None:
    system = tencent.voices(VoiceType="system")
    assert {voice["Category"] for voice in system} == {"system"}
    assert "Error" not in tencent.speak(system[0]["VoiceId"])
    assert tencent.refused("DeleteVoice", named(system[0]["VoiceId"])) == "UnsupportedOperation"


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ({"VoiceType": "all"}, 3),
        ({"VoiceType": "design"}, 0),
        ({"VoiceName": "Mini"}, 1),
        ({"VoiceName": "Min"}, 0),
        ({"Gender": "male"}, 0),
        ({"Labels": ["vc-1"]}, 1),
        ({"Labels": ["vc-2"]}, 0),
        ({"ExtParam": json.dumps({"voiceName": "min"})}, 1),
        ({"ExtParam": json.dumps({"labels": ["loud"]})}, 0),
    ],
)
def test_the_list_is_narrowed(tencent: TencentCaller, used: str, wanted: dict[str, Any], seen: int) -> None:
    assert len(tencent.voices(**wanted)) == seen


def test_an_unused_voice_is_gone_after_7_days(tencent: TencentCaller) -> None:
    kept, lost = tencent.made(), tencent.made()
    tencent.clock.sleep(7 * DAY - 2)
    assert "Error" not in tencent.speak(kept)
    tencent.clock.sleep(2)
    assert tencent.speak(lost)["Error"]["Code"] == "ResourceNotFound"
    tencent.clock.sleep(30 * DAY)
    assert [voice["VoiceId"] for voice in tencent.voices()] == [kept]


def test_how_long_an_unused_voice_lasts_is_a_switch(tencent: TencentCaller) -> None:
    tencent.change_faults(unused_seconds=60)
    voice_id = tencent.made()
    tencent.clock.sleep(60)
    assert tencent.speak(voice_id)["Error"]["Code"] == "ResourceNotFound"


@pytest.mark.parametrize("code", ["ResourceNotFound", "InvalidParameterValue", "FailedOperation"])
def test_how_an_unknown_voice_is_refused_is_a_switch(tencent: TencentCaller, code: str) -> None:
    tencent.change_faults(unknown_voice=code)
    assert tencent.refused("DeleteVoice", named("minimax_none")) == code


def test_only_minimax_voices_are_listed_or_speak(tencent: TencentCaller) -> None:
    voice_id = tencent.finished(tencent.audio_clone())["Output"]["VoiceId"]
    assert tencent.voices() == []
    assert tencent.speak(voice_id)["Error"]["Code"] == "ResourceNotFound"


@pytest.mark.parametrize(
    ("action", "wrong", "code"),
    [
        ("TextToSpeechSync", {"Text": ""}, "InvalidParameterValue"),
        ("TextToSpeechSync", {"Text": "é" * 1001}, "InvalidParameterValue"),
        ("TextToSpeechSync", {"Output": {"Type": "fileId"}}, "InvalidParameterValue"),
        ("TextToSpeechSync", {"ExtParam": "["}, "InvalidParameterValue"),
        ("TextToSpeechSync", {"Text": None}, "MissingParameter"),
        ("DescribeVoices", {"VoiceType": "mine"}, "InvalidParameterValue"),
        ("UpdateVoice", {}, "MissingParameter"),
        ("UpdateVoice", {"VoiceFields": {"Color": "red"}}, "UnknownParameter"),
    ],
)
def test_a_wrong_request_is_refused(
    tencent: TencentCaller, used: str, action: str, wrong: dict[str, Any], code: str
) -> None:
    text = {"Text": "Hello."} if action == "TextToSpeechSync" else {}
    assert tencent.refused(action, named(used) | text | wrong) == code


def test_speech_comes_as_a_link_or_as_base64(tencent: TencentCaller, used: str) -> None:
    link = tencent.speak(used)
    assert (link["AudioData"], link["AudioUrl"][:8]) == ("", "https://")
    whole = tencent.speak(used, Output={"Type": "hex"})
    assert (whole["AudioUrl"], len(whole["AudioData"]) > 0) == ("", True)

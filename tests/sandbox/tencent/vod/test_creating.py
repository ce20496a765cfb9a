"""VOD's four creating actions: direct refusals, failures of the task, and used SessionIds."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.sandbox.tencent.support import MP3, SOURCE, TencentCaller

DAY = 86_400
CUSTOM: dict[str, object] = {"SubAppId": 221073, "VoiceName": "Hero", "VideoId": "12345"}
CLONE: dict[str, object] = {
    "SubAppId": 221073,
    "VoiceId": "villain_01",
    "AudioFileInfo": SOURCE,
    "Text": "Read this aloud.",
}
MINIMAX: dict[str, object] = {"SubAppId": "221073", "AudioUrl": MP3}
ALL = {"CreateAigcCustomVoice": CUSTOM, "CreateAigcAudioClone": CLONE, "CloneVoiceAsync": MINIMAX}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"VoiceName": "x" * 21}, "InvalidParameter"),
        ({"DisableModeration": "true"}, "InvalidParameter"),
        ({"TasksPriority": 11}, "InvalidParameter"),
        ({"SessionId": "x" * 51}, "InvalidParameterValue.SessionIdTooLong"),
        ({"SessionContext": "x" * 1001}, "InvalidParameterValue.SessionContextTooLong"),
        ({"SubAppId": -1}, "InvalidParameterValue.SubAppId"),
    ],
)
def test_a_custom_voice_that_is_refused_at_once(tencent: TencentCaller, wrong: dict[str, object], code: str) -> None:
    assert tencent.refused("CreateAigcCustomVoice", CUSTOM | wrong) == code


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"VoiceUrl": MP3}, "video_id must be empty when voice_url is present"),
        ({"VideoId": ""}, "voice_url or video_id is required"),
        ({"VoiceName": ""}, "voice_name is required"),
        ({"VideoId": "", "VoiceUrl": "myVoiceUrl"}, "download audio file failed"),
        ({"VideoId": "", "VoiceUrl": "https://cdn.example.com/bad.mp3"}, "the audio does not hold exactly one clean"),
    ],
)
def test_a_custom_voice_that_fails_later(tencent: TencentCaller, wrong: dict[str, object], message: str) -> None:
    task = tencent.finished(tencent.custom_voice(**wrong))
    assert task["Message"].startswith(message)
    assert (task["Status"], task["ErrCode"], task["ErrCodeExt"]) == ("FINISH", 0, "FailedOperation")
    assert task["Output"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"VoiceId": "vidu01"},  # the example in the docs has fewer than 8 characters
        {"VoiceId": "1villain"},
        {"VoiceId": "villain_"},
        {"VoiceId": "v" * 257},
        {"Text": ""},
        {"Text": "x" * 1001},
        {"PromptText": "No end"},
        {"Payload": "x" * 1_048_577},
        {"AudioFileInfo": {"Type": "Url"}},
        {"AudioFileInfo": {"Type": "File", "Url": MP3}},
        {"AudioFileInfo": {"Url": MP3}},
        {"SessionId": "x" * 51},
    ],
)
def test_a_clone_that_is_refused_at_once(tencent: TencentCaller, wrong: dict[str, object]) -> None:
    assert tencent.refused("CreateAigcAudioClone", CLONE | wrong) == "InvalidParameter"


@pytest.mark.parametrize("missing", ["SubAppId", "AudioFileInfo", "VoiceId", "Text"])
def test_a_clone_needs_four_parameters(tencent: TencentCaller, missing: str) -> None:
    body = {name: value for name, value in CLONE.items() if name != missing}
    assert tencent.refused("CreateAigcAudioClone", body) == "MissingParameter"


def test_a_missing_file_is_refused(tencent: TencentCaller) -> None:
    body = CLONE | {"AudioFileInfo": {"Type": "File", "FileId": "missing-528"}}
    assert tencent.refused("CreateAigcAudioClone", body) == "InvalidParameterValue.FileId"


def test_a_voice_id_that_is_in_use_fails_later(tencent: TencentCaller) -> None:
    first, second = tencent.audio_clone(), tencent.audio_clone()
    task = tencent.finished(second)
    assert (task["Message"], task["ErrCodeExt"]) == ("voice clone voice id duplicate", "FailedOperation")
    assert task["Output"]["State"] == "failed"
    assert "VoiceId" not in task["Output"]
    assert tencent.finished(first)["Output"]["VoiceId"] == "villain_01"


def test_a_voice_id_is_free_again_after_its_task_failed(tencent: TencentCaller) -> None:
    bad = {"Type": "Url", "Url": "https://cdn.example.com/bad.mp3"}
    assert tencent.finished(tencent.audio_clone(AudioFileInfo=bad))["ErrCodeExt"] == "FailedOperation"
    assert tencent.finished(tencent.audio_clone())["ErrCodeExt"] == ""


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"LanguageBoost": "de"}, "InvalidParameter"),
        ({"ExtParam": "{"}, "InvalidParameter"),
        ({"ExtParam": "[]"}, "InvalidParameter"),
        ({"AudioData": "not base64"}, "InvalidParameter"),
        ({"AudioUrl": None}, "MissingParameter"),
        ({"AudioUrl": None, "AudioFileId": "missing"}, "InvalidParameterValue.FileId"),
    ],
)
def test_a_minimax_clone_that_is_refused_at_once(tencent: TencentCaller, wrong: dict[str, Any], code: str) -> None:
    assert tencent.refused("CloneVoiceAsync", MINIMAX | wrong) == code


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"text": "Hello."}, "tts_model is required"),
        ({"text": "x" * 1001, "tts_model": "m"}, "text has at most"),
        ({"voice_profile": []}, "voice_profile is not an object"),
        ({"voice_profile": {"gender": "other"}}, "voice_profile has an unknown"),
        ({"voice_profile": {"labels": "calm"}}, "languages, labels and scenes"),
    ],
)
def test_bad_values_of_a_minimax_clone_fail_later(tencent: TencentCaller, wishes: object, message: str) -> None:
    task = tencent.finished(tencent.minimax(ExtParam=json.dumps(wishes)))
    assert task["Message"].startswith(message)
    assert (task["ErrCode"], task["ErrCodeExt"], task["Output"]) == (40000, "-500", None)


def test_a_minimax_sample_that_is_unavailable_fails_later(tencent: TencentCaller) -> None:
    task = tencent.finished(tencent.minimax(AudioUrl="ftp://example.com/m.mp3"))
    assert (task["ErrCode"], task["Message"]) == (60000, "download audio file failed")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Prompt": "refused"}, "InvalidParameter.ViolationContent"),
        ({"OutputConfig": {"StorageMode": "Forever"}}, "InvalidParameter"),
        ({"OutputConfig": {"Duration": 61}}, "InvalidParameter"),
        ({"OutputConfig": {"MediaName": "x" * 65}}, "InvalidParameter"),
        ({"AdditionalParameters": "lyrics"}, "InvalidParameter"),
        ({"AudioInfos": [{"Type": "Url"}]}, "InvalidParameter"),
        ({"SessionId": "s"}, "UnknownParameter"),
    ],
)
def test_a_sound_that_is_refused_at_once(tencent: TencentCaller, wrong: dict[str, object], code: str) -> None:
    assert tencent.refused("CreateAigcAudioTask", wrong) == code


def test_a_sound_needs_no_application(tencent: TencentCaller) -> None:
    assert tencent.call("CreateAigcAudioTask", {"Prompt": "Rain"})["TaskId"].startswith("1500000001-AigcAudioTask-")


@pytest.mark.parametrize("action", ALL)
def test_a_session_id_is_taken_for_three_days(tencent: TencentCaller, action: str) -> None:
    body = ALL[action] | {"SessionId": "vc-1"}
    tencent.call(action, body)
    tencent.clock.sleep(3 * DAY - 1)
    assert tencent.refused(action, body) == "InvalidParameterValue.SessionId"
    tencent.clock.sleep(1)
    assert "TaskId" in tencent.call(action, body)


def test_a_session_id_may_be_taken_for_longer_and_refused_otherwise(tencent: TencentCaller) -> None:
    tencent.change_faults(session_seconds=7 * DAY, duplicate_session="FailedOperation.TaskDuplicate")
    for action, body in ALL.items():
        tencent.call(action, body | {"SessionId": action})
    tencent.clock.sleep(7 * DAY - 1)
    codes = [tencent.refused(action, body | {"SessionId": action}) for action, body in ALL.items()]
    assert codes == ["InvalidParameterValue.SessionId", *["FailedOperation.TaskDuplicate"] * 2]


def test_a_session_id_is_one_for_all_actions_and_a_refused_call_takes_none(tencent: TencentCaller) -> None:
    assert tencent.refused("CreateAigcAudioClone", CLONE | {"SessionId": "s", "VoiceId": "x"}) == "InvalidParameter"
    tencent.custom_voice(SessionId="s")
    assert tencent.refused("CloneVoiceAsync", MINIMAX | {"SessionId": "s"}) == "InvalidParameterValue.SessionId"


def test_an_empty_session_id_counts_as_missing(tencent: TencentCaller) -> None:
    assert tencent.custom_voice(SessionId="")["TaskId"] != tencent.custom_voice(SessionId="")["TaskId"]


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("CreateAigcCustomVoice", r"221073-CreateAigcCustomVoice-[0-9a-f]{32}t"),
        ("CreateAigcAudioClone", r"221073-CreateAigcAudioClone-[0-9a-f]{32}t"),
        ("CloneVoiceAsync", r"221073-CloneVoiceAsync-[0-9a-f]{32}t"),
    ],
)
def test_a_task_id_contains_its_application_and_its_type(tencent: TencentCaller, action: str, form: str) -> None:
    assert re.fullmatch(form, tencent.call(action, ALL[action])["TaskId"])

"""Create, poll, list, update and delete, each through the vendor's SDK and its models."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

pytest.importorskip("tencentcloud", reason="needs the extra [conformance]")

from tests.conformance.vendor import SDK_WARNS, Sandbox
from tests.support.sounds import wav

pytestmark = SDK_WARNS

APPLICATION = 221073
SOURCE = {"Type": "Url", "Url": "https://cdn.example.com/v.mp3"}
CREATES: dict[str, dict[str, Any]] = {
    "CreateAigcCustomVoice": {
        "SubAppId": APPLICATION,
        "VoiceName": "Hero",
        "VoiceUrl": "https://cdn.example.com/hero.mp3",
        "DisableModeration": "True",
        "SessionId": "vc-1",
        "SessionContext": "ctx",
        "TasksPriority": 10,
    },
    "CreateAigcAudioClone": {
        "SubAppId": APPLICATION,
        "AudioFileInfo": SOURCE,
        "VoiceId": "villain_01",
        "Text": "Read this aloud, 你好.",
        "PromptAudioFileInfo": {"Type": "File", "FileId": "528"},
        "PromptText": "Hello.",
        "Payload": "mine",
        "SessionId": "vc-1",
        "SessionContext": "ctx",
        "TasksPriority": -10,
        "ExtInfo": "ext",
    },
    "CloneVoiceAsync": {
        "SubAppId": str(APPLICATION),
        "AudioUrl": "https://cdn.example.com/m.mp3",
        "LanguageBoost": "en",
        "ExtParam": json.dumps({"voice_profile": {"name": "Mini", "labels": ["vc-1"]}}),
        "SessionId": "vc-1",
        "SessionContext": "ctx",
    },
    "CreateAigcAudioTask": {
        "SubAppId": APPLICATION,
        "ModelName": "Kling",
        "ModelVersion": "1.0",
        "SceneType": "sfx",
        "Prompt": "Fireworks",
        "VideoInfos": [SOURCE],
        "OutputConfig": {"StorageMode": "Temporary", "Duration": 6},
        "AdditionalParameters": "{}",
    },
}
PARTS = {
    "CreateAigcCustomVoice": "CreateAigcCustomVoiceTask",
    "CreateAigcAudioClone": "CreateAigcAudioCloneTask",
    "CloneVoiceAsync": "CloneVoiceAsyncTask",
    "CreateAigcAudioTask": "AigcAudioTask",
}


def made(sandbox: Sandbox, action: str, **more: Any) -> dict[str, Any]:
    """Creates a voice, and returns the part of the task's details that holds its result."""
    vendor = sandbox.vendor
    accepted = vendor.call(action, **CREATES[action] | more)
    detail = vendor.call("DescribeTaskDetail", TaskId=accepted["TaskId"], SubAppId=APPLICATION)
    assert detail["Status"] == "FINISH"
    parts = {name: value for name, value in detail.items() if isinstance(value, dict)}
    assert list(parts) == [PARTS[action]]
    return dict(parts[PARTS[action]])


@pytest.mark.parametrize("action", CREATES)
def test_what_is_created_is_polled_to_its_end(sandbox: Sandbox, action: str) -> None:
    task = made(sandbox, action)
    assert (task["Status"], task["ErrCode"], task["ErrCodeExt"], task["Progress"]) == ("FINISH", 0, "", 100)
    assert task.get("SessionId", "vc-1") == "vc-1"
    assert task["Output"]


def test_each_result_is_where_the_models_have_it(sandbox: Sandbox) -> None:
    results = {action: made(sandbox, action, **_another(action)) for action in CREATES}
    (custom,) = results["CreateAigcCustomVoice"]["Output"]["InfoList"]
    assert json.loads(custom["VoiceInfo"])["voice_id"] == custom["VoiceId"]
    assert results["CreateAigcAudioClone"]["Output"]["VoiceId"] == "villain_01"
    assert results["CloneVoiceAsync"]["Output"]["VoiceId"].startswith("minimax_")
    (sound,) = results["CreateAigcAudioTask"]["Output"]["AudioInfos"]
    assert sound["FileUrl"].startswith(f"http://{sandbox.endpoint}/")  # it serves the sound


def _another(action: str) -> dict[str, str]:
    return {} if action == "CreateAigcAudioTask" else {"SessionId": action}


def test_tasks_are_scrolled_through(sandbox: Sandbox) -> None:
    vendor = sandbox.vendor
    wanted = [f"vc-{n}" for n in range(5)]
    for key in wanted:
        vendor.call("CreateAigcCustomVoice", **CREATES["CreateAigcCustomVoice"] | {"SessionId": key})
    seen: list[str] = []
    token = ""
    while True:
        sort = {"Field": "CreateTime", "Order": "Desc"}
        page = vendor.call("DescribeTasks", SubAppId=APPLICATION, Limit=2, Sort=sort, ScrollToken=token)
        seen += [task["SessionId"] for task in page["TaskSet"]]
        token = page["ScrollToken"]
        if not token:
            break
    assert seen == wanted[::-1]


def test_a_voice_is_used_listed_updated_and_deleted(sandbox: Sandbox) -> None:
    vendor = sandbox.vendor
    named = {"VoiceId": made(sandbox, "CloneVoiceAsync")["Output"]["VoiceId"], "SubAppId": str(APPLICATION)}
    wanted = {"SubAppId": str(APPLICATION), "VoiceType": "clone"}
    assert vendor.call("DescribeVoices", **wanted)["TotalCount"] == 0
    assert vendor.call("TextToSpeechSync", Text="Hello.", **named)["AudioUrl"].startswith(f"http://{sandbox.endpoint}/")
    (voice,) = vendor.call("DescribeVoices", **wanted)["Voices"]
    assert (voice["VoiceId"], voice["Name"], voice["Labels"]) == (named["VoiceId"], "Mini", ["vc-1"])
    changed = vendor.call("UpdateVoice", VoiceFields={"Name": "Max", "Gender": "male"}, **named)["Voice"]
    assert (changed["Name"], changed["Gender"], changed["Labels"]) == ("Max", "male", ["vc-1"])
    assert vendor.call("DeleteVoice", **named) == {}
    assert vendor.call("DescribeVoices", **wanted)["Voices"] == []


def test_a_voice_of_trtc_is_made_and_speaks(sandbox: Sandbox) -> None:
    vendor = sandbox.vendor
    sample = base64.b64encode(wav(12)).decode()
    parameters = {"SdkAppId": 1466000000, "PromptText": "Hello.", "Model": "flow_01_turbo", "Language": "en"}
    voice_id = vendor.call("VoiceClone", VoiceName="concierge_01", PromptAudio=sample, **parameters)["VoiceId"]
    spoken = vendor.call("TextToSpeech", Text="Hello.", Voice={"VoiceId": voice_id}, SdkAppId=1466000000)
    assert base64.b64decode(spoken["Audio"])


def test_tasks_keys_and_unused_voices_expire(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = sandbox.vendor
    body = CREATES["CloneVoiceAsync"]
    accepted = vendor.call("CloneVoiceAsync", **body)
    detail = {"TaskId": accepted["TaskId"], "SubAppId": APPLICATION}
    voice_id = vendor.call("DescribeTaskDetail", **detail)["CloneVoiceAsyncTask"]["Output"]["VoiceId"]
    assert vendor.refused("CloneVoiceAsync", body) == "InvalidParameterValue.SessionId"
    _travel(sandbox, monkeypatch, days=3)
    assert vendor.refused("DescribeTaskDetail", detail) == "InvalidParameterValue.TaskId"
    assert vendor.call("DescribeTasks", SubAppId=APPLICATION)["TaskSet"] == []
    assert vendor.call("CloneVoiceAsync", **body)["TaskId"] != accepted["TaskId"]
    _travel(sandbox, monkeypatch, days=8)
    assert vendor.refused("TextToSpeechSync", {"Text": "Hi.", "VoiceId": voice_id}) == "ResourceNotFound"


def _travel(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *, days: int) -> None:
    """Moves the clock of the cloud, and the one with which the SDK signs."""
    import time

    from tencentcloud.common import abstract_client

    class Later:
        @staticmethod
        def time() -> float:
            return time.time() + days * 86_400

    sandbox.turn(clock_ahead=days * 86_400)
    monkeypatch.setattr(abstract_client, "time", Later)

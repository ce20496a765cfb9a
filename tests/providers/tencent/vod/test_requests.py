"""Request bodies for VOD: names, JSON types, and values that are text though they look like numbers or objects."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.model.manifest import Voice
from reconciler.protocols.provider import Accepted
from tests.providers.tencent.support import body, refusal
from tests.providers.tencent.vod.support import KEY, TASK, provider, record, voice
from tests.support.hints import in_words

ACCEPTED = body(TaskId=TASK)


def sent(action: str, declared: Voice) -> dict[str, object]:
    answers: dict[str, Any] = {action: ACCEPTED}
    vod, cloud = provider(**answers)
    assert vod.submit(declared, KEY) == Accepted(task_id=TASK)
    return cloud.request_body(action)


def test_create_says_all_that_is_declared_and_our_key_as_session_id() -> None:
    declared = voice(
        voice_name="myVoice",
        voice_url="https://cdn.example.com/a.mp3?sig=1",
        disable_moderation=True,
        session_context="mine",
        tasks_priority=-10,
    )
    assert sent("CreateAigcCustomVoice", declared) == {
        "SubAppId": 221073,
        "VoiceName": "myVoice",
        "VoiceUrl": "https://cdn.example.com/a.mp3?sig=1",
        "DisableModeration": "True",
        "SessionId": KEY,
        "SessionContext": "mine",
        "TasksPriority": -10,
    }


def test_create_from_an_earlier_work_says_nothing_that_is_not_declared() -> None:
    declared = voice(video_id="12345", disable_moderation=False)
    assert sent("CreateAigcCustomVoice", declared) == {
        "SubAppId": 221073,
        "VideoId": "12345",
        "DisableModeration": "False",
        "SessionId": KEY,
    }


def test_clone_says_all_that_is_declared_and_no_model() -> None:
    declared = voice(
        "clone",
        model="vidu",
        voice_id="villain_01",
        audio={"url": "https://cdn.example.com/v.mp3"},
        text="Read this aloud.",
        prompt_audio={"file_id": "5285890784246869930"},
        prompt_text="Hello.",
        payload="mypayload",
        session_context="mine",
        tasks_priority=10,
        ext_info="myExtInfo",
    )
    assert sent("CreateAigcAudioClone", declared) == {
        "SubAppId": 221073,
        "AudioFileInfo": {"Type": "Url", "Url": "https://cdn.example.com/v.mp3"},
        "VoiceId": "villain_01",
        "Text": "Read this aloud.",
        "PromptAudioFileInfo": {"Type": "File", "FileId": "5285890784246869930"},
        "PromptText": "Hello.",
        "Payload": "mypayload",
        "SessionId": KEY,
        "SessionContext": "mine",
        "TasksPriority": 10,
        "ExtInfo": "myExtInfo",
    }


def test_minimax_takes_the_sub_app_id_as_text_and_a_profile_as_json_in_text() -> None:
    declared = voice(
        "clone-minimax",
        model="minimax",
        audio={"url": "https://cdn.example.com/m.mp3"},
        language_boost="auto",
        text="Guten Tag.",
        tts_model="minimax-speech-2.8-hd",
        text_lang="de",
        name="Mini",
        description="calm",
        gender="female",
        age="youth",
        languages=["en"],
        labels=["calm"],
        scenes=["news"],
        activate={"text": "Hello."},
    )
    request_body = sent("CloneVoiceAsync", declared)
    assert json.loads(str(request_body.pop("ExtParam"))) == {
        "text": "Guten Tag.",
        "tts_model": "minimax-speech-2.8-hd",
        "text_lang": "de",
        "voice_profile": {
            "name": "Mini",
            "description": "calm",
            "gender": "female",
            "age": "youth",
            "languages": ["en"],
            "labels": ["calm", KEY],
            "scenes": ["news"],
        },
    }
    assert request_body == {
        "SubAppId": "221073",
        "AudioUrl": "https://cdn.example.com/m.mp3",
        "LanguageBoost": "auto",
        "SessionId": KEY,
    }


def test_minimax_carries_our_marker_though_no_label_is_declared() -> None:
    request_body = sent("CloneVoiceAsync", voice("clone-minimax", model="minimax", audio={"file_id": "528"}))
    assert json.loads(str(request_body["ExtParam"])) == {"voice_profile": {"labels": [KEY]}}
    assert request_body["AudioFileId"] == "528"


def of_a_file(path: Path, content: bytes) -> Voice:
    digest = hashlib.sha256(content).hexdigest()
    declared = voice("clone-minimax", model="minimax", audio={"file": path.name, "sha256": digest})
    return replace(declared, files={"audio": str(path)})


def test_a_local_sample_is_sent_as_base64(tmp_path: Path) -> None:
    sample = tmp_path / "m.mp3"
    sample.write_bytes(b"ID3\x04 sound")
    request_body = sent("CloneVoiceAsync", of_a_file(sample, b"ID3\x04 sound"))
    assert request_body["AudioData"] == base64.b64encode(b"ID3\x04 sound").decode()
    assert "AudioUrl" not in request_body


def test_a_local_sample_that_changed_since_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    sample = tmp_path / "m.mp3"
    sample.write_bytes(b"another sound")
    vod, cloud = provider()
    with pytest.raises(Rejected, match="changed while this run was under way"):
        vod.submit(of_a_file(sample, b"ID3\x04 sound"), KEY)
    assert cloud.asked == []


def test_a_sound_has_no_session_id_and_its_parameters_are_json_in_text() -> None:
    declared = voice(
        "task",
        model_name="Kling",
        model_version="1.0",
        scene_type="sfx",
        prompt="Fireworks",
        videos=[{"file_id": "528"}],
        audios=[{"url": "https://cdn.example.com/a.mp3"}],
        output={
            "storage_mode": "Permanent",
            "media_name": "fireworks",
            "class_id": 0,
            "expire_time": "2027-01-01T00:00:00Z",
            "duration": 6,
            "format": "mp3",
        },
        additional_parameters={"lyrics": "la", "tempo": 120, "loop": True},
        on_expiry="recreate",
    )
    request_body = sent("CreateAigcAudioTask", declared)
    assert json.loads(str(request_body.pop("AdditionalParameters"))) == {"lyrics": "la", "tempo": 120, "loop": True}
    assert request_body == {
        "SubAppId": 221073,
        "ModelName": "Kling",
        "ModelVersion": "1.0",
        "SceneType": "sfx",
        "Prompt": "Fireworks",
        "VideoInfos": [{"Type": "File", "FileId": "528"}],
        "AudioInfos": [{"Type": "Url", "Url": "https://cdn.example.com/a.mp3"}],
        "OutputConfig": {
            "StorageMode": "Permanent",
            "MediaName": "fireworks",
            "ClassId": 0,
            "ExpireTime": "2027-01-01T00:00:00Z",
            "Duration": 6,
            "OutputAudioFormat": "mp3",
        },
    }


def test_an_update_says_the_changed_fields_and_keeps_our_marker_among_the_labels() -> None:
    vod, cloud = provider(UpdateVoice=body(Voice={}))
    fields = {"name": "Maxi", "gender": None, "labels": ["loud"], "description": None}
    vod.update(record(method="clone-minimax", voice_id="minimax_1"), fields)
    assert cloud.request_body("UpdateVoice") == {
        "VoiceId": "minimax_1",
        "SubAppId": "221073",
        "VoiceFields": {"Name": "Maxi", "Description": "", "Gender": "unknown", "Labels": ["loud", KEY]},
    }


def test_an_update_sends_unchanged_fields_too_because_the_vendor_might_clear_missing_ones() -> None:
    vod, cloud = provider(UpdateVoice=body(Voice={}))
    known = replace(
        record(method="clone-minimax", voice_id="minimax_1"),
        sent={"name": "Mini", "gender": "female", "labels": ["calm"], "text": "Hi."},
    )
    vod.update(known, {"name": "Maxi"})
    assert cloud.request_body("UpdateVoice")["VoiceFields"] == {
        "Name": "Maxi",
        "Gender": "female",
        "Labels": ["calm", KEY],
    }


def test_labels_that_are_not_declared_any_more_leave_the_marker() -> None:
    vod, cloud = provider(UpdateVoice=body(Voice={}))
    vod.update(record(method="clone-minimax", voice_id="minimax_1"), {"labels": None})
    assert cloud.request_body("UpdateVoice")["VoiceFields"] == {"Labels": [KEY]}


def test_the_first_use_and_the_delete_name_the_voice() -> None:
    vod, cloud = provider(TextToSpeechSync=body(AudioUrl="https://x"), DeleteVoice=body())
    used = record(method="clone-minimax", voice_id="minimax_1")
    vod.activate(used, "Hello.")
    vod.delete(used)
    assert cloud.asked == [
        ("TextToSpeechSync", {"VoiceId": "minimax_1", "SubAppId": "221073", "Text": "Hello."}),
        ("DeleteVoice", {"VoiceId": "minimax_1", "SubAppId": "221073"}),
    ]


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("create", "CreateAigcCustomVoice"),
        ("clone", "CreateAigcAudioClone"),
        ("clone-minimax", "CloneVoiceAsync"),
        ("task", "CreateAigcAudioTask"),
    ],
)
def test_a_paid_call_whose_reply_is_lost_is_sent_once(method: str, action: str) -> None:
    answers: dict[str, Any] = {action: httpx.ReadError("reset")}
    vod, cloud = provider(**answers)
    with pytest.raises(OutcomeUnknown):
        vod.submit(voice(method, audio={"file_id": "528"}), KEY)
    assert cloud.actions == [action]


def test_the_duplicate_of_a_session_id_says_so() -> None:
    vod, _ = provider(CreateAigcCustomVoice=refusal("InvalidParameterValue.SessionId"))
    with pytest.raises(Rejected) as caught:
        vod.submit(voice(video_id="1"), KEY)
    assert caught.value.duplicate


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("InvalidParameterValue.FileId", "no file of this file_id"),
        ("InvalidParameterValue.SessionContextTooLong", "at most 1,000 characters"),
        ("InvalidParameterValue.SessionIdTooLong", "voicectl's own key is too long"),
        ("InvalidParameter.ViolationContent", "word it otherwise"),
    ],
)
def test_a_business_error_has_words_of_its_own(code: str, words: str) -> None:
    vod, _ = provider(CreateAigcCustomVoice=refusal(code))
    with pytest.raises(Rejected, match=words):
        vod.submit(voice(video_id="1"), KEY)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("FailedOperation.InvalidVodUser", "Open Video on Demand"),
        ("InvalidParameterValue.SubAppId", "sub_app_id"),
        ("UnauthorizedOperation", "permission"),
    ],
)
def test_a_business_error_that_meets_every_call_stops_the_run(code: str, words: str) -> None:
    vod, _ = provider(CreateAigcCustomVoice=refusal(code))
    with pytest.raises(Rejected) as caught:
        vod.submit(voice(video_id="1"), KEY)
    assert caught.value.systemic
    assert words in in_words(caught.value.hint)


@pytest.mark.parametrize("code", ["FailedOperation", "InternalError"])
def test_a_business_error_that_proves_nothing_is_not_known(code: str) -> None:
    vod, _ = provider(CreateAigcAudioClone=refusal(code))
    with pytest.raises(OutcomeUnknown):
        vod.submit(voice("clone", audio={"file_id": "1"}), KEY)


def test_an_accepted_call_without_a_task_id_is_not_known() -> None:
    vod, _ = provider(CreateAigcCustomVoice=body(TaskId=""))
    with pytest.raises(OutcomeUnknown):
        vod.submit(voice(video_id="1"), KEY)

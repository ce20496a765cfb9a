"""VOD's tasks in answers: shapes of results, times, the list and its pages, and the end after three days."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.tencent.support import MP3, SOURCE, TencentCaller

NEVER = "0001-01-01T00:00:00Z"
DAYS = 86_400


def ids(response: dict[str, Any]) -> list[str]:
    return [line["TaskId"] for line in response["TaskSet"]]


def test_a_task_waits_is_processed_and_finishes(tencent: TencentCaller) -> None:
    tencent.change_faults(task_seconds=10)
    accepted = tencent.custom_voice()
    seen = []
    for _ in range(3):
        detail = tencent.detail(accepted)
        inside = detail["CreateAigcCustomVoiceTask"]
        seen.append(
            (detail["Status"], detail["BeginProcessTime"], detail["FinishTime"], inside["Status"], inside["Progress"])
        )
        tencent.clock.sleep(6)
    assert seen == [
        ("WAITING", NEVER, NEVER, "PROCESSING", 0),
        ("PROCESSING", "2026-01-02T03:04:07Z", NEVER, "PROCESSING", 50),
        ("FINISH", "2026-01-02T03:04:07Z", "2026-01-02T03:04:15Z", "FINISH", 100),
    ]


def test_a_detail_holds_one_part_and_nulls(tencent: TencentCaller) -> None:
    detail = tencent.detail(tencent.custom_voice(SessionContext="ctx", SessionId="s-1"))
    parts = {name: value for name, value in detail.items() if name.endswith("Task")}
    assert len(parts) > 30
    assert [name for name, value in parts.items() if value is not None] == ["CreateAigcCustomVoiceTask"]
    assert detail["TaskType"] == "CreateAigcCustomVoice"
    assert detail["CreateAigcCustomVoiceTask"] == {
        "TaskId": detail["CreateAigcCustomVoiceTask"]["TaskId"],
        "Status": "PROCESSING",
        "ErrCode": 0,
        "ErrCodeExt": "",
        "Message": "",
        "Progress": 0,
        "Input": {"VoiceName": "Hero", "VoiceUrl": None, "VideoId": "12345"},
        "Output": None,
        "SessionId": "s-1",
        "SessionContext": "ctx",
    }


def test_a_custom_voice_is_json_in_a_string(tencent: TencentCaller) -> None:
    (made,) = tencent.finished(tencent.custom_voice())["Output"]["InfoList"]
    voice = json.loads(made["VoiceInfo"])
    assert list(voice) == ["voice_id", "voice_name", "trial_url", "owned_by", "status"]
    assert (voice["voice_id"], voice["voice_name"], voice["status"]) == (
        made["VoiceId"],
        "Hero",
        "succeed",
    )
    assert made["VoiceId"].isdigit()


def test_an_audio_clone_reports_its_voice_and_the_payload(tencent: TencentCaller) -> None:
    prompt = {"Type": "File", "FileId": "528"}
    task = tencent.finished(tencent.audio_clone(Payload="mine", PromptAudioFileInfo=prompt, PromptText="Hello."))
    output = task["Output"]
    assert (output["State"], output["VoiceId"], output["Payload"]) == ("success", "villain_01", "mine")
    assert output["CreatedAt"] == "2026-01-02T03:04:05.000000Z"
    assert output["DemoAudio"].startswith("https://")
    assert task["Input"] == {
        "AudioFileInfo": SOURCE,
        "VoiceId": "villain_01",
        "Text": "Read this aloud.",
        "PromptAudioFileInfo": prompt,
        "PromptText": "Hello.",
        "Payload": "mine",
    }


def test_a_minimax_clone_reports_its_voice_and_a_demo_where_text_was_given(tencent: TencentCaller) -> None:
    plain = tencent.finished(tencent.minimax())["Output"]
    assert plain["VoiceId"].startswith("minimax_")
    assert (plain["DemoAudio"], plain["ExtInfo"]) == ("", "{}")
    wishes = json.dumps({"text": "Hi.", "tts_model": "minimax-speech-2.8-hd"})
    assert tencent.finished(tencent.minimax(ExtParam=wishes))["Output"]["DemoAudio"].startswith("https://")


def test_a_temporary_sound_expires_after_7_days_and_has_no_file_id(tencent: TencentCaller) -> None:
    task = tencent.finished(tencent.sound())
    assert "SessionId" not in task
    (sound,) = task["Output"]["AudioInfos"]
    assert task["Output"]["VideoInfos"] == []
    assert (sound["StorageMode"], sound["ExpireTime"], sound["FileId"]) == ("Temporary", "2026-01-09T03:04:06Z", "")
    assert (sound["Duration"], sound["FileUrl"][:8]) == (6.0, "https://")


def test_a_temporary_sound_lasts_as_long_as_set_when_it_was_made(tencent: TencentCaller) -> None:
    tencent.change_faults(temporary_seconds=60)
    made = tencent.sound()
    tencent.change_faults(temporary_seconds=1)
    (sound,) = tencent.finished(made)["Output"]["AudioInfos"]
    assert sound["ExpireTime"] == "2026-01-02T03:05:06Z"


def test_a_permanent_sound_has_a_file_id(tencent: TencentCaller) -> None:
    output = {"StorageMode": "Permanent", "MediaName": "fire", "ClassId": 3, "OutputAudioFormat": "wav"}
    (sound,) = tencent.finished(tencent.sound(OutputConfig=output))["Output"]["AudioInfos"]
    assert sound["FileId"].isdigit()
    assert (sound["ExpireTime"], sound["MediaName"], sound["ClassId"], sound["FileType"]) == ("", "fire", 3, "wav")


def test_a_task_is_shown_for_three_days(tencent: TencentCaller) -> None:
    accepted = tencent.custom_voice()
    tencent.clock.sleep(3 * DAYS - 1)
    assert tencent.detail(accepted)["Status"] == "FINISH"
    assert ids(tencent.tasks()) == [accepted["TaskId"]]
    tencent.clock.sleep(1)
    assert tencent.detail(accepted)["Error"]["Code"] == "InvalidParameterValue.TaskId"
    assert ids(tencent.tasks()) == []


def test_the_list_shows_the_newest_first_with_keys(tencent: TencentCaller) -> None:
    made = []
    for n in range(12):
        made.append(tencent.custom_voice(SessionId=f"s-{n}", SessionContext="c")["TaskId"])
        tencent.clock.sleep(1)
    response = tencent.tasks()
    assert ids(response) == made[:1:-1]
    assert response["TaskSet"][0] == {
        "TaskId": made[-1],
        "Status": "FINISH",
        "FileId": "",
        "TaskType": "CreateAigcCustomVoice",
        "CreateTime": "2026-01-02T03:04:16Z",
        "BeginProcessTime": "2026-01-02T03:04:16Z",
        "FinishTime": "2026-01-02T03:04:17Z",
        "SessionId": "s-11",
        "SessionContext": "c",
    }


def test_a_scroll_continues_where_the_page_ended_whatever_comes_meanwhile(tencent: TencentCaller) -> None:
    made = [tencent.custom_voice()["TaskId"] for _ in range(5)]
    first = tencent.tasks(Limit=2)
    tencent.custom_voice()
    second = tencent.tasks(Limit=2, ScrollToken=first["ScrollToken"])
    third = tencent.tasks(Limit=2, ScrollToken=second["ScrollToken"])
    assert ids(first) + ids(second) + ids(third) == made[::-1]
    assert third["ScrollToken"] == ""


def test_a_page_that_is_just_full_is_the_last(tencent: TencentCaller) -> None:
    for _ in range(2):
        tencent.custom_voice()
    assert tencent.tasks(Limit=2)["ScrollToken"] == ""


def test_the_list_is_ordered_by_the_end_too(tencent: TencentCaller) -> None:
    tencent.change_faults(task_seconds=100)
    slow = tencent.custom_voice()["TaskId"]
    tencent.change_faults(task_seconds=1)
    quick = tencent.custom_voice()["TaskId"]
    tencent.clock.sleep(200)
    by_end = {"Field": "FinishTime", "Order": "Asc"}
    first = tencent.tasks(Sort=by_end, Limit=1)
    assert ids(first) == [quick]
    assert ids(tencent.tasks(Sort=by_end, Limit=1, ScrollToken=first["ScrollToken"])) == [slow]
    assert ids(tencent.tasks(Sort={"Field": "CreateTime", "Order": "Asc"})) == [slow, quick]


def test_the_list_is_narrowed_by_status_and_time(tencent: TencentCaller) -> None:
    old = tencent.custom_voice()["TaskId"]
    tencent.clock.sleep(10)
    tencent.change_faults(task_seconds=100)
    waiting = tencent.custom_voice()["TaskId"]
    assert ids(tencent.tasks(Status="FINISH")) == [old]
    assert ids(tencent.tasks(Status="WAITING")) == [waiting]
    tencent.clock.sleep(50)
    assert ids(tencent.tasks(Status="PROCESSING")) == [waiting]
    assert ids(tencent.tasks(CreateTime={"After": "2026-01-02T03:04:15Z"})) == [waiting]
    assert ids(tencent.tasks(CreateTime={"Before": "2026-01-02T03:04:14Z"})) == [old]
    assert ids(tencent.tasks(FinishTime={"After": "2026-01-02T03:04:06Z"})) == [old]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Limit": 0}, "InvalidParameterValue"),
        ({"Limit": 101}, "InvalidParameterValue"),
        ({"Status": "ABORTED"}, "InvalidParameterValue.Status"),
        ({"Sort": {"Field": "TaskId"}}, "InvalidParameterValue"),
        ({"Sort": {"Order": "Up"}}, "InvalidParameterValue"),
        ({"CreateTime": {"After": "today"}}, "InvalidParameterValue"),
        ({"ScrollToken": "next"}, "InvalidParameterValue"),
        ({"ScrollToken": f"1.{10**40}.1"}, "InvalidParameterValue"),
    ],
)
def test_a_list_request_with_wrong_parameters_is_refused(
    tencent: TencentCaller, wrong: dict[str, object], code: str
) -> None:
    assert tencent.refused("DescribeTasks", {"SubAppId": 221073} | wrong) == code


def test_another_application_knows_no_such_task(tencent: TencentCaller) -> None:
    task_id = tencent.custom_voice()["TaskId"]
    assert tencent.refused("DescribeTaskDetail", {"TaskId": task_id, "SubAppId": 7}) == "InvalidParameterValue.TaskId"


def test_a_failed_minimax_task_has_a_code_and_no_output(tencent: TencentCaller) -> None:
    tencent.change_faults(fail=1)
    task = tencent.finished(tencent.minimax(AudioUrl=MP3))
    assert (task["Status"], task["ErrCode"], task["ErrCodeExt"], task["Output"]) == ("FINISH", 60000, "-500", None)

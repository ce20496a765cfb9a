"""Results of DescribeTaskDetail: a voice, a failure, a sound, or still running. Examples from Tencent's docs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.model.observed import RemoteVoice, TaskStatus
from tests.providers.tencent.support import body
from tests.providers.tencent.vod.support import KEY, MADE, TASK, VOICE_INFO, detail, provider, record

CLONED = {
    "TaskId": "946327268018376704",
    "State": "success",
    "VoiceId": "maigua111",
    "DemoAudio": "https://x/demo.mp3?Expires=1",
    "Payload": "p",
    "CreatedAt": "2026-04-27T12:38:42.934734Z",
}
CLONE = "CreateAigcAudioCloneTask"
SOUND = {
    "StorageMode": "Temporary",
    "MediaName": "",
    "ClassId": 0,
    "ExpireTime": "2026-08-12T02:38:04Z",
    "FileType": "mp3",
    "FileUrl": "https://x/fireworks.mp3?sign=1",
    "FileId": "",
    "MetaData": None,
    "Duration": 6,
}


def polled(answer: bytes, **fields: Any) -> RemoteVoice:
    vod, _ = provider(DescribeTaskDetail=answer)
    return vod.poll([record(**fields)])[KEY]


def test_a_custom_voice_is_json_in_text() -> None:
    assert polled(detail(Output=MADE)) == RemoteVoice(
        status=TaskStatus.READY, voice_id="829826751", voice_name="myVoice", task_id=TASK, external_task_id=KEY
    )


@pytest.mark.parametrize("info", ["", "{", "[]", None, 5])
def test_a_voice_with_unreadable_info_is_found_by_its_id(info: object) -> None:
    ready = polled(detail(Output={"InfoList": [{"VoiceId": "829826751", "VoiceInfo": info}]}))
    assert (ready.status, ready.voice_id, ready.voice_name) == (TaskStatus.READY, "829826751", None)


def test_a_voice_id_that_is_only_in_the_info_is_used() -> None:
    assert polled(detail(Output={"InfoList": [{"VoiceInfo": VOICE_INFO}]})).voice_id == "829826751"


def test_a_voice_id_that_came_as_a_number_is_kept_as_text() -> None:
    assert polled(detail(Output={"InfoList": [{"VoiceId": 829826751}]})).voice_id == "829826751"


def test_a_clone_has_the_id_that_was_chosen() -> None:
    cloned = polled(detail(CLONE, Output=CLONED), method="clone")
    assert (cloned.status, cloned.voice_id) == (TaskStatus.READY, "maigua111")


def test_a_minimax_clone_has_the_cloud_s_id() -> None:
    output = {"VoiceId": "minimax_1", "DemoAudio": "https://x", "ExtInfo": '{"a":1}'}
    cloned = polled(detail("CloneVoiceAsyncTask", Output=output), method="clone-minimax")
    assert (cloned.status, cloned.voice_id, cloned.active) == (TaskStatus.READY, "minimax_1", False)


@pytest.mark.parametrize(
    ("wishes", "name"),
    [
        ('{"voice_profile":{"name":"Mini"}}', "Mini"),
        ('{"voice_profile":{}}', None),
        ('{"voice_profile":[]}', None),
        ("{", None),
        (None, None),
    ],
)
def test_a_minimax_clone_is_called_what_it_was_asked_to_be(wishes: object, name: str | None) -> None:
    made = detail("CloneVoiceAsyncTask", Input={"ExtParam": wishes}, Output={"VoiceId": "minimax_1"})
    assert polled(made, method="clone-minimax").voice_name == name


def test_a_duplicate_voice_id_is_a_failure_though_err_code_is_0() -> None:
    sub = {"ErrCode": 0, "ErrCodeExt": "FailedOperation", "Message": "voice clone voice id duplicate"}
    failed = polled(detail(CLONE, **sub), method="clone")
    assert (failed.status, failed.message) == (TaskStatus.FAILED, "FailedOperation: voice clone voice id duplicate")


@pytest.mark.parametrize(
    ("sub", "message"),
    [
        ({"ErrCode": 60000, "ErrCodeExt": "-500", "Message": "download audio file failed"}, "-500: download audio"),
        ({"ErrCode": 70000, "ErrCodeExt": "", "Message": ""}, "70000: no reason given"),
        ({"ErrCode": 40000, "ErrCodeExt": None, "Message": None, "Output": MADE}, "40000: no reason given"),
    ],
)
def test_finish_with_either_code_is_a_failure(sub: dict[str, Any], message: str) -> None:
    failed = polled(detail(**sub))
    assert failed.status is TaskStatus.FAILED
    assert str(failed.message).startswith(message)


def test_an_aborted_task_is_a_failure() -> None:
    assert polled(detail(status="ABORTED")).message == "the task was aborted"


def test_a_service_behind_vod_that_says_failed_is_a_failure() -> None:
    failed = polled(detail(CLONE, Output={"State": "failed", "TaskId": "9"}), method="clone")
    assert (failed.status, failed.message) == (TaskStatus.FAILED, "the service behind VOD reports a failure")


@pytest.mark.parametrize("output", [None, {}, {"InfoList": None}, {"InfoList": []}, {"InfoList": [None, {}]}])
def test_finish_without_a_voice_is_not_success(output: object) -> None:
    assert polled(detail(Output=output)).status is TaskStatus.RUNNING


@pytest.mark.parametrize("state", ["queueing", "Anything"])
def test_a_state_other_than_success_counts_as_running(state: str) -> None:
    assert polled(detail(CLONE, Output=CLONED | {"State": state}), method="clone").status is TaskStatus.RUNNING


@pytest.mark.parametrize("status", ["WAITING", "PROCESSING", "FAIL", "DONE", "", None, 5])
def test_a_status_that_is_not_known_never_reads_as_success(status: object) -> None:
    assert polled(detail(status=status, Output=MADE)).status is TaskStatus.RUNNING


def test_a_task_whose_sub_object_is_not_known_is_not_success() -> None:
    assert polled(detail("SomethingNewTask", Output=MADE)).status is TaskStatus.RUNNING


def test_a_sound_has_a_link_until_its_own_time() -> None:
    answer = detail("AigcAudioTask", Output={"AudioInfos": [SOUND], "VideoInfos": None})
    assert polled(answer, method="task") == RemoteVoice(
        status=TaskStatus.READY,
        task_id=TASK,
        external_task_id=KEY,
        url="https://x/fireworks.mp3?sign=1",
        expires_at=datetime(2026, 8, 12, 2, 38, 4, tzinfo=UTC),
    )


@pytest.mark.parametrize("expire_time", ["0001-01-01T00:00:00Z", "", None, "soon"])
def test_a_temporary_sound_without_a_time_lasts_seven_days_from_its_end(expire_time: object) -> None:
    answer = detail("AigcAudioTask", Output={"AudioInfos": [SOUND | {"ExpireTime": expire_time}]})
    assert polled(answer, method="task").expires_at == datetime(2026, 8, 12, 2, 38, 4, tzinfo=UTC)


def test_a_permanent_sound_is_a_file_and_lasts() -> None:
    kept = {"StorageMode": "Permanent", "FileId": "528", "ExpireTime": "9999-12-31T23:59:59Z"}
    sound = polled(detail("AigcAudioTask", Output={"AudioInfos": [SOUND | kept]}), method="task")
    assert (sound.file_id, sound.expires_at) == ("528", None)


@pytest.mark.parametrize(
    "output", [None, {}, {"AudioInfos": None}, {"AudioInfos": 5}, {"AudioInfos": [{"FileUrl": ""}]}]
)
def test_finish_without_a_file_is_not_a_sound(output: object) -> None:
    assert polled(detail("AigcAudioTask", Output=output), method="task").status is TaskStatus.RUNNING


def test_a_failed_sound_says_why() -> None:
    sub = {"ErrCodeExt": "InvalidParameter.VoilationContent", "Message": "no"}
    assert polled(detail("AigcAudioTask", **sub), method="task").message == "InvalidParameter.VoilationContent: no"


def test_a_failure_that_quotes_the_sample_s_link_does_not_show_its_signature() -> None:
    secret = "q-signature=feedfacefeedface"
    vod, _ = provider(
        secrets=("feedfacefeedface",), DescribeTaskDetail=detail(ErrCodeExt="-500", Message=f"no audio: {secret}")
    )
    assert "feedface" not in str(vod.poll([record()])[KEY].message)


def test_a_page_that_carries_another_s_session_id_is_not_believed() -> None:
    vod, _ = provider(DescribeTaskDetail=detail(Output=MADE, SessionId="somebody-else"))
    assert vod.poll([record()]) == {}


def test_a_page_without_a_session_id_is_believed() -> None:
    assert polled(detail(Output=MADE, SessionId="")).voice_id == "829826751"


def test_an_answer_that_is_not_a_task_is_left_out() -> None:
    vod, _ = provider(DescribeTaskDetail=body(CreateAigcCustomVoiceTask=[]))
    assert vod.poll([record()]) == {}

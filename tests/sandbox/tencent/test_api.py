"""The faults on Tencent's API: what was done, and what the caller receives."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from reconciler.sandbox.http import Dropped, Response
from tests.sandbox.tencent.support import TencentCaller
from tests.support.sounds import wav

CUSTOM = {"SubAppId": 221073, "VoiceName": "Hero", "VideoId": "12345", "SessionId": "s"}


def keys(response: dict[str, Any]) -> list[str]:
    return [line["SessionId"] for line in response["TaskSet"]]


def test_a_lost_reply_is_one_of_work_that_is_done(tencent: TencentCaller) -> None:
    tencent.change_faults(reply_lost=1)
    assert tencent.send("CreateAigcCustomVoice", CUSTOM) == Dropped()
    assert keys(tencent.tasks()) == ["s"]


def test_an_error_after_the_work_is_internal(tencent: TencentCaller) -> None:
    tencent.change_faults(error_after_work=1)
    assert tencent.refused("CreateAigcCustomVoice", CUSTOM) == "InternalError"
    assert keys(tencent.tasks()) == ["s"]


def test_garbage_comes_as_html(tencent: TencentCaller) -> None:
    tencent.change_faults(garbage=1)
    answer = tencent.send("CreateAigcCustomVoice", CUSTOM)
    assert isinstance(answer, Response)
    assert (answer.content_type, answer.body[:6]) == ("text/html", b"<html>")
    assert keys(tencent.tasks()) == ["s"]


def test_a_lost_reply_to_a_clone_of_trtc_leaves_a_voice_that_no_call_finds(tencent: TencentCaller) -> None:
    tencent.change_faults(reply_lost=1)
    body = {"SdkAppId": 1, "VoiceName": "v", "PromptAudio": base64.b64encode(wav(10)).decode()}
    assert tencent.send("VoiceClone", body) == Dropped()
    assert len(tencent.world.voices()) == 1


def test_the_first_use_of_a_voice_counts_though_its_reply_is_lost(tencent: TencentCaller) -> None:
    voice_id = tencent.made()
    tencent.change_faults(reply_lost=1)
    assert tencent.send("TextToSpeechSync", {"SubAppId": "221073", "VoiceId": voice_id, "Text": "Hi."}) == Dropped()
    assert [voice["VoiceId"] for voice in tencent.voices()] == [voice_id]


def test_faults_apply_to_reads_only_with_faulty_reads(tencent: TencentCaller) -> None:
    tencent.change_faults(reply_lost=1)
    assert keys(tencent.tasks()) == []
    tencent.change_faults(faulty_reads=True)
    assert tencent.send("DescribeTasks", {"SubAppId": 221073}) == Dropped()


@pytest.mark.parametrize("switch", [{"throttle": 1}, {"storm_seconds": 60}])
def test_a_throttled_call_does_nothing(tencent: TencentCaller, switch: dict[str, object]) -> None:
    tencent.change_faults(**switch)
    assert tencent.refused("CreateAigcCustomVoice", CUSTOM) == "RequestLimitExceeded"
    assert tencent.refused("DescribeTasks", {"SubAppId": 221073}) == "RequestLimitExceeded"
    tencent.change_faults(throttle=0, storm_seconds=0)
    assert keys(tencent.tasks()) == []


def test_an_exhausted_quota_refuses_creates_only(tencent: TencentCaller) -> None:
    tencent.change_faults(pack_exhausted=True)
    assert tencent.refused("CreateAigcCustomVoice", CUSTOM) == "LimitExceeded.Quota"
    assert keys(tencent.tasks()) == []


@pytest.mark.parametrize("code", ["FailedOperation.InvalidVodUser", "UnauthorizedOperation", "IpNotInWhitelist"])
def test_any_error_code_can_be_switched_on(tencent: TencentCaller, code: str) -> None:
    tencent.change_faults(tencent_refuses=code)
    assert tencent.refused("CreateAigcCustomVoice", CUSTOM) == code
    assert tencent.refused("DescribeVoices", {}) == code


def test_a_stuck_task_never_ends(tencent: TencentCaller) -> None:
    tencent.change_faults(stuck_tasks=1)
    accepted = tencent.custom_voice()
    tencent.clock.sleep(86_400)
    assert tencent.detail(accepted)["Status"] == "PROCESSING"


def test_a_failed_task_says_finish(tencent: TencentCaller) -> None:
    tencent.change_faults(fail=1)
    failed = [tencent.finished(made) for made in (tencent.custom_voice(), tencent.audio_clone(), tencent.sound())]
    outcomes = [(task["Status"], task["ErrCode"], task["ErrCodeExt"]) for task in failed]
    assert outcomes == [("FINISH", 0, ext) for ext in ("FailedOperation", "FailedOperation", "ModelGenerateFailed")]


def test_a_late_task_is_listed_late_and_found_by_id(tencent: TencentCaller) -> None:
    tencent.change_faults(late_visibility=5)
    accepted = tencent.custom_voice(SessionId="s")
    assert (keys(tencent.tasks()), tencent.detail(accepted)["Status"]) == ([], "WAITING")
    tencent.clock.sleep(5)
    assert keys(tencent.tasks()) == ["s"]


def test_a_task_may_be_late_by_its_id_too_and_its_key_is_taken_at_once(tencent: TencentCaller) -> None:
    tencent.change_faults(late_by_id=5)
    accepted = tencent.custom_voice(SessionId="s")
    assert (keys(tencent.tasks()), "Error" in tencent.detail(accepted)) == ([], True)
    assert tencent.refused("CreateAigcCustomVoice", CUSTOM) == "InvalidParameterValue.SessionId"
    tencent.clock.sleep(5)
    assert keys(tencent.tasks()) == ["s"]


def test_a_page_may_be_capped_shuffled_and_have_holes(tencent: TencentCaller) -> None:
    wanted = [f"s-{n}" for n in range(12)]
    for key in wanted:
        tencent.custom_voice(SessionId=key)
    tencent.change_faults(page_cap=3)
    assert len(keys(tencent.tasks(Limit=100))) == 3
    tencent.change_faults(page_cap=None, shuffle_list=True)
    first = keys(tencent.tasks(Limit=100))
    assert (sorted(first), first != sorted(first)) == (sorted(wanted), True)
    page = tencent.tasks(Limit=5)
    assert len(keys(tencent.tasks(Limit=5, ScrollToken=page["ScrollToken"]))) == 5
    tencent.change_faults(shuffle_list=False, hide=0.5)
    assert 0 < len(keys(tencent.tasks(Limit=100))) < 12
    tencent.change_faults(hide=0, empty_list=True)
    assert keys(tencent.tasks()) == []


def test_lists_of_voices_may_be_empty_or_have_holes(tencent: TencentCaller) -> None:
    made = {tencent.made() for _ in range(8)}
    for voice_id in made:
        tencent.speak(voice_id)
    tencent.change_faults(shuffle_list=True)
    assert {voice["VoiceId"] for voice in tencent.voices()} == made
    tencent.change_faults(hide=0.5)
    assert 0 < len(tencent.voices()) < 8
    tencent.change_faults(hide=0, empty_list=True)
    assert tencent.voices() == []
    assert len(tencent.voices(VoiceId=min(made))) == 1


def test_a_poll_may_return_an_unknown_status_or_no_voice(tencent: TencentCaller) -> None:
    accepted = tencent.audio_clone()
    tencent.clock.sleep(1)
    tencent.change_faults(unknown_status=1)
    detail = tencent.detail(accepted)
    assert (detail["Status"], detail["CreateAigcAudioCloneTask"]["Status"]) == ("REVIEWING", "REVIEWING")
    tencent.change_faults(unknown_status=0, voiceless=1)
    assert "VoiceId" not in tencent.finished(accepted)["Output"]


def test_a_clock_that_is_ahead_expires_things_and_signatures(tencent: TencentCaller) -> None:
    accepted = tencent.custom_voice()
    tencent.change_faults(clock_ahead=3 * 86_400)
    assert tencent.refused("DescribeTaskDetail", {"TaskId": accepted["TaskId"]}) == "AuthFailure.SignatureExpire"
    later = int(tencent.clock.now().timestamp()) + 3 * 86_400
    query = {"TaskId": accepted["TaskId"], "SubAppId": 221073}
    assert tencent.refused("DescribeTaskDetail", query, timestamp=later) == "InvalidParameterValue.TaskId"


def test_voices_are_deleted_and_renamed_outside(tencent: TencentCaller) -> None:
    voice_id = tencent.made({"name": "Mini"})
    tencent.speak(voice_id)
    tencent.world.rename_outside("Mini", "Max")
    assert [voice["Name"] for voice in tencent.voices()] == ["Max"]
    tencent.world.delete_outside(voice_id)
    assert tencent.voices() == []


def test_a_sound_is_not_a_voice(tencent: TencentCaller) -> None:
    tencent.finished(tencent.sound())
    assert tencent.world.voices() == ()

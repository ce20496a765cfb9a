"""Every error of the sandbox, read by the vendor's SDK: the SDK raises the code, so it understood the response."""

from __future__ import annotations

import base64
from typing import Any

import pytest

pytest.importorskip("tencentcloud", reason="needs the extra [conformance]")

from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from tests.conformance.test_happy_paths import APPLICATION, CREATES, SOURCE
from tests.conformance.vendor import SDK_WARNS, Sandbox, Vendor
from tests.support.sounds import wav

pytestmark = SDK_WARNS

CUSTOM, CLONE = CREATES["CreateAigcCustomVoice"], CREATES["CreateAigcAudioClone"]
MINIMAX, SOUND = CREATES["CloneVoiceAsync"], CREATES["CreateAigcAudioTask"]
FLOW = {"SdkAppId": 1466000000, "VoiceName": "v", "PromptAudio": base64.b64encode(wav(12)).decode()}
SPEECH = {"SdkAppId": 1466000000, "Text": "Hello.", "Voice": {"VoiceId": "fake"}}
VOICE = {"SubAppId": str(APPLICATION), "VoiceId": "minimax_none"}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("CreateAigcCustomVoice", CUSTOM | {"Color": "red"}, "UnknownParameter"),
    ("CreateAigcCustomVoice", CUSTOM | {"SubAppId": "221073"}, "InvalidParameter"),
    ("CreateAigcCustomVoice", CUSTOM | {"SubAppId": 0}, "InvalidParameterValue.SubAppId"),
    ("CreateAigcCustomVoice", CUSTOM | {"SessionId": "x" * 51}, "InvalidParameterValue.SessionIdTooLong"),
    ("CreateAigcCustomVoice", CUSTOM | {"SessionContext": "x" * 1001}, "InvalidParameterValue.SessionContextTooLong"),
    ("CreateAigcCustomVoice", CUSTOM | {"VoiceName": "x" * 21}, "InvalidParameter"),
    ("CreateAigcAudioClone", CLONE | {"VoiceId": "vidu01"}, "InvalidParameter"),
    ("CreateAigcAudioClone", CLONE | {"Text": None}, "MissingParameter"),
    ("CreateAigcAudioClone", CLONE | {"AudioFileInfo": SOURCE | {"Name": "x"}}, "UnknownParameter"),
    (
        "CreateAigcAudioClone",
        CLONE | {"AudioFileInfo": {"Type": "File", "FileId": "missing"}},
        "InvalidParameterValue.FileId",
    ),
    ("CloneVoiceAsync", MINIMAX | {"SubAppId": APPLICATION}, "InvalidParameter"),
    ("CloneVoiceAsync", {"SubAppId": "221073"}, "MissingParameter"),
    ("CreateAigcAudioTask", SOUND | {"SessionId": "s"}, "UnknownParameter"),
    ("CreateAigcAudioTask", SOUND | {"Prompt": "refused"}, "InvalidParameter.ViolationContent"),
    ("DescribeTaskDetail", {"TaskId": "none"}, "InvalidParameterValue.TaskId"),
    ("DescribeTaskDetail", {}, "MissingParameter"),
    ("DescribeTasks", {"Limit": 101}, "InvalidParameterValue"),
    ("DescribeTasks", {"Status": "DONE"}, "InvalidParameterValue.Status"),
    ("DescribeVoices", {"VoiceType": "mine"}, "InvalidParameterValue"),
    ("UpdateVoice", VOICE | {"VoiceFields": {"Name": "Max"}}, "ResourceNotFound"),
    ("DeleteVoice", VOICE, "ResourceNotFound"),
    ("TextToSpeechSync", VOICE | {"Text": "Hello."}, "ResourceNotFound"),
    ("CloneVoiceSync", {}, "InvalidAction"),
    ("VoiceClone", FLOW | {"VoiceName": "no space"}, "InvalidParameter.VoiceName"),
    ("VoiceClone", FLOW | {"PromptAudio": "UklGRg=="}, "InvalidParameter.AudioPrompt"),
    ("VoiceClone", FLOW | {"APIKey": "wrong"}, "MissingParameter.APIKey"),
    ("VoiceClone", FLOW | {"PromptAudio": "A" * (10 * 1024 * 1024)}, "RequestSizeLimitExceeded"),
    ("TextToSpeech", SPEECH, "InvalidParameter.VoiceId"),
    ("TextToSpeech", SPEECH | {"Text": ""}, "InvalidParameter.TextLength"),
    ("TextToSpeech", SPEECH | {"Voice": {"VoiceId": "fake", "Speed": 3}}, "InvalidParameter.Speed"),
    ("TextToSpeech", SPEECH | {"Voice": {"VoiceId": "fake", "Volume": 11}}, "InvalidParameter.Volume"),
    ("TextToSpeech", SPEECH | {"Voice": {"VoiceId": "fake", "Pitch": 13}}, "InvalidParameter.Pitch"),
    ("TextToSpeech", SPEECH | {"AudioFormat": {"SampleRate": 8000}}, "InvalidParameter.SampleRate"),
]


@pytest.mark.parametrize(("action", "parameters", "code"), REFUSED, ids=[f"{a} {c}" for a, _, c in REFUSED])
def test_a_wrong_call_is_refused(sandbox: Sandbox, action: str, parameters: dict[str, Any], code: str) -> None:
    assert sandbox.vendor.refused(action, parameters) == code


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"secret_id": "AKIDEXAMPLE"}, "AuthFailure.SecretIdNotFound"),
        ({"secret_key": "wrong"}, "AuthFailure.SignatureFailure"),
        ({"token": "stale"}, "AuthFailure.TokenFailure"),
    ],
)
def test_a_caller_without_credentials_is_refused(sandbox: Sandbox, wrong: dict[str, str], code: str) -> None:
    assert Vendor(sandbox.endpoint, **wrong).refused("DescribeTasks", {}) == code


def test_temporary_credentials_pass(sandbox: Sandbox) -> None:
    assert Vendor(sandbox.endpoint, token="sandbox-token").call("DescribeTasks")["TaskSet"] == []


@pytest.mark.parametrize("seconds", [-400, 400])
def test_a_clock_that_is_wrong_is_refused(sandbox: Sandbox, seconds: int) -> None:
    sandbox.turn(clock_ahead=seconds)
    assert sandbox.vendor.refused("DescribeTasks", {}) == "AuthFailure.SignatureExpire"


@pytest.mark.parametrize(("region", "code"), [("eu-frankfurt", "UnsupportedRegion"), ("", "MissingParameter")])
def test_a_region_that_trtc_is_not_in_is_refused(sandbox: Sandbox, region: str, code: str) -> None:
    assert Vendor(sandbox.endpoint, region=region).refused("TextToSpeech", SPEECH) == code


def test_vod_needs_no_region(sandbox: Sandbox) -> None:
    assert Vendor(sandbox.endpoint, region="").call("DescribeTasks")["TaskSet"] == []


def test_an_unknown_version_is_refused(sandbox: Sandbox) -> None:
    client = sandbox.vendor.client("DescribeTasks")
    client._apiVersion = "2017-03-12"
    with pytest.raises(TencentCloudSDKException) as raised:
        client.call_json("DescribeTasks", {})
    assert raised.value.get_code() == "NoSuchVersion"


@pytest.mark.parametrize("action", ["CreateAigcCustomVoice", "CreateAigcAudioClone", "CloneVoiceAsync"])
def test_a_session_id_is_taken_once(sandbox: Sandbox, action: str) -> None:
    sandbox.vendor.call(action, **CREATES[action])
    assert sandbox.vendor.refused(action, CREATES[action]) == "InvalidParameterValue.SessionId"


@pytest.mark.parametrize(
    ("switch", "code"),
    [
        ({"throttle": 1}, "RequestLimitExceeded"),
        ({"error_after_work": 1}, "InternalError"),
        ({"pack_exhausted": True}, "LimitExceeded.Quota"),
        *[
            ({"tencent_refuses": code}, code)
            for code in (
                "FailedOperation",
                "FailedOperation.InvalidVodUser",
                "UnauthorizedOperation",
                "ServiceUnavailable",
                "LimitExceeded.VoiceCloneMaxNumLimit",
            )
        ],
    ],
)
def test_a_switch_makes_it_refuse(sandbox: Sandbox, switch: dict[str, Any], code: str) -> None:
    sandbox.turn(**switch)
    assert sandbox.vendor.refused("CreateAigcCustomVoice", CUSTOM) == code


@pytest.mark.parametrize(
    ("switch", "code"),
    [
        ({"pack_exhausted": True}, "UnsupportedOperation.NotAllowed"),
        ({"fail": 1}, "UnsupportedOperation.VoiceCloneError"),
        ({"tencent_refuses": "UnsupportedOperation.InternalError"}, "UnsupportedOperation.InternalError"),
    ],
)
def test_a_switch_makes_trtc_refuse(sandbox: Sandbox, switch: dict[str, Any], code: str) -> None:
    sandbox.turn(**switch)
    assert sandbox.vendor.refused("VoiceClone", FLOW) == code


@pytest.mark.parametrize("switch", ["reply_lost", "garbage"])
def test_a_reply_that_is_not_json_is_an_error_of_the_sdk(sandbox: Sandbox, switch: str) -> None:
    sandbox.turn(**{switch: 1})
    with pytest.raises((TencentCloudSDKException, ValueError)):
        sandbox.vendor.untyped("CreateAigcCustomVoice", CUSTOM)
    sandbox.turn(**{switch: 0})
    assert len(sandbox.vendor.call("DescribeTasks", SubAppId=APPLICATION)["TaskSet"]) == 1


def test_more_than_20_calls_a_second_are_refused(sandbox: Sandbox) -> None:
    sandbox.turn(calls_per_second=0.5)
    sandbox.vendor.call("DescribeTasks")
    assert sandbox.vendor.refused("DescribeTasks", {}) == "RequestLimitExceeded"


@pytest.mark.parametrize(
    ("action", "parameters", "message"),
    [
        ("CreateAigcCustomVoice", {"VideoId": "1"}, "video_id must be empty when voice_url is present"),
        ("CloneVoiceAsync", {"AudioUrl": "ftp://example.com/m.mp3"}, "download audio file failed"),
        ("CreateAigcAudioClone", {}, "voice clone voice id duplicate"),
    ],
)
def test_the_reason_of_a_failed_task_is_in_its_detail(
    sandbox: Sandbox, action: str, parameters: dict[str, Any], message: str
) -> None:
    vendor = sandbox.vendor
    vendor.call("CreateAigcAudioClone", **CLONE | {"SessionId": "first"})
    accepted = vendor.call(action, **CREATES[action] | parameters)
    detail = vendor.call("DescribeTaskDetail", TaskId=accepted["TaskId"], SubAppId=APPLICATION)
    task = detail[f"{action}Task"]
    assert (detail["Status"], task["Status"], task["Message"]) == ("FINISH", "FINISH", message)
    assert task["ErrCodeExt"] != ""

"""Tencent's checks before an action: signature, clock, version, region, size and unknown parameters."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.http import Request, Response
from reconciler.sandbox.router import handle
from reconciler.sandbox.tencent.auth import SECRET_ID, SECRET_KEY, keys_for
from tests.sandbox.tencent.support import Headers, TencentCaller
from tests.support.clock import START

NOW = int(START.timestamp())
LIST = ("DescribeTasks", {"SubAppId": 221073})


def without(name: str) -> dict[str, Any]:
    return {"change": lambda headers: {n: v for n, v in headers.items() if n != name}}


def with_changes(name: str, value: str) -> dict[str, Any]:
    return {"change": lambda headers: headers | {name: value}}


def test_a_signed_call_is_answered(tencent: TencentCaller) -> None:
    assert tencent.call(*LIST) == {"TaskSet": [], "ScrollToken": ""}


def test_more_headers_may_be_signed(tencent: TencentCaller) -> None:
    assert "TaskSet" in tencent.call(*LIST, also={"x-tc-action": "DescribeTasks"})
    broken = with_changes("x-tc-custom", "other")
    assert tencent.refused(*LIST, also={"x-tc-custom": "signed"}, **broken) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("seconds", [-299, 299])
def test_a_clock_may_be_five_minutes_wrong(tencent: TencentCaller, seconds: int) -> None:
    assert "TaskSet" in tencent.call(*LIST, timestamp=NOW + seconds)


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("AuthFailure.SignatureExpire", {"timestamp": NOW - 302}),
        ("AuthFailure.SignatureExpire", {"timestamp": NOW + 302}),
        ("AuthFailure.SignatureFailure", {"date": "2026-01-01"}),
        ("AuthFailure.SignatureFailure", {"secret_key": "other"}),
        ("AuthFailure.SecretIdNotFound", {"secret_id": "AKIDEXAMPLE"}),
        ("AuthFailure.TokenFailure", with_changes("x-tc-token", "stale")),
        ("AuthFailure.InvalidAuthorization", with_changes("authorization", "Bearer sandbox-default")),
        ("AuthFailure.InvalidAuthorization", without("authorization")),
        ("MissingParameter", without("x-tc-timestamp")),
        ("InvalidParameter", with_changes("x-tc-timestamp", "today")),
        ("MissingParameter", without("x-tc-version")),
        ("NoSuchVersion", with_changes("x-tc-version", "2017-03-12")),
        ("InvalidAction", with_changes("x-tc-action", "CloneVoiceSync")),
        ("InvalidRequest", with_changes("content-type", "application/json; charset=utf-8")),
    ],
)
def test_a_request_with_wrong_headers_is_refused(tencent: TencentCaller, code: str, wrong: dict[str, Any]) -> None:
    assert tencent.refused(*LIST, **wrong) == code


def test_what_must_be_signed_must_be(tencent: TencentCaller) -> None:
    def unsigned(headers: Headers) -> Headers:
        return headers | {"authorization": headers["authorization"].replace("content-type;host", "content-type")}

    assert tencent.refused(*LIST, change=unsigned) == "AuthFailure.InvalidAuthorization"


def test_a_token_goes_with_temporary_credentials(tencent: TencentCaller) -> None:
    assert "TaskSet" in tencent.call(*LIST, **with_changes("x-tc-token", "sandbox-token"))


def test_an_unsigned_payload_is_one_that_the_caller_says_is(tencent: TencentCaller) -> None:
    broken = with_changes("x-tc-content-sha256", "UNSIGNED-PAYLOAD")
    assert tencent.refused(*LIST, **broken) == "AuthFailure.SignatureFailure"


def test_an_unknown_product_is_refused(tencent: TencentCaller) -> None:
    assert tencent.refused("DescribeVoices", {}, product="mps") == "NoSuchProduct"


@pytest.mark.parametrize(("region", "code"), [("eu-frankfurt", "UnsupportedRegion"), ("", "MissingParameter")])
def test_trtc_is_in_one_region(tencent: TencentCaller, region: str, code: str) -> None:
    assert tencent.refused("TextToSpeech", {}, **with_changes("x-tc-region", region)) == code


def test_a_request_has_at_most_10_mb(tencent: TencentCaller) -> None:
    body = b'{"SubAppId": 221073, "FileId": "' + b"x" * (10 * 1024 * 1024 - 34) + b'"}'
    assert len(body) == 10 * 1024 * 1024
    assert tencent.call("DescribeTasks", body) == {"TaskSet": [], "ScrollToken": ""}
    assert tencent.refused("DescribeTasks", body + b" ") == "RequestSizeLimitExceeded"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "InvalidRequest"),
        (b"[]", "InvalidRequest"),
        ({"SubAppId": "221073"}, "InvalidParameter"),
        ({"SubAppId": True}, "InvalidParameter"),
        ({"SubAppId": 0}, "InvalidParameterValue.SubAppId"),
        ({"SubAppId": 221073, "Status": "\ud800"}, "InvalidParameter"),
        ({"SubAppId": 221073, "Sort": "Desc"}, "InvalidParameter"),
        ({"SubAppId": 221073, "SessionId": "s"}, "UnknownParameter"),
        ({"SubAppId": 221073, "Sort": {"By": "CreateTime"}}, "UnknownParameter"),
    ],
)
def test_parameters_are_known_and_of_their_type(tencent: TencentCaller, body: object, code: str) -> None:
    assert tencent.refused("DescribeTasks", body) == code


def test_one_family_takes_the_application_as_text(tencent: TencentCaller) -> None:
    assert tencent.refused("DescribeVoices", {"SubAppId": 221073}) == "InvalidParameter"
    assert tencent.refused("DescribeVoices", {"SubAppId": "mine"}) == "InvalidParameterValue.SubAppId"


def test_a_null_parameter_counts_as_missing(tencent: TencentCaller) -> None:
    assert "TaskSet" in tencent.call("DescribeTasks", {"SubAppId": 221073, "ScrollToken": None})
    assert tencent.refused("DescribeTaskDetail", {"TaskId": None}) == "MissingParameter"


def test_names_of_variables_have_an_account_each(tencent: TencentCaller) -> None:
    assert keys_for("") == (SECRET_ID, SECRET_KEY)
    other, key = keys_for("PROD_ID+PROD_KEY")
    assert (other, key) == keys_for("PROD_ID+PROD_KEY")
    assert other != SECRET_ID
    assert "TaskSet" in tencent.call(*LIST, secret_id=other, secret_key=key)


def test_accounts_and_applications_are_apart(tencent: TencentCaller) -> None:
    tencent.custom_voice(SessionId="once")
    assert len(tencent.tasks()["TaskSet"]) == 1
    assert tencent.tasks(SubAppId=7)["TaskSet"] == []
    assert tencent.call(*LIST, secret_id="sandbox-other")["TaskSet"] == []
    assert "TaskId" in tencent.custom_voice(SessionId="once", SubAppId=7)


def test_an_action_is_called_20_times_a_second_and_its_detail_100_times(tencent: TencentCaller) -> None:
    codes = [tencent.call(*LIST).get("Error", {}).get("Code") for _ in range(21)]
    assert codes == [None] * 20 + ["RequestLimitExceeded"]
    assert (
        tencent.refused("DescribeTasks", {"SubAppId": 7}) == "RequestLimitExceeded"
    )  # the limit is per account, not per application
    details = [tencent.refused("DescribeTaskDetail", {"TaskId": "none"}) for _ in range(101)]
    assert details == ["InvalidParameterValue.TaskId"] * 100 + ["RequestLimitExceeded"]
    tencent.clock.sleep(0.05)
    assert "TaskSet" in tencent.call(*LIST)


def test_the_log_names_action_and_code_and_no_secret(tencent: TencentCaller) -> None:
    tencent.call(*LIST)
    tencent.refused("DescribeTaskDetail", {"TaskId": "none"})
    tencent.refused("Describe\nTasks", {})
    assert tencent.lines == [
        "POST / 200 DescribeTasks ok",
        "POST / 200 DescribeTaskDetail InvalidParameterValue.TaskId",
        "POST / 200 - InvalidAction",
    ]


def test_only_post_is_taken(tencent: TencentCaller) -> None:
    answer = handle(tencent.world, Request("GET", "/", headers={"x-tc-action": "DescribeTasks"}))
    assert isinstance(answer, Response)
    assert answer.code == "- UnsupportedProtocol"

"""Answers other than plain refusals: what they prove, with hostile bodies and gateways; and redaction."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest

from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.providers.tencent.schema import Reply
from tests.providers.support import Scripted, answer
from tests.providers.tencent.support import CREDENTIALS, PAID, READ, REQUEST_ID, Ticket, body, refusal, scripted

HTML = b"<html><h1>It works!</h1></html>"
TASK = "221073-CreateAigcCustomVoice-d5cd48945834b441e6e2db3966d4c954t"
SIGNED_URL = "https://cdn.example.com/narrator.mp3?X-Amz-Signature=feedfacefeedface"


def raised(action: str, response: Scripted | bytes, **inputs: object) -> CloudError:
    client, script = scripted(response)
    with pytest.raises(CloudError) as caught:
        client.call(action, inputs, shape=Ticket)
    assert len(script.requests) == 1
    return caught.value


# -- success -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "response",
    [
        body(TaskId=TASK),
        body(TaskId=TASK, Error=None),
        body(TaskId=TASK, CreateAigcMaterialTask=None, New={"Newer": [1]}),
        b'{"Response":{"TaskId":"' + TASK.encode() + b'"}}',
        b'{"New":1,"Response":{"TaskId":"' + TASK.encode() + b'","N":NaN,"I":1e999,"RequestId":7}}',
        b'{"Response":{"TaskId":"an earlier one","TaskId":"' + TASK.encode() + b'"}}',
    ],
)
def test_a_response_without_an_error_is_success_whatever_else_it_holds(response: bytes) -> None:
    client, _ = scripted(response)
    assert client.call(PAID, {}, shape=Ticket).task_id == TASK


def test_a_call_that_answers_nothing_but_a_request_id_succeeds() -> None:
    client, _ = scripted(body())
    assert client.call("DeleteVoice", {}, shape=Reply).request_id == REQUEST_ID


# -- hostile bodies ----------------------------------------------------------------------------------------------------

BODIES = {
    "HTML": HTML,
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"ok"',
    "no Response": json.dumps({"TaskId": TASK, "RequestId": REQUEST_ID}).encode(),
    "Response null": b'{"Response":null}',
    "Response a list": b'{"Response":[]}',
    "Response a text": b'{"Response":"{}"}',
    "Response empty": b'{"Response":{}}',
    "TaskId null": body(TaskId=None),
    "TaskId a number": body(TaskId=221073),
    "TaskId of the wrong case": body(taskId=TASK, task_id=TASK),
    "Error a text": body(TaskId=TASK, Error="InternalError"),
    "Error empty": body(TaskId=TASK, Error={}),
    "Error false": body(TaskId=TASK, Error=False),
    "Code null": refusal(None),
    "Code a number": refusal(1201),
    "Code empty": refusal(""),
    "Code a list": refusal(["InvalidParameter"]),
    "Code of a million dots": refusal("InvalidParameter" + ".x" * 1_000_000),
    "an error beside the Response": b'{"Error":{"Code":"InvalidParameter"},"Response":{}}',
    "cut short": refusal("InvalidParameter")[:-2],
    "twice": refusal("InvalidParameter") * 2,
    "invalid UTF-8": b'{"Response":{"Error":{"Code":"InvalidParameter","Message":"\xff"}}}',
    "a lone surrogate": b'{"Response":{"TaskId":"\\ud800"}}',
    "5000 digits": b'{"Response":{"TaskId":' + b"9" * 5000 + b"}}",
    "1e400": b'{"Response":{"TaskId":1e400}}',
    "NaN": b'{"Response":{"TaskId":NaN}}',
    "deep": b'{"Response":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}  # fmt: skip


@pytest.mark.parametrize("response", BODIES.values(), ids=BODIES)
def test_a_create_answered_like_this_may_have_happened(response: bytes) -> None:
    error = raised(PAID, response)
    assert isinstance(error, OutcomeUnknown)
    assert error.detail.startswith(f"{PAID}: ")
    assert error.detail.endswith("; the call may have been executed")


@pytest.mark.parametrize("response", BODIES.values(), ids=BODIES)
def test_a_read_answered_like_this_is_unknown(response: bytes) -> None:
    assert isinstance(raised(READ, response), OutcomeUnknown)


def test_what_is_missing_is_named_with_the_request() -> None:
    assert raised(PAID, body()).detail == (
        f"{PAID}: success without TaskId: Field required (request {REQUEST_ID}); the call may have been executed"
    )


def test_an_error_without_a_code_is_reported_as_such() -> None:
    assert raised(PAID, refusal(None, None)).detail == (
        f"{PAID}: an error without a code: no message (request {REQUEST_ID}); the call may have been executed"
    )


# -- HTTP says something else than 200 ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
@pytest.mark.parametrize(
    "response", [HTML, b"", body(TaskId=TASK), refusal("InvalidParameter"), refusal("AuthFailure.SignatureExpire")]
)
def test_a_5xx_proves_nothing_whatever_it_says(status: int, response: bytes) -> None:
    date = f"{datetime(2026, 1, 2, 5, 0, tzinfo=UTC):%a, %d %b %Y %H:%M:%S} GMT"
    error = raised(PAID, answer(status, response, Date=date))
    assert isinstance(error, OutcomeUnknown)
    assert f"HTTP {status}" in error.detail


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 407, 408, 409, 413, 429, 431, 499])
def test_a_gateway_s_4xx_proves_nothing_about_a_create(status: int) -> None:
    error = raised(PAID, answer(status, HTML))
    assert isinstance(error, OutcomeUnknown)
    assert error.detail == (
        f"{PAID}: HTTP {status}, and not a reply of Tencent's: <html><h1>It works!</h1></html>; "
        "the call may have been executed"
    )


@pytest.mark.parametrize(("status", "systemic"), [(400, False), (401, True), (403, False), (404, False), (407, True)])
def test_a_gateway_s_4xx_refuses_a_read(status: int, systemic: bool) -> None:
    error = raised(READ, answer(status, HTML))
    assert isinstance(error, Rejected)
    assert (error.systemic, error.absent) == (systemic, False)
    assert error.hint


def test_a_gateway_s_429_slows_a_read() -> None:
    error = raised(READ, answer(429, HTML, Retry_After="3"))
    assert isinstance(error, Throttled)
    assert error.retry_after == 3.0


def test_a_gateway_s_408_leaves_a_read_to_be_tried_again() -> None:
    assert isinstance(raised(READ, answer(408, HTML)), OutcomeUnknown)


def test_tencent_s_own_words_count_under_a_4xx_too() -> None:
    error = raised(PAID, answer(400, refusal("InvalidParameter")))
    assert isinstance(error, Rejected)
    assert error.detail.startswith(f"{PAID}: HTTP 400, InvalidParameter: ")


def test_success_under_a_4xx_proves_nothing() -> None:
    assert isinstance(raised(PAID, answer(404, body(TaskId=TASK))), OutcomeUnknown)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("response", [b"", body(TaskId=TASK)])
def test_a_redirect_is_not_followed_and_proves_nothing_about_a_create(status: int, response: bytes) -> None:
    error = raised(PAID, answer(status, response, Location="https://elsewhere.example/?token=x"))
    assert isinstance(error, OutcomeUnknown)
    assert error.hint
    assert "token" not in error.detail


def test_a_redirected_read_stops_everything() -> None:
    error = raised(READ, answer(302, b"", Location="https://elsewhere.example/"))
    assert isinstance(error, Rejected)
    assert error.systemic


# -- before and after the request was written --------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")])
@pytest.mark.parametrize("action", [PAID, READ])
def test_a_connection_that_never_opened_is_unsent(failure: Exception, action: str) -> None:
    error = raised(action, failure)
    assert isinstance(error, Rejected)
    assert error.unsent
    assert error.detail.startswith(f"{action}: no connection to vod.intl.tencentcloudapi.com")


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("slow"), httpx.ReadError("reset"), httpx.WriteError("pipe")])
def test_a_connection_that_broke_leaves_a_create_unknown(failure: Exception) -> None:
    error = raised(PAID, failure)
    assert isinstance(error, OutcomeUnknown)
    assert error.detail.startswith(f"{PAID}: no answer")
    assert error.detail.endswith("; the call may have been executed")


def test_a_broken_read_is_not_reported_as_executed() -> None:
    assert raised(READ, httpx.ReadError("reset")).detail == f"{READ}: no answer: reset"


def test_a_request_over_10_mb_is_not_sent() -> None:
    client, script = scripted(body(TaskId=TASK))
    with pytest.raises(Rejected, match=r"VoiceClone: the request has 10485779 bytes, at most 10485760 \(10 MB\)"):
        client.call("VoiceClone", {"PromptAudio": "x" * (10 * 1024 * 1024)}, shape=Ticket)
    assert script.requests == []


# -- secrets -----------------------------------------------------------------------------------------------------------

ECHOES = (
    f"the key {CREDENTIALS.secret_key} is not good",
    f"the token {CREDENTIALS.token} has expired",
    f"there is no {CREDENTIALS.secret_id}",
    f"can't fetch {SIGNED_URL}",
    "the link said feedfacefeedface",
    "the APIKey sk-0123456789abcdef is not good",
)
SECRETS = ("SECRETEXAMPLE", "TOKENEXAMPLE", "AKIDEXAMPLE", "feedface", "0123456789abcdef")


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("status", [200, 302, 400, 404, 500])
def test_a_message_that_echoes_a_secret_shows_none(echo: str, status: int) -> None:
    shown = []
    whole = json.dumps({"Response": {"Error": {"Code": "InvalidParameter"}, "RequestId": echo}}).encode()
    for response in (refusal("InvalidParameter", echo), refusal(f"InvalidParameter.{echo}"), whole, echo.encode()):
        client, _ = scripted(answer(status, response, Location=f"https://x.example/{echo.encode().hex()}"))
        with pytest.raises(CloudError) as caught:
            client.call(PAID, {"VoiceUrl": SIGNED_URL}, shape=Ticket, secrets=["sk-0123456789abcdef"])
        error = caught.value
        shown.append(f"{error} {error.hint} {error.code} {error.request_id} {error!r} {error.__cause__!r}")
    assert not [s for s in SECRETS for text in shown if s in text]


def test_an_echoed_signature_is_not_shown() -> None:
    client, script = scripted(body(TaskId=TASK))
    client.call(PAID, {}, shape=Ticket)
    header = script.requests[0].headers["Authorization"]
    signature = header.rpartition("=")[2]
    client, _ = scripted(refusal("AuthFailure.SignatureFailure", f"{header} is not {signature[::-1]}, but {signature}"))
    with pytest.raises(Rejected) as caught:  # the same call at the same second, so the same signature
        client.call(PAID, {}, shape=Ticket)
    assert len(signature) == 64
    assert caught.value.detail == (
        f"{PAID}: AuthFailure.SignatureFailure: TC3-HMAC-SHA256 Credential=***/2026-01-02/vod/tc3_request, "
        f"SignedHeaders=content-type;host, Signature=*** is not {signature[::-1]}, but *** (request {REQUEST_ID})"
    )


def test_a_long_message_is_cut_and_stays_on_one_line() -> None:
    error = raised(PAID, refusal("InvalidParameter" + ".x" * 92, "words \x1b[31m\n" * 1000))
    assert len(error.detail) < 800
    assert error.detail.isprintable()

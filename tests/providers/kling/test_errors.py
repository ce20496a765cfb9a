"""Every row of Kling's error table, and answers that are in no table."""

from __future__ import annotations

import re

import httpx
import pytest

from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.model.observed import Absent, Found, Unknown
from reconciler.model.state import Status
from tests.providers.support import KEY, answer, kling_body, record, scripted, task, voice

SYSTEMIC = [
    (401, 1000), (401, 1001), (401, 1002), (401, 1003), (401, 1004),
    (429, 1100), (429, 1101), (429, 1102), (403, 1103), (429, 1304),
]  # fmt: skip
REFUSED = [(400, 1200), (400, 1201), (404, 1202), (404, 1203), (400, 1300), (400, 1301)]
HTML = b"<html><h1>It works!</h1></html>"


def create(*answers: httpx.Response | Exception) -> tuple[CloudError, int]:
    """The error of a create call with this answer, and the number of requests."""
    provider, script = scripted(*answers)
    with pytest.raises(CloudError) as caught:
        provider.submit(voice(), KEY)
    return caught.value, len(script.requests)


@pytest.mark.parametrize(("status", "code"), SYSTEMIC)
def test_a_permanent_refusal_stops_a_create_at_once(status: int, code: int) -> None:
    error, requests = create(answer(status, kling_body(code, "Account balance not enough")))
    assert isinstance(error, Rejected)
    assert (error.systemic, error.code, error.request_id, requests) == (True, str(code), "req-1", 1)
    assert error.detail == (
        f"POST /v1/general/custom-voices: HTTP {status}, code {code}: Account balance not enough (request req-1)"
    )
    assert error.hint


@pytest.mark.parametrize(("status", "code"), SYSTEMIC)
def test_a_permanent_refusal_stops_a_read_at_once(status: int, code: int) -> None:
    provider, script = scripted(answer(status, kling_body(code)))
    with pytest.raises(Rejected) as caught:
        provider.observe([record()])
    assert caught.value.systemic
    assert len(script.requests) == 1


@pytest.mark.parametrize(("status", "code"), REFUSED)
def test_a_refused_request_is_proven_and_concerns_one_voice(status: int, code: int) -> None:
    error, requests = create(answer(status, kling_body(code)))
    assert isinstance(error, Rejected)
    assert (error.systemic, error.duplicate, error.absent, error.unsent, requests) == (False, False, False, False, 1)


def test_too_many_requests_is_throttled() -> None:
    error, requests = create(answer(429, kling_body(1302), Retry_After="7"))
    assert isinstance(error, Throttled)
    assert (error.in_flight, error.retry_after, requests) == (False, 7.0, 1)


def test_too_many_tasks_is_throttled_in_flight() -> None:
    error, requests = create(answer(429, kling_body(1303, "parallel task over resource pack limit")))
    assert isinstance(error, Throttled)
    assert (error.in_flight, error.retry_after, requests) == (True, None, 1)


@pytest.mark.parametrize(
    ("status", "code"), [(500, 5000), (503, 5001), (504, 5002), (200, 5000), (400, 5002), (502, 1201), (500, 0)]
)
def test_a_server_failure_on_a_create_may_have_happened(status: int, code: int) -> None:
    error, requests = create(answer(status, kling_body(code)))
    assert isinstance(error, OutcomeUnknown)
    assert requests == 1


@pytest.mark.parametrize(("status", "code"), [(500, 5000), (503, 5001), (504, 5002), (429, 1302), (429, 1303)])
def test_a_read_is_tried_again_after_a_passing_failure(status: int, code: int) -> None:
    provider, script = scripted(answer(status, kling_body(code)), answer(200, kling_body(0, data=task())))
    assert isinstance(provider.find(record(Status.INTENDED)), Found)
    assert len(script.requests) == 2


def test_a_read_gives_up_after_four_tries() -> None:
    provider, script = scripted(answer(500, kling_body(5000)))
    seen = provider.find(record(Status.INTENDED))
    assert isinstance(seen, Unknown)
    assert "code 5000" in seen.why
    assert len(script.requests) == 4


# -- 1201 means many things --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message", [f"External_task_id {KEY} already exists", "external task id ALREADY EXISTS", f"{KEY} already exists"]
)
def test_a_key_that_exists_already_is_a_duplicate(message: str) -> None:
    error, _ = create(answer(400, kling_body(1201, message)))
    assert isinstance(error, Rejected)
    assert error.duplicate


@pytest.mark.parametrize("message", ["Voice name already exists", f"{KEY} is too long", "Task not found"])
def test_no_other_1201_is_a_duplicate(message: str) -> None:
    error, _ = create(answer(400, kling_body(1201, message)))
    assert isinstance(error, Rejected)
    assert (error.duplicate, error.absent) == (False, False)


def test_an_accepted_create_compiles_no_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, _ = scripted(answer(200, kling_body(0, data=task())))
    provider.submit(voice(), "vc-0")  # what is compiled once, is compiled now
    compiled: list[object] = []
    monkeypatch.setattr(re, "compile", lambda pattern, flags=0: compiled.append(pattern))
    for number in range(1, 4):
        provider.submit(voice(), f"vc-{number}")
    assert compiled == []


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [(400, 1201, f"Task not found by id/external id: {KEY}"), (404, 1203, "no such thing")],
)
def test_a_key_that_is_not_found_is_absent(status: int, code: int, message: str) -> None:
    provider, _ = scripted(answer(status, kling_body(code, message)))
    assert provider.find(record(Status.INTENDED)) == Absent()


def test_another_1201_on_get_is_not_absence() -> None:
    provider, script = scripted(answer(400, kling_body(1201, "pageNum is wrong")))
    assert isinstance(provider.find(record(Status.INTENDED)), Unknown)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, 1201, "Voice already be deleted for id: 85"),
        (400, 1201, "Voice not found for id: 85"),
        (400, 1201, "voice does not exist"),
        (404, 1203, "resource does not exist"),
    ],
)
def test_a_second_delete_finds_it_absent(status: int, code: int, message: str) -> None:
    provider, _ = scripted(answer(status, kling_body(code, message)))
    with pytest.raises(Rejected) as caught:
        provider.delete(record(voice_id="85"))
    assert caught.value.absent
    assert message in caught.value.detail


@pytest.mark.parametrize(
    "message",
    [
        "only custom voices can be deleted",
        "A preset cannot be deleted",
        "voice is in use",
        "Voice is in use by an element and could not be deleted",
        "The voice to be deleted is referenced by 3 elements",
        "Voice not deleted: it is bound to an element",
    ],
)
def test_a_delete_that_is_refused_is_not_absence(message: str) -> None:
    provider, _ = scripted(answer(400, kling_body(1201, message)))
    with pytest.raises(Rejected) as caught:
        provider.delete(record(voice_id="85"))
    assert not caught.value.absent


# -- in no table -------------------------------------------------------------------------------------------------------


def test_an_unlisted_code_under_4xx_is_a_refusal() -> None:
    error, _ = create(answer(400, kling_body(1999)))
    assert isinstance(error, Rejected)


def test_an_unlisted_code_under_429_is_throttled() -> None:
    error, _ = create(answer(429, kling_body(1399)))
    assert isinstance(error, Throttled)


def test_an_unlisted_code_under_200_proves_nothing() -> None:
    error, _ = create(answer(200, kling_body(1999)))
    assert isinstance(error, OutcomeUnknown)


def test_code_0_under_4xx_proves_nothing() -> None:
    error, _ = create(answer(400, kling_body(0, data=task())))
    assert isinstance(error, OutcomeUnknown)


@pytest.mark.parametrize("status", [401, 407])
def test_a_gateway_that_wants_credentials_stops_everything(status: int) -> None:
    error, _ = create(answer(status, HTML))
    assert isinstance(error, Rejected)
    assert error.systemic


@pytest.mark.parametrize("status", [404, 405, 411, 413, 414, 415, 431])
def test_a_gateway_that_could_not_pass_it_on_proves_a_refusal(status: int) -> None:
    error, _ = create(answer(status, HTML))
    assert isinstance(error, Rejected)


@pytest.mark.parametrize("status", [200, 204, 400, 403, 408, 409, 499, 500, 502, 520])
def test_a_gateway_s_other_words_prove_nothing_about_a_create(status: int) -> None:
    error, requests = create(answer(status, HTML))
    assert isinstance(error, OutcomeUnknown)
    assert requests == 1


def test_a_gateway_s_429_is_throttled() -> None:
    error, _ = create(answer(429, HTML, Retry_After="3"))
    assert isinstance(error, Throttled)
    assert error.retry_after == 3.0


def test_a_gateway_s_404_is_not_absence() -> None:
    provider, script = scripted(answer(404, HTML))
    assert isinstance(provider.find(record(Status.INTENDED)), Unknown)
    assert len(script.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_may_follow_the_work_leaves_a_create_unknown(status: int) -> None:
    error, requests = create(answer(status, b"", Location="https://elsewhere.example/?token=x"))
    assert isinstance(error, OutcomeUnknown)
    assert requests == 1


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_asks_for_the_call_again_is_refused(status: int) -> None:
    error, requests = create(answer(status, b"", Location="https://elsewhere.example/"))
    assert isinstance(error, Rejected)
    assert (error.systemic, requests) == (True, 1)


def test_a_redirected_read_is_not_followed() -> None:
    provider, script = scripted(answer(302, b"", Location="https://elsewhere.example/"))
    with pytest.raises(Rejected) as caught:
        provider.voices()
    assert caught.value.systemic
    assert [r.url.host for r in script.requests] == ["api-singapore.klingai.com"]


# -- before and after the request was written --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.ProxyError("403"), httpx.PoolTimeout("busy")],
)
def test_a_connection_that_never_opened_is_unsent(failure: Exception) -> None:
    error, requests = create(failure)
    assert isinstance(error, Rejected)
    assert (error.unsent, error.systemic, requests) == (True, False, 1)


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout("slow"),
        httpx.WriteTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("broken pipe"),
        httpx.RemoteProtocolError("Server disconnected"),
        httpx.DecodingError("bad gzip"),
    ],
)
def test_a_connection_that_broke_leaves_a_create_unknown(failure: Exception) -> None:
    error, requests = create(failure)
    assert isinstance(error, OutcomeUnknown)
    assert requests == 1


def test_nothing_listening_stops_a_read_after_four_tries() -> None:
    provider, script = scripted(httpx.ConnectError("refused"))
    with pytest.raises(Rejected) as caught:
        provider.observe([record()])
    assert (caught.value.unsent, caught.value.systemic, len(script.requests)) == (True, True, 4)

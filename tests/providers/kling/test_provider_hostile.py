"""Hostile answers, and secrets that must not appear in messages."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest

from reconciler.errors import CloudError, OutcomeUnknown
from reconciler.model.account import Timeouts
from reconciler.model.observed import Unknown
from reconciler.model.state import Status
from reconciler.providers.http import client as transport
from reconciler.providers.kling.auth import KeyPair
from tests.providers.support import API_KEY, KEY, SIGNED_URL, answer, kling_body, record, scripted, task, voice
from tests.support.clock import FakeClock

BODIES = {
    "HTML": b"<html><body>Please sign in</body></html>",
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"ok"',
    "no code": b'{"message":"SUCCEED","data":{"task_id":"1","task_status":"succeed"}}',
    "code null": b'{"code":null,"data":{"task_id":"1","task_status":"succeed"}}',
    "code as text": b'{"code":"0","data":{"task_id":"1","task_status":"succeed"}}',
    "code false": b'{"code":false,"data":{"task_id":"1","task_status":"succeed"}}',
    "code 1e400": b'{"code":1e400,"data":{"task_id":"1","task_status":"succeed"}}',
    "data missing": kling_body(0),
    "data a text": kling_body(0, data="1"),
    "data of empty objects": kling_body(0, data=[{}]),
    "an empty object": kling_body(0, data={}),
    "task_id null": kling_body(0, data={"task_id": None, "task_status": "succeed"}),
    "task_id empty": kling_body(0, data={"task_id": "", "task_status": "succeed"}),
    "task_id 1e400": b'{"code":0,"data":{"task_id":1e400,"task_status":"succeed"}}',
    "task_id a float": b'{"code":0,"data":{"task_id":9.3e17,"task_status":"succeed"}}',
    "task_id of 5000 digits": b'{"code":0,"data":{"task_id":' + b"9" * 5000 + b',"task_status":"succeed"}}',
    "deep": b'{"code":0,"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "cut short": b'{"code":0,"data":{"task_id":"1","task_st',
    "invalid UTF-8": b'{"code":0,"message":"\xff\xfe","data":{"task_id":"\xff","task_status":"succeed"}}',
    "a lone surrogate": b'{"code":0,"data":{"task_id":"\\ud800","task_status":"succeed"}}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_create_answered_like_this_may_have_happened(body: bytes) -> None:
    provider, script = scripted(answer(200, body))
    with pytest.raises(OutcomeUnknown):
        provider.submit(voice(), KEY)
    assert len(script.requests) == 1


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_record_looked_up_like_this_is_unknown(body: bytes) -> None:
    provider, _ = scripted(answer(200, body))
    assert isinstance(provider.find(record(Status.INTENDED)), Unknown)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_list_like_this_makes_every_record_unknown(body: bytes) -> None:
    provider, _ = scripted(answer(200, body))
    observed = provider.observe([record(), record(key="vc-0123abcd-other-deadbeef-1")])
    assert [type(o) for o in observed.of.values()] == [Unknown, Unknown]
    assert observed.marked == ()


def test_one_task_without_an_id_spoils_the_list() -> None:
    provider, _ = scripted(answer(200, kling_body(0, data=[task(), {"task_status": "succeed"}])))
    assert isinstance(provider.observe([record()]).of[KEY], Unknown)


def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1000)
    provider, _ = scripted(answer(200, b" " * 2000 + kling_body(0, data={"task_id": "1"})))
    with pytest.raises(OutcomeUnknown, match="larger than 1000 bytes"):
        provider.submit(voice(), KEY)


def test_a_compressed_answer_that_grows_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1000)
    packed = httpx.ByteStream(gzip.compress(b" " * 9999))
    bomb = httpx.MockTransport(lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=packed))
    http = transport.HttpClient("http://x", Timeouts(), clock=FakeClock(), mount=bomb)
    with pytest.raises(OutcomeUnknown, match="larger than 1000 bytes"):
        http.send("GET", "/", headers={})


# -- secrets -----------------------------------------------------------------------------------------------------------

ECHOES = (
    f"Authorization: Bearer {API_KEY}",
    f"the key {API_KEY} is not good",
    f"can't fetch {SIGNED_URL}",
    f"can't fetch <a href='{SIGNED_URL}&amp;x=1'>",
    "Bearer some-other-token",
)
SECRETS = (API_KEY, "feedface", "some-other-token")


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
def test_a_message_that_echoes_a_secret_shows_none(echo: str, status: int) -> None:
    shown = []
    for body in (kling_body(1201, echo), kling_body(9999, echo), echo.encode(), json.dumps({"message": echo}).encode()):
        provider, _ = scripted(answer(status, body))
        with pytest.raises(CloudError) as caught:
            provider.submit(voice(), KEY)
        error = caught.value
        shown.append(f"{error} {error.hint} {error.request_id} {error!r} {error.__cause__!r}")
    assert not [s for s in SECRETS for text in shown if s in text]


def test_a_key_pair_and_its_token_are_never_shown() -> None:
    pair = KeyPair("access-key-of-ours", "secret-key-of-ours-that-is-32-long")
    provider, script = scripted(answer(400, kling_body(1201, "placeholder")), credentials=pair)
    with pytest.raises(CloudError):
        provider.submit(voice(), KEY)
    token = script.requests[0].headers["Authorization"]
    echo = f"{token} of access-key-of-ours, secret-key-of-ours-that-is-32-long, {token.removeprefix('Bearer ')}"
    provider, _ = scripted(answer(400, kling_body(1201, echo)), credentials=pair)
    with pytest.raises(CloudError) as caught:
        provider.submit(voice(), KEY)
    assert caught.value.detail.endswith("code 1201: Bearer *** of ***, ***, *** (request req-1)")


def test_a_broken_connection_s_words_show_no_secret() -> None:
    provider, _ = scripted(httpx.ReadError(f"while sending Bearer {API_KEY} to {SIGNED_URL}"))
    with pytest.raises(OutcomeUnknown) as caught:
        provider.submit(voice(), KEY)
    assert not [s for s in SECRETS if s in str(caught.value)]


def test_a_long_message_is_cut_and_stays_on_one_line() -> None:
    provider, _ = scripted(answer(400, kling_body(1201, "words \x1b[31m\n" * 1000)))
    with pytest.raises(CloudError) as caught:
        provider.submit(voice(), KEY)
    assert len(caught.value.detail) < 400
    assert caught.value.detail.isprintable()


def test_credentials_are_not_in_a_repr() -> None:
    assert "secret-key-of-ours" not in repr(KeyPair("access-key-of-ours", "secret-key-of-ours"))

"""The two ways to authenticate, and each error."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode

import jwt
import pytest

from reconciler.sandbox.http import Response
from reconciler.sandbox.kling.auth import ACCESS_KEY, API_KEY, SECRET_KEY, key_for
from tests.sandbox.support import Caller
from tests.support.clock import START

NOW = int(START.timestamp())
CLAIMS = {"iss": ACCESS_KEY, "exp": NOW + 1800, "nbf": NOW - 5}


def signed(claims: dict[str, object], secret: str = SECRET_KEY, algorithm: str = "HS256") -> str:
    """A token made by hand, so that the test does not use the same library as the code."""
    head, body = ({"alg": algorithm, "typ": "JWT"}, claims)
    signed_part = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, body))
    digest = hmac.new(secret.encode(), signed_part, hashlib.sha256).digest()
    return (signed_part + b"." + urlsafe_b64encode(digest).rstrip(b"=")).decode()


def refusal(kling: Caller, authorization: str | None) -> tuple[int, int]:
    headers = {} if authorization is None else {"Authorization": authorization}
    reply = kling.call("GET", "/v1/general/custom-voices", headers=headers)
    assert reply.code == 0 or set(reply.body) == {"code", "message", "request_id"}
    return reply.status, reply.code


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (None, (401, 1001)),
        ("", (401, 1001)),
        ("Bearer", (401, 1001)),
        ("Bearer  ", (401, 1001)),
        (f"Basic {API_KEY}", (401, 1002)),
        (API_KEY, (401, 1002)),
        ("Bearer live-key", (401, 1002)),
        ("Bearer sandbox-", (401, 1002)),
        ("Bearer a.b.c", (401, 1002)),
        (f"Bearer {API_KEY}", (200, 0)),
        (f"bearer {API_KEY}", (200, 0)),
    ],
)
def test_an_api_key(kling: Caller, authorization: str | None, expected: tuple[int, int]) -> None:
    assert refusal(kling, authorization) == expected


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (CLAIMS, (200, 0)),
        (CLAIMS | {"nbf": NOW}, (200, 0)),
        ({"iss": ACCESS_KEY, "exp": NOW + 1}, (200, 0)),
        (CLAIMS | {"iat": NOW + 60, "aud": "x"}, (200, 0)),
        (CLAIMS | {"nbf": NOW + 1}, (401, 1003)),
        (CLAIMS | {"exp": NOW}, (401, 1004)),
        (CLAIMS | {"exp": NOW - 1800}, (401, 1004)),
        (CLAIMS | {"exp": "soon"}, (401, 1002)),
        (CLAIMS | {"nbf": True}, (401, 1002)),
        ({"iss": ACCESS_KEY}, (401, 1002)),
        (CLAIMS | {"iss": "live"}, (401, 1002)),
        (CLAIMS | {"iss": 7}, (401, 1002)),
        ({"exp": NOW + 1800}, (401, 1002)),
    ],
)
def test_a_token(kling: Caller, claims: dict[str, object], expected: tuple[int, int]) -> None:
    assert refusal(kling, f"Bearer {signed(claims)}") == expected


def test_a_token_signed_with_another_secret_is_refused(kling: Caller) -> None:
    assert refusal(kling, f"Bearer {signed(dict(CLAIMS), secret='another-secret')}") == (401, 1002)


@pytest.mark.parametrize("algorithm", ["none", "HS512", "RS256"])
def test_a_token_of_another_algorithm_is_refused(kling: Caller, algorithm: str) -> None:
    assert refusal(kling, f"Bearer {signed(dict(CLAIMS), algorithm=algorithm)}") == (401, 1002)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_token_made_by_pyjwt_is_taken(kling: Caller) -> None:
    token = jwt.encode(dict(CLAIMS), SECRET_KEY, algorithm="HS256", headers={"typ": "JWT"})
    assert refusal(kling, f"Bearer {token}") == (200, 0)


def test_a_token_expires_while_the_world_continues(kling: Caller) -> None:
    bearer = f"Bearer {signed(dict(CLAIMS))}"
    assert refusal(kling, bearer) == (200, 0)
    kling.clock.sleep(1800)
    assert refusal(kling, bearer) == (401, 1004)


def test_an_access_key_and_an_api_key_of_one_name_are_one_account(kling: Caller) -> None:
    kling.made()
    reply = kling.call("GET", "/v1/general/custom-voices", headers={"Authorization": f"Bearer {signed(dict(CLAIMS))}"})
    assert len(reply.data) == 1


def test_every_name_has_a_key_that_is_accepted(kling: Caller) -> None:
    assert key_for("default") == API_KEY
    assert refusal(kling, f"Bearer {key_for('Kling, zweites Büro')}") == (200, 0)


def test_nothing_is_done_for_a_caller_without_credentials(kling: Caller) -> None:
    reply = kling.call("POST", "/v1/general/custom-voices", body={"voice_name": "x"}, headers={})
    assert reply.code == 1001
    assert kling.world.accounts() == ()


def test_the_log_has_a_line_a_request_and_no_secret(kling: Caller) -> None:
    kling.create(voice_url="https://cdn.example.com/a.mp3?signature=hush")
    kling.listed("?pageSize=5&token=hush")
    kling.call("GET", "/v1/general/custom-voices", headers={"Authorization": "Bearer hush"})
    kling.send("GET", "/v1/general/\x1b[31m\n")
    kling.change_faults(reply_lost=1)
    kling.create_raw()
    assert kling.lines == [
        "POST /v1/general/custom-voices 200 0",
        "GET /v1/general/custom-voices 200 0",
        "GET /v1/general/custom-voices 401 1002",
        "GET /v1/general/?[31m? 404 1203",
        "POST /v1/general/custom-voices dropped -",
    ]


def test_a_garbage_answer_has_no_code_in_the_log(kling: Caller) -> None:
    kling.change_faults(garbage=1)
    assert isinstance(kling.create_raw(), Response)
    assert kling.lines == ["POST /v1/general/custom-voices 200 -"]

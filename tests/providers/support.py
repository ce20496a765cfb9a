"""Records, a voice, and Kling providers with scripted answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import httpx

from reconciler.model.manifest import Voice
from reconciler.model.state import Record, Status
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.auth import ApiKey, Credentials
from reconciler.providers.kling.provider import KlingProvider
from tests.support.clock import START, FakeClock

KEY = "vc-0123abcd-narrator-deadbeef-1"
API_KEY = "kling-api-key-0123456789abcdef"
HERE = "kling https://api-singapore.klingai.com"
SIGNED_URL = "https://cdn.example.com/narrator.mp3?X-Amz-Signature=feedfacefeedface"


def voice(**inputs: object) -> Voice:
    given = {"voice_name": "Narrator EN", "voice_url": SIGNED_URL} | inputs
    return Voice(address="narrator", provider="kling", type="kling", method="create", inputs=given)


def record(status: Status = Status.READY, *, key: str = KEY, account: str = HERE, **fields: Any) -> Record:
    sent = 0 if fields.get("method") in ("existing", "preset") else 1
    defaults: dict[str, Any] = {
        "external_task_id": key,
        "address": "narrator",
        "provider": "kling",
        "account": account,
        "method": "create",
        "generation": 1,
        "status": status,
        "created_at": START,
        "changed_at": START,
        "attempts": sent,
    }
    return Record(**(defaults | fields))


def kling_body(code: int, message: str = "words", **more: object) -> bytes:
    return json.dumps({"code": code, "message": message, "request_id": "req-1", **more}).encode()


def task(task_id: object = "930801301486305328", status: str = "succeed", **more: Any) -> dict[str, Any]:
    """A task as Kling's docs show it."""
    voices = [{"voice_id": "850087542757535834", "voice_name": "Narrator EN", "trial_url": "u", "owned_by": "1002"}]
    fields: dict[str, Any] = {
        "task_id": task_id,
        "task_status": status,
        "task_status_msg": "",
        "task_info": {"external_task_id": KEY},
        "final_unit_deduction": "0.05",
        "created_at": 1722769557708,
        "updated_at": 1722769557708,
    }
    if status in ("succeed", "succeeded"):
        fields["task_result"] = {"voices": voices}
    return fields | more


Scripted = httpx.Response | Exception


class Script(httpx.BaseTransport):
    """Scripted answers, one after another; the last one is repeated."""

    def __init__(self, answers: Iterable[Scripted]) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def scripted(
    *answers: Scripted, credentials: Credentials | None = None, clock: FakeClock | None = None
) -> tuple[KlingProvider, Script]:
    """A provider on the default endpoint, and the script with the requests that it received."""
    script = Script(answers)
    provider = KlingProvider(
        KlingAccount(type="kling"),
        credentials or ApiKey(API_KEY),
        clock=clock or FakeClock(),
        transport=script,
    )
    return provider, script


def answer(status: int, content: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=content, headers={k.replace("_", "-"): v for k, v in headers.items()})

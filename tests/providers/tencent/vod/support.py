"""A VOD application with scripted answers for each action, and a record of its requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from reconciler.model.manifest import Voice
from reconciler.model.observed import Observation
from reconciler.model.state import Record, Status
from reconciler.providers.tencent.vod.account import TencentVodAccount
from reconciler.providers.tencent.vod.provider import VodProvider
from tests.providers import support
from tests.providers.tencent.support import CREDENTIALS, body
from tests.support.clock import FakeClock

HERE = "tencent-vod https://vod.intl.tencentcloudapi.com 221073"
KEY = support.KEY
TASK = "221073-CreateAigcCustomVoice-d5cd48945834b441e6e2db3966d4c954t"
VOICE_INFO = (
    '{"voice_id":"829826751","voice_name":"myVoice","trial_url":"https://x/t.mp3","owned_by":"123","status":"succeed"}'
)
MADE = {"InfoList": [{"VoiceId": "829826751", "VoiceInfo": VOICE_INFO}]}

Answer = bytes | httpx.Response | Exception | Callable[[dict[str, Any]], bytes]


def voice(method: str = "create", **inputs: object) -> Voice:
    return Voice(address="narrator", provider="vod", type="tencent-vod", method=method, inputs=inputs)


def record(status: Status = Status.RUNNING, **fields: Any) -> Record:
    defaults: dict[str, Any] = {"provider": "vod", "account": HERE}
    if status in (Status.RUNNING, Status.READY):
        defaults["task_id"] = TASK
    return support.record(status, **(defaults | fields))


class Vod(httpx.BaseTransport):
    """Scripted answers: one for each action, or several one after another; the last one is repeated."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = {a: [*given] if isinstance(given, list) else [given] for a, given in answers.items()}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        action, request_body = request.headers["X-TC-Action"], json.loads(request.content)
        self.asked.append((action, request_body))
        answers = self._answers[action]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer(request_body)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, content=answer)

    @property
    def actions(self) -> list[str]:
        return [action for action, _ in self.asked]

    def request_body(self, action: str) -> dict[str, Any]:
        """The request body of the only call of this action."""
        [request_body] = [request_body for asked, request_body in self.asked if asked == action]
        return request_body


def provider(
    clock: FakeClock | None = None,
    *,
    secrets: tuple[str, ...] = (),
    listed: bool = False,
    **answers: Any,
) -> tuple[VodProvider, Vod]:
    cloud = Vod(answers)
    account = TencentVodAccount(type="tencent-vod", sub_app_id=221073)
    made = VodProvider(
        account, CREDENTIALS, clock=clock or FakeClock(), transport=cloud, secrets_of=lambda _: secrets, listed=listed
    )
    return made, cloud


def line(task_id: str = TASK, status: object = "FINISH", *, key: object = KEY, **more: object) -> dict[str, object]:
    """A task in the list of DescribeTasks. A time that has not come yet is in the year 1."""
    never = "0001-01-01T00:00:00Z"
    line = {"TaskId": task_id, "Status": status, "FileId": "", "TaskType": "CreateAigcCustomVoice"}
    times = {"CreateTime": "2026-01-02T03:04:05Z", "BeginProcessTime": never, "FinishTime": never}
    return line | times | {"SessionId": key, "SessionContext": ""} | more


def page(*lines: object, token: object = "") -> bytes:
    return body(TaskSet=list(lines), ScrollToken=token)


_NULLS = (
    "CreateAigcCustomVoiceTask",
    "CreateAigcAudioCloneTask",
    "CloneVoiceAsyncTask",
    "AigcAudioTask",
    "TextToSpeechAsyncTask",
    "CreateAigcMaterialTask",
)


def detail(inside: str = "CreateAigcCustomVoiceTask", *, status: object = "FINISH", **sub: Any) -> bytes:
    """The reply of DescribeTaskDetail: one object is set, all others are null."""
    response: dict[str, Any] = {"TaskType": inside.removesuffix("Task"), "Status": status} | dict.fromkeys(_NULLS)
    response |= {"CreateTime": "2026-08-05T02:37:00Z", "FinishTime": "2026-08-05T02:38:04Z"}
    common = {"TaskId": TASK, "Status": status, "ErrCode": 0, "ErrCodeExt": "", "Message": "", "Progress": 100}
    return body(**response | {inside: common | {"SessionId": KEY, "SessionContext": "", "Input": {}} | sub})


def made() -> bytes:
    return detail(Output=MADE)


def look(provider: VodProvider, *records: Record) -> Observation:
    """The observation of the first record."""
    of = provider.observe(records).of
    assert set(of) == {r.external_task_id for r in records}
    return of[records[0].external_task_id]

"""Kling's newer `/tasks`: only an explicit status of a voice counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.errors import Rejected
from reconciler.model.observed import Absent, Found, Observation, Unknown
from reconciler.model.state import Record, Status
from reconciler.protocols.provider import ProbeCost, Probing
from reconciler.providers.kling.auth import KeyPair
from tests.providers.support import KEY, Script, answer, kling_body, record, scripted

TASK, VOICE = "930801301486305328", "850087542757535834"


def unified(task_id: object = TASK, **output: object) -> dict[str, Any]:
    voice = {"type": "voice", "id": VOICE, "name": "Narrator EN", "url": "u", "owned_by": "1002", "status": "succeeded"}
    return {
        "id": task_id,
        "status": "succeeded",
        "message": "",
        "create_time": 1722769557708,
        "external_id": KEY,
        "outputs": [{"type": "video", "id": VOICE, "status": "deleted"}, voice | output],
        "billing": [],
    }


def ready(n: int = 0, **fields: Any) -> Record:
    given: dict[str, Any] = {"key": f"vc-0123abcd-v{n}-deadbeef-1"} if n else {}
    return record(Status.READY, **(given | {"task_id": TASK, "voice_id": VOICE, "voice_name": "Narrator EN"} | fields))


def probed(data: object, its: Record | None = None) -> tuple[Observation, Script]:
    provider, script = scripted(answer(200, kling_body(0, data=data)))
    return provider.probe([its or ready()])[KEY], script


def test_a_voice_that_kling_says_was_deleted_is_gone() -> None:
    seen, script = probed([unified(status="deleted")])
    assert seen == Absent()
    assert script.requests[0].url.path == "/tasks"
    assert dict(script.requests[0].url.params) == {"task_ids": TASK}
    assert script.requests[0].headers["Authorization"].startswith("Bearer ")


@pytest.mark.parametrize("task_id", [TASK, int(TASK)])
def test_a_voice_that_kling_reports_as_succeeded_exists(task_id: object) -> None:
    seen, _ = probed([unified(task_id)])
    assert isinstance(seen, Found)
    assert seen.remote.voice_id == VOICE


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        [unified("other", status="deleted")],
        [unified(id="another voice", status="deleted")],
        [unified(type="video", status="deleted")],
        [unified(status="processing")],
        [unified(status=None)],
        [{"id": TASK, "outputs": None}],
    ],
)
def test_whatever_else_it_says_is_not_known(data: object) -> None:
    assert isinstance(probed(data)[0], Unknown)


def test_a_voice_of_no_known_task_is_not_looked_up() -> None:
    seen, script = probed([], ready(task_id=None))
    assert isinstance(seen, Unknown)
    assert script.requests == []


def test_one_call_looks_up_twenty() -> None:
    provider, script = scripted(answer(200, kling_body(0, data=[])))
    provider.probe([ready(n, task_id=str(n)) for n in range(1, 42)])
    asked = [request.url.params["task_ids"].split(",") for request in script.requests]
    assert [len(ids) for ids in asked] == [20, 20, 1]


def test_a_call_that_fails_leaves_its_voices_unknown_and_the_others_are_looked_up() -> None:
    refused = answer(400, kling_body(1201, "no"))
    provider, _ = scripted(refused, answer(200, json.dumps({"code": 0, "data": [unified(status="deleted")]}).encode()))
    probed = provider.probe([*(ready(n, task_id=str(n)) for n in range(1, 21)), ready()])
    assert [type(seen) for seen in probed.values()] == [Unknown] * 20 + [Absent]


def test_what_stops_every_call_is_raised() -> None:
    provider, _ = scripted(answer(401, kling_body(1000, "no")))
    with pytest.raises(Rejected) as caught:
        provider.probe([ready()])
    assert caught.value.systemic


def test_only_an_api_key_may_ask() -> None:
    with_key, _ = scripted(answer(200, kling_body(0, data=[])))
    with_pair, _ = scripted(answer(200, kling_body(0, data=[])), credentials=KeyPair("AKAKAKAK", "SKSKSKSK"))
    assert isinstance(with_key, Probing)
    assert with_key.capabilities.probe == ProbeCost(call="GET /tasks", voices=20)
    assert with_pair.capabilities.probe is None

"""The fake service follows Kling's rules, tested without our adapter."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.clock import FakeClock
from tests.support.kling_service import OWEN, Deleted, KlingService, Spoil

VOICES = "/v1/general/custom-voices"


@pytest.fixture
def caller(kling: KlingService) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=kling.url, headers={"Authorization": f"Bearer {kling.api_key}"}) as client:
        yield client


def create(caller: httpx.Client, name: str = "Narrator", key: str = "k1") -> httpx.Response:
    body = {"voice_name": name, "voice_url": "https://x/a.mp3", "video_id": "", "external_task_id": key}
    return caller.post(VOICES, json=body)


def refusal(response: httpx.Response) -> tuple[int, int, str]:
    body = response.json()
    assert "data" not in body
    return response.status_code, body["code"], body["message"]


def test_a_create_answers_with_a_submitted_task(caller: httpx.Client) -> None:
    body = create(caller).json()
    assert (body["code"], body["message"], body["data"]["task_status"]) == (0, "SUCCEED", "submitted")
    assert set(body["data"]) == {"task_id", "task_info", "task_status", "created_at", "updated_at"}


def test_a_task_goes_from_submitted_to_processing_to_succeed(
    kling: KlingService, caller: httpx.Client, clock: FakeClock
) -> None:
    kling.task_seconds = 10
    task_id = create(caller).json()["data"]["task_id"]
    seen = []
    for seconds in (0, 6, 6):
        clock.pass_(seconds)
        seen.append(caller.get(f"{VOICES}/{task_id}").json()["data"]["task_status"])
    assert seen == ["submitted", "processing", "succeed"]


def test_a_used_key_is_never_accepted_again(kling: KlingService, caller: httpx.Client) -> None:
    kling.deleted_voices = Deleted.VANISHES
    create(caller)
    kling.delete_outside(next(iter(kling.voices)))
    assert refusal(create(caller)) == (400, 1201, "External_task_id k1 already exists")


def test_an_unknown_id_is_1201(caller: httpx.Client) -> None:
    assert refusal(caller.get(f"{VOICES}/nobody")) == (400, 1201, "Task not found by id/external id: nobody")


def test_a_name_of_21_characters_is_refused(caller: httpx.Client) -> None:
    assert refusal(create(caller, "x" * 21))[:2] == (400, 1201)
    assert create(caller, "旁" * 20).json()["code"] == 0


@pytest.mark.parametrize("query", ["pageNum=0", "pageNum=1001", "pageSize=0", "pageSize=1001", "pageSize=x"])
def test_a_page_outside_1_to_1000_is_refused(caller: httpx.Client, query: str) -> None:
    assert refusal(caller.get(f"{VOICES}?{query}"))[:2] == (400, 1201)


def test_a_page_has_30_by_default(kling: KlingService, caller: httpx.Client) -> None:
    kling.add_foreign(*(f"v{n}" for n in range(31)))
    assert len(caller.get(VOICES).json()["data"]) == 30


@pytest.mark.parametrize(("header", "code"), [("", 1001), ("Basic x", 1002), ("Bearer wrong", 1002)])
def test_a_wrong_key_is_refused(kling: KlingService, header: str, code: int) -> None:
    response = httpx.get(f"{kling.url}{VOICES}", headers={"Authorization": header})
    assert refusal(response)[:2] == (401, code)


def test_too_many_calls_a_second_are_1302(kling: KlingService, caller: httpx.Client, clock: FakeClock) -> None:
    kling.rate_limit = 2
    codes = [caller.get(VOICES).json()["code"] for _ in range(3)]
    clock.pass_(1)
    assert [*codes, caller.get(VOICES).json()["code"]] == [0, 0, 1302, 0]


def test_too_many_tasks_in_flight_are_1303(kling: KlingService, caller: httpx.Client, clock: FakeClock) -> None:
    kling.task_seconds, kling.in_flight_cap = 10, 1
    create(caller)
    assert refusal(create(caller, key="k2")) == (429, 1303, "parallel task over resource pack limit")
    clock.pass_(10)
    assert create(caller, key="k2").json()["code"] == 0


def test_a_lost_reply_was_work_done(kling: KlingService, caller: httpx.Client) -> None:
    kling.spoil("create", Spoil.REPLY_LOST)
    with pytest.raises(httpx.RemoteProtocolError):
        create(caller)
    assert kling.bought == 1
    assert caller.get(f"{VOICES}/k1").json()["code"] == 0


def test_a_voice_is_deleted_once_and_a_preset_never(kling: KlingService, caller: httpx.Client) -> None:
    create(caller)
    voice_id = next(iter(kling.voices))
    answers = [caller.post("/v1/general/delete-voices", json={"voice_id": v}) for v in (voice_id, voice_id, OWEN)]
    assert [a.json()["code"] for a in answers] == [0, 1201, 1201]
    assert kling.voices == {}

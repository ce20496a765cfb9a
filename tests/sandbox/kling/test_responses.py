"""The sandbox's answers have the same keys and types as the examples on Kling's page Voice Management."""

from __future__ import annotations

import re

from tests.sandbox.support import Caller

ACCEPTED = {
    "task_id": str,
    "task_info": {"external_task_id": str},
    "task_status": str,
    "created_at": int,
    "updated_at": int,
}
VOICE = {"voice_id": str, "voice_name": str, "trial_url": str, "owned_by": str}
UNFINISHED = {**ACCEPTED, "task_status_msg": str}
FINISHED = {
    **UNFINISHED,
    "task_result": {"voices": [VOICE]},
    "final_unit_deduction": str,
    "final_balance_deduction": {"quota": str, "list_price": str},
}
PRESET = {k: v for k, v in FINISHED.items() if k != "task_info" and not k.startswith("final_")}


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    return [shape(v) for v in value] if isinstance(value, list) else type(value)


def test_every_success_has_the_same_envelope(kling: Caller) -> None:
    for reply in (kling.create(), kling.listed(), kling.presets()):
        assert reply.status == 200
        assert list(reply.body) == ["code", "message", "request_id", "data"]
        assert (reply.body["code"], reply.body["message"]) == (0, "SUCCEED")
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", reply.body["request_id"])


def test_an_error_carries_no_data(kling: Caller) -> None:
    assert list(kling.get("nobody").body) == ["code", "message", "request_id"]


def test_two_answers_have_two_request_ids(kling: Caller) -> None:
    assert kling.listed().body["request_id"] != kling.listed().body["request_id"]


def test_a_create_answers_a_submitted_task_without_result(kling: Caller) -> None:
    accepted = kling.create(external_task_id="k1").data
    assert shape(accepted) == ACCEPTED
    assert accepted["task_status"] == "submitted"
    assert accepted["task_info"] == {"external_task_id": "k1"}


def test_ids_are_strings_of_18_digits(kling: Caller) -> None:
    voice_id = kling.made()
    assert re.fullmatch(r"[1-9][0-9]{17}", voice_id)
    assert re.fullmatch(r"[1-9][0-9]{17}", kling.listed().data[0]["task_id"])


def test_times_are_unix_milliseconds(kling: Caller) -> None:
    assert kling.create().data["created_at"] == 1_767_323_045_000


def test_a_task_goes_from_submitted_over_processing_to_succeed(kling: Caller) -> None:
    created = kling.create(external_task_id="k1").data["created_at"]
    seen = []
    for _ in range(3):
        task = kling.get("k1").data
        seen.append((task["task_status"], task["updated_at"] - created, shape(task) == UNFINISHED))
        kling.clock.sleep(0.5)
    assert seen == [("submitted", 0, True), ("processing", 200, True), ("succeed", 1000, False)]


def test_a_finished_task_has_all_that_the_sample_has(kling: Caller) -> None:
    kling.made("Hero", external_task_id="k1")
    task = kling.get("k1").data
    assert shape(task) == FINISHED
    assert (task["task_status"], task["task_status_msg"], task["final_unit_deduction"]) == ("succeed", "", "0.05")
    assert task["task_result"]["voices"][0]["voice_name"] == "Hero"


def test_a_failed_task_shows_the_reason_and_has_no_voice(kling: Caller) -> None:
    kling.create(external_task_id="k1", voice_url="https://cdn.example.com/bad.mp3")
    kling.clock.sleep(1)
    task = kling.get("k1").data
    assert shape(task) == UNFINISHED
    assert task["task_status"] == "failed"
    assert "one clean human voice" in task["task_status_msg"]


def test_the_list_is_a_bare_array_of_the_same_records(kling: Caller) -> None:
    kling.made(external_task_id="k1")
    assert kling.listed().data == [kling.get("k1").data]


def test_a_task_without_a_key_has_an_empty_task_info(kling: Caller) -> None:
    assert kling.create().data["task_info"] == {}


def test_an_official_voice_is_a_task_of_its_own_without_task_info_and_price(kling: Caller) -> None:
    presets = kling.presets("?pageSize=5").data
    assert [shape(record) for record in presets] == [PRESET] * 5
    assert presets[0]["task_result"]["voices"][0]["voice_name"] == "Owen"
    assert presets[0]["task_result"]["voices"][0]["owned_by"] == "kling"


def test_there_are_a_dozen_official_voices_in_pages(kling: Caller) -> None:
    assert len(kling.presets().data) == 12
    assert len(kling.presets("?pageNum=2&pageSize=10").data) == 2
    assert kling.presets("?pageNum=3&pageSize=10").data == []


def test_official_voices_have_the_same_ids_in_every_world(kling: Caller) -> None:
    assert kling.presets().data[0]["task_result"]["voices"][0]["voice_id"] == "829000000000000001"
    assert {len(r["task_result"]["voices"][0]["voice_id"]) for r in kling.presets().data} == {18}


def test_a_delete_answers_task_id_and_status(kling: Caller) -> None:
    voice_id = kling.made(external_task_id="k1")
    task_id = kling.get("k1").data["task_id"]
    deleted = kling.delete(voice_id).data
    assert (deleted["task_id"], deleted["task_status"]) == (task_id, "succeed")


def test_an_account_owns_its_voices_under_one_number(kling: Caller) -> None:
    for name in ("A", "B"):
        kling.made(name)
    kling.key = "sandbox-other"
    kling.made("C")
    owners = {record["task_result"]["voices"][0]["owned_by"] for record in kling.listed().data}
    kling.key = "sandbox-default"
    owners |= {record["task_result"]["voices"][0]["owned_by"] for record in kling.listed().data}
    assert len(owners) == 2
    assert all(owner.isdecimal() for owner in owners)


def test_a_trial_link_is_signed_again_for_each_reader(kling: Caller) -> None:
    kling.made(external_task_id="k1")
    first = kling.get("k1").data["task_result"]["voices"][0]["trial_url"]
    kling.clock.sleep(60)
    second = kling.get("k1").data["task_result"]["voices"][0]["trial_url"]
    assert first != second
    assert first.partition("?")[0] == second.partition("?")[0]

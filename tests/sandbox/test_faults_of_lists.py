"""Faults of lists and look-ups: late, limited or shifted pages, and undocumented answers."""

from __future__ import annotations

import pytest

from tests.sandbox.support import Caller


@pytest.fixture
def kling(kling: Caller) -> Caller:
    """With five finished voices, v4 listed first."""
    for n in range(5):
        kling.create(f"v{n}", external_task_id=f"k{n}")
    kling.clock.sleep(10)
    return kling


def test_a_capped_page_is_shorter_than_requested_and_the_pages_follow_each_other(kling: Caller) -> None:
    kling.change_faults(page_cap=2)
    pages = [kling.names(f"?pageNum={n}&pageSize=1000") for n in (1, 2, 3, 4)]
    assert pages == [["v4", "v3"], ["v2", "v1"], ["v0"], []]


def test_a_cap_above_the_demand_changes_nothing(kling: Caller) -> None:
    kling.change_faults(page_cap=4)
    assert kling.names("?pageNum=1&pageSize=3") == ["v4", "v3", "v2"]


def test_the_official_voices_are_capped_too(kling: Caller) -> None:
    kling.change_faults(page_cap=5)
    assert [len(kling.presets(f"?pageNum={n}&pageSize=1000").data) for n in (1, 2, 3, 4)] == [5, 5, 2, 0]


def test_a_shifting_list_reports_one_twice_or_misses_one(kling: Caller) -> None:
    kling.change_faults(shift_list=1)
    seen = {tuple(kling.names("?pageSize=2") + kling.names("?pageNum=2&pageSize=2")) for _ in range(20)}
    assert seen == {("v4", "v3", "v3", "v2"), ("v4", "v3", "v1", "v0")}


def test_the_first_page_never_shifts(kling: Caller) -> None:
    kling.change_faults(shift_list=1)
    assert {tuple(kling.names("?pageSize=2")) for _ in range(20)} == {("v4", "v3")}


def test_a_task_that_is_late_by_id_is_not_found_and_its_key_is_used_up(kling: Caller) -> None:
    kling.change_faults(late_by_id=5)
    task_id = kling.create(external_task_id="late").data["task_id"]
    for wanted in ("late", task_id):
        assert kling.get(wanted).refusal == (400, 1201, f"Task not found by id/external id: {wanted}")
    assert len(kling.listed().data) == 5
    assert kling.create(external_task_id="late").refusal == (400, 1201, "External_task_id late already exists")
    kling.clock.sleep(5)
    assert kling.get("late").data["task_id"] == task_id


def test_a_poll_can_return_an_undocumented_status(kling: Caller) -> None:
    kling.change_faults(unknown_status=1)
    assert kling.get("k0").data["task_status"] == "reviewing"
    assert {task["task_status"] for task in kling.listed().data} == {"reviewing"}
    kling.change_faults(unknown_status=0)
    assert kling.get("k0").data["task_status"] == "succeed"


def test_each_entry_of_a_list_is_faulty_independently(kling: Caller) -> None:
    kling.change_faults(unknown_status=0.5)
    statuses = [task["task_status"] for _ in range(10) for task in kling.listed().data]
    assert set(statuses) == {"succeed", "reviewing"}


def test_a_success_can_lack_its_voice_id(kling: Caller) -> None:
    kling.change_faults(voiceless=1)
    task = kling.get("k0").data
    assert task["task_status"] == "succeed"
    (voice,) = task["task_result"]["voices"]
    assert "voice_id" not in voice
    assert voice["voice_name"] == "v0"


def test_a_running_task_without_a_voice_looks_as_before(kling: Caller) -> None:
    kling.change_faults(voiceless=1, task_seconds=10)
    kling.create(external_task_id="slow")
    assert "task_result" not in kling.get("slow").data

"""Each fault does what its description says, for the named calls only, and nothing when it is off."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.sandbox.faults import DeletedVoice, Faults
from reconciler.sandbox.http import Dropped, Response
from tests.sandbox.support import Caller


def test_all_switches_are_off_at_first(kling: Caller) -> None:
    assert kling.world.faults() == Faults()
    assert {kling.create().code for _ in range(20)} == {0}


def test_every_switch_is_described() -> None:
    assert all(field.description for field in Faults.model_fields.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"reply_lost": 1.5}, {"hide": -0.1}, {"fail": "nan"}, {"task_seconds": -1}, {"task_seconds": "inf"},
        {"in_flight_cap": 0}, {"calls_per_second": 0}, {"deleted_voice": "gone"}, {"replies_lost": 1},
        {"page_cap": 0}, {"storm_every": 0}, {"shift_list": 2}, {"late_by_id": -1},
    ],
)  # fmt: skip
def test_a_switch_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Faults.model_validate(wrong)


def test_switches_are_read_as_they_are_typed() -> None:
    typed = {"reply_lost": "0.25", "in_flight_cap": "none", "empty_list": "true", "deleted_voice": "stays-empty"}
    expected = Faults(reply_lost=0.25, in_flight_cap=None, empty_list=True, deleted_voice=DeletedVoice.STAYS_EMPTY)
    assert Faults.model_validate(typed) == expected


def test_a_create_whose_reply_is_lost_is_done(kling: Caller) -> None:
    kling.change_faults(reply_lost=1)
    assert kling.create_raw(external_task_id="k1") == Dropped()
    assert kling.get("k1").data["task_status"] == "submitted"


def test_a_delete_whose_reply_is_lost_is_done(kling: Caller) -> None:
    voice_id = kling.made()
    kling.change_faults(reply_lost=1)
    assert kling.send("POST", "/v1/general/delete-voices", body=b'{"voice_id":"%s"}' % voice_id.encode()) == Dropped()
    assert kling.delete(voice_id).code == 1201


def test_an_error_after_the_work_leaves_the_work_done(kling: Caller) -> None:
    kling.change_faults(error_after_work=1)
    assert kling.create(external_task_id="k1").refusal[:2] == (500, 5000)
    assert kling.get("k1").data["task_status"] == "submitted"


def test_garbage_is_a_page_with_status_200_and_the_work_is_done(kling: Caller) -> None:
    kling.change_faults(garbage=1)
    answer = kling.create_raw(external_task_id="k1")
    assert isinstance(answer, Response)
    assert (answer.status, answer.content_type, answer.body[:6]) == (200, "text/html", b"<html>")
    assert kling.get("k1").data["task_status"] == "submitted"


def test_a_refusal_always_arrives(kling: Caller) -> None:
    kling.change_faults(reply_lost=1, garbage=1)
    assert kling.create("x" * 21).code == 1201


def test_reads_can_be_faulty_too(kling: Caller) -> None:
    kling.change_faults(error_after_work=1, faulty_reads=True)
    assert kling.listed().refusal[:2] == (500, 5000)
    kling.change_faults(error_after_work=0, reply_lost=1)
    assert kling.send("GET", "/v1/general/presets-voices") == Dropped()


def test_throttling_does_nothing_else(kling: Caller) -> None:
    kling.change_faults(throttle=1)
    assert kling.create(external_task_id="k1").refusal[:2] == (429, 1302)
    assert kling.listed().refusal[:2] == (429, 1302)
    kling.change_faults(throttle=0)
    assert kling.get("k1").code == 1201


def test_a_throttled_caller_gets_through_in_the_end(kling: Caller) -> None:
    kling.change_faults(throttle=0.5)
    assert {kling.listed().code for _ in range(40)} == {0, 1302}


def test_a_storm_refuses_every_call_and_passes(kling: Caller) -> None:
    kling.change_faults(storm_seconds=10, storm_every=60)
    kling.clock.sleep(55)  # from 03:04:05 to the full minute
    codes = []
    for _ in range(4):
        codes.append((kling.create().code, kling.listed().code, kling.presets().code))
        kling.clock.sleep(1)
    assert codes == [(1302, 1302, 1302), (1303, 1302, 1302), (1302, 1302, 1302), (1303, 1302, 1302)]
    kling.clock.sleep(6)
    assert (kling.create().code, kling.listed().code) == (0, 0)


def test_a_storm_uses_up_no_key(kling: Caller) -> None:
    kling.change_faults(storm_seconds=60)
    assert kling.create(external_task_id="k1").status == 429
    kling.change_faults(storm_seconds=0)
    assert kling.get("k1").code == 1201


def test_the_rate_can_be_another(kling: Caller) -> None:
    kling.change_faults(calls_per_second=2)
    assert [kling.create().code for _ in range(3)] == [0, 0, 1302]


def test_tasks_in_flight_can_be_capped(kling: Caller) -> None:
    kling.change_faults(in_flight_cap=2)
    codes = [kling.create().code for _ in range(3)]
    assert codes == [0, 0, 1303]
    assert kling.create().refusal == (429, 1303, "parallel task over resource pack limit")
    kling.clock.sleep(1)
    assert kling.create().code == 0


def test_a_capped_create_uses_up_no_key(kling: Caller) -> None:
    kling.change_faults(in_flight_cap=1)
    kling.create()
    assert kling.create(external_task_id="k1").code == 1303
    assert kling.get("k1").code == 1201


def test_the_cap_is_for_each_account(kling: Caller) -> None:
    kling.change_faults(in_flight_cap=1)
    kling.create()
    kling.key = "sandbox-other"
    assert kling.create().code == 0


def test_an_exhausted_pack_is_a_permanent_429(kling: Caller) -> None:
    kling.change_faults(pack_exhausted=True)
    assert kling.create().refusal == (429, 1102, "Account balance not enough")
    assert kling.listed().code == 0


def test_tasks_take_task_seconds(kling: Caller) -> None:
    kling.change_faults(task_seconds=10)
    kling.create(external_task_id="slow")
    kling.change_faults(task_seconds=0)
    kling.create(external_task_id="quick")
    assert [kling.get(key).data["task_status"] for key in ("slow", "quick")] == ["submitted", "succeed"]
    kling.clock.sleep(9)
    assert kling.get("slow").data["task_status"] == "processing"
    kling.clock.sleep(1)
    assert kling.get("slow").data["task_status"] == "succeed"


def test_a_stuck_task_never_ends_and_keeps_its_slot(kling: Caller) -> None:
    kling.change_faults(stuck_tasks=1, in_flight_cap=1)
    kling.create(external_task_id="k1")
    kling.clock.sleep(86_400)
    assert kling.get("k1").data["task_status"] == "processing"
    assert kling.create().code == 1303


def test_tasks_can_fail(kling: Caller) -> None:
    kling.change_faults(fail=1)
    kling.create(external_task_id="k1")
    kling.clock.sleep(1)
    task = kling.get("k1").data
    assert (task["task_status"], task["task_status_msg"]) == ("failed", "The voice could not be customized")
    assert "task_result" not in task


def test_a_new_task_can_be_late_in_the_list_and_is_found_at_once(kling: Caller) -> None:
    kling.change_faults(late_visibility=5)
    kling.create(external_task_id="k1")
    assert kling.listed().data == []
    assert kling.get("k1").code == 0
    kling.clock.sleep(5)
    assert len(kling.listed().data) == 1


def test_hidden_entries_make_a_page_short(kling: Caller) -> None:
    kling.change_faults(calls_per_second=1000)
    for n in range(60):
        kling.create(f"v{n}")
    kling.change_faults(hide=0.5)
    first, second = kling.listed().data, kling.listed().data
    assert 0 < len(first) < 30
    assert first != second
    assert len(kling.listed("?pageNum=2").data) < 30
    kling.change_faults(hide=1)
    assert kling.listed().data == []


def test_the_list_can_be_empty(kling: Caller) -> None:
    kling.create(external_task_id="k1")
    kling.change_faults(empty_list=True)
    assert kling.listed().data == []
    assert len(kling.presets().data) == 12
    assert kling.get("k1").code == 0


def test_a_shuffled_list_holds_the_same_in_another_order_each_time(kling: Caller) -> None:
    for n in range(20):
        kling.create(f"v{n}")
    kling.clock.sleep(1)
    in_order = kling.names()
    kling.change_faults(shuffle_list=True)
    first, second = kling.names(), kling.names()
    assert sorted(first) == sorted(second) == sorted(in_order)
    assert first != second
    assert first != in_order


def test_pages_of_a_shuffled_list_overlap(kling: Caller) -> None:
    for n in range(20):
        kling.create(f"v{n}")
    kling.clock.sleep(1)
    kling.change_faults(shuffle_list=True)
    seen = kling.names("?pageSize=10") + kling.names("?pageNum=2&pageSize=10")
    assert len(seen) == 20
    assert len(set(seen)) < 20


@pytest.mark.parametrize(
    ("how", "listed"),
    [
        ("vanishes", []),
        ("stays", [["Hero"]]),
        ("stays-empty", [[]]),
        ("stays-marked", [["Hero"]]),
    ],
)
def test_a_deleted_voice_looks_as_switched(kling: Caller, how: str, listed: list[list[str]]) -> None:
    voice_id = kling.made("Hero", external_task_id="k1")
    kling.change_faults(deleted_voice=how)
    kling.delete(voice_id)
    records = kling.listed().data
    assert [[v["voice_name"] for v in r["task_result"]["voices"]] for r in records] == listed
    assert kling.get("k1").code == (0 if listed else 1201)
    assert kling.delete(voice_id).code == 1201


def test_a_marked_voice_says_deleted_and_a_living_one_says_nothing(kling: Caller) -> None:
    kling.change_faults(deleted_voice="stays-marked")
    kling.made("Living")
    kling.delete(kling.made("Dead"))
    voices = [r["task_result"]["voices"][0] for r in kling.listed().data]
    assert [(v["voice_name"], v.get("status")) for v in voices] == [("Dead", "deleted"), ("Living", None)]


def test_two_worlds_with_one_seed_fail_the_same_calls(kling: Caller) -> None:
    kling.change_faults(fail=0.3, stuck_tasks=0.2, throttle=0.2)
    first = story(kling)
    kling.world.reset(seed=1)
    kling.change_faults(fail=0.3, stuck_tasks=0.2, throttle=0.2)
    assert story(kling) == first
    kling.world.reset(seed=2)
    kling.change_faults(fail=0.3, stuck_tasks=0.2, throttle=0.2)
    assert story(kling) != first


def test_reading_does_not_change_the_fate_of_creates(kling: Caller) -> None:
    kling.change_faults(fail=0.5)
    first = fates(kling, reads=0)
    kling.world.reset(seed=1)
    kling.change_faults(fail=0.5)
    assert fates(kling, reads=3) == first
    assert set(first) == {"failed", "succeed"}


def story(kling: Caller) -> list[tuple[int, str]]:
    return [(reply.code, str(reply.body.get("data"))) for reply in (kling.create() for _ in range(20))]


def fates(kling: Caller, *, reads: int) -> list[str]:
    for n in range(20):
        kling.create(external_task_id=f"k{n}")
        for _ in range(reads):
            kling.listed()
    kling.clock.sleep(1)
    return [kling.get(f"k{n}").data["task_status"] for n in range(20)]

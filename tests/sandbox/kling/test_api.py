"""Kling's refusals and their messages."""

from __future__ import annotations

import json

import pytest

from reconciler.sandbox.http import Response
from tests.sandbox.support import MP3, Caller


def test_a_name_of_20_characters_is_taken(kling: Caller) -> None:
    assert kling.create("x" * 20).code == 0
    assert kling.create("語" * 20).code == 0


@pytest.mark.parametrize("voice_name", ["x" * 21, "", None, 7, ["Narrator"], "\ud800"])
def test_other_names_are_refused(kling: Caller, voice_name: object) -> None:
    reply = kling.call("POST", "/v1/general/custom-voices", body={"voice_name": voice_name, "voice_url": MP3})
    assert reply.refusal[:2] == (400, 1201)
    assert kling.listed().data == []


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"voice_url": "", "video_id": ""},
        {"voice_url": MP3, "video_id": "850087542757535834"},
        {"voice_url": "ftp://example.com/a.mp3"},
        {"voice_url": "narrator.mp3"},
        {"voice_url": "https://"},
        {"voice_url": "http://[::1/a.mp3"},
        {"voice_url": 7},
    ],
)
def test_a_voice_is_made_from_exactly_one_reachable_source(kling: Caller, source: dict[str, object]) -> None:
    reply = kling.call("POST", "/v1/general/custom-voices", body={"voice_name": "Narrator", **source})
    assert reply.refusal[:2] == (400, 1201)


def test_the_vendors_sample_request_is_accepted(kling: Caller) -> None:
    assert kling.create("Custom Voice", video_id="", voice_url=MP3, callback_url="").code == 0


def test_a_video_is_a_source(kling: Caller) -> None:
    assert kling.create(video_id="850087542757535834").code == 0


def test_unknown_parameters_are_ignored(kling: Caller) -> None:
    assert kling.create(colour="blue", voice_language="zh").code == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_a_json_object_is_refused(kling: Caller, body: bytes) -> None:
    answer = kling.send("POST", "/v1/general/custom-voices", body=body)
    assert isinstance(answer, Response)
    assert (answer.status, json.loads(answer.body)["code"]) == (400, 1200)


def test_an_external_task_id_is_taken_once(kling: Caller) -> None:
    kling.create(external_task_id="k1")
    assert kling.create("Other", external_task_id="k1").refusal == (400, 1201, "External_task_id k1 already exists")
    assert len(kling.listed().data) == 1


def test_a_used_external_task_id_is_never_accepted_again(kling: Caller) -> None:
    kling.delete(kling.made(external_task_id="deleted"))
    kling.create(external_task_id="failed", voice_url="https://cdn.example.com/bad.mp3")
    kling.clock.sleep(86_400)
    assert kling.create(external_task_id="deleted").code == 1201
    assert kling.create(external_task_id="failed").code == 1201


def test_a_refused_create_uses_up_no_external_task_id(kling: Caller) -> None:
    assert kling.create("x" * 21, external_task_id="k1").code == 1201
    assert kling.create(external_task_id="k1").code == 0


def test_another_account_may_use_the_same_external_task_id(kling: Caller) -> None:
    kling.create(external_task_id="k1")
    kling.key = "sandbox-other"
    assert kling.get("k1").code == 1201
    assert kling.create(external_task_id="k1").code == 0


def test_creates_without_an_external_task_id_never_collide(kling: Caller) -> None:
    assert [kling.create().code, kling.create(external_task_id="").code, kling.create(external_task_id=None).code] == [
        0,
        0,
        0,
    ]


def test_names_may_be_used_twice_unless_switched(kling: Caller) -> None:
    assert [kling.create("Hero").code, kling.create("Hero").code] == [0, 0]
    kling.change_faults(unique_names=True)
    assert kling.create("Hero").refusal[:2] == (400, 1201)
    assert kling.create("Another").code == 0


def test_a_sample_called_refused_is_refused_at_once(kling: Caller) -> None:
    reply = kling.create(voice_url="https://cdn.example.com/refused-01.wav?token=bad")
    assert reply.refusal[:2] == (400, 1301)
    assert kling.listed().data == []


def test_only_the_file_name_decides(kling: Caller) -> None:
    kling.create(voice_url="https://bad.example.com/refused/good.mp3?bad=refused", external_task_id="k1")
    kling.clock.sleep(1)
    assert kling.get("k1").data["task_status"] == "succeed"


def test_a_task_is_found_by_either_id(kling: Caller) -> None:
    task_id = kling.create(external_task_id="vc-1_a b/c").data["task_id"]
    assert kling.get(task_id).data["task_id"] == task_id
    assert kling.get("vc-1_a b/c").data["task_id"] == task_id


def test_an_unknown_task_is_400_and_not_404(kling: Caller) -> None:
    assert kling.get("k 1").refusal == (400, 1201, "Task not found by id/external id: k 1")


@pytest.mark.parametrize(
    "query",
    [
        "pageNum=0", "pageNum=1001", "pageSize=0", "pageSize=1001", "pageNum=-1", "pageNum=x", "pageSize=",
        "pageNum=1.5", "pageNum=%D9%A1", "pageSize=99999999999999999999",
    ],
)  # fmt: skip
def test_pages_outside_1_to_1000_are_refused(kling: Caller, query: str) -> None:
    assert kling.listed("?" + query).refusal[:2] == (400, 1201)
    assert kling.presets("?" + query).refusal[:2] == (400, 1201)


def test_the_list_comes_in_pages_of_30_the_newest_first(kling: Caller) -> None:
    kling.change_faults(calls_per_second=1000, task_seconds=0)
    for n in range(35):
        kling.create(f"v{n}")
    assert kling.names("") == [f"v{n}" for n in range(34, 4, -1)]
    assert kling.names("?pageNum=2") == [f"v{n}" for n in range(4, -1, -1)]
    assert kling.names("?pageNum=1000&pageSize=1000") == []
    assert len(kling.names("?pageSize=1000")) == 35


def test_accounts_do_not_see_each_other(kling: Caller) -> None:
    voice_id = kling.made()
    kling.key = "sandbox-other"
    assert kling.listed().data == []
    assert kling.delete(voice_id).code == 1201


def test_a_deleted_voice_is_gone(kling: Caller) -> None:
    voice_id = kling.made(external_task_id="k1")
    assert kling.delete(voice_id).code == 0
    assert kling.listed().data == []
    assert kling.get("k1").code == 1201


def test_a_second_delete_is_refused(kling: Caller) -> None:
    voice_id = kling.made()
    kling.delete(voice_id)
    assert kling.delete(voice_id).refusal == (
        400,
        1201,
        f"Voice not found or already deleted for id: {voice_id}",
    )


@pytest.mark.parametrize("voice_id", ["", None, 850087542757535834, "850087542757535834", "829000000000000001"])
def test_only_custom_voices_that_exist_are_deleted(kling: Caller, voice_id: object) -> None:
    assert kling.delete(voice_id).refusal[:2] == (400, 1201)


def test_a_voice_can_not_be_deleted_before_it_exists(kling: Caller) -> None:
    kling.create(external_task_id="k1")
    kling.clock.sleep(1)
    voice_id = kling.get("k1").data["task_result"]["voices"][0]["voice_id"]
    kling.clock.sleep(-0.5)
    assert kling.delete(voice_id).code == 1201


def test_the_21st_create_of_a_second_is_refused(kling: Caller) -> None:
    assert [kling.create().code for _ in range(21)] == [0] * 20 + [1302]
    assert kling.create().refusal[:2] == (429, 1302)
    assert len(kling.listed().data) == 20


def test_the_rate_recovers_by_one_call_each_50_milliseconds(kling: Caller) -> None:
    for _ in range(20):
        kling.create()
    kling.clock.sleep(0.1)
    assert [kling.create().code for _ in range(3)] == [0, 0, 1302]


def test_twenty_calls_a_second_can_continue_for_ever(kling: Caller) -> None:
    codes = set()
    for _ in range(200):
        codes.add(kling.create().code)
        kling.clock.sleep(0.05)
    assert codes == {0}


def test_each_account_and_each_action_has_its_own_rate(kling: Caller) -> None:
    for _ in range(20):
        kling.create()
    assert [kling.delete("1").code for _ in range(21)] == [1201] * 20 + [1302]
    kling.key = "sandbox-other"
    assert kling.create().code == 0


def test_reads_are_not_counted(kling: Caller) -> None:
    assert {kling.listed().code for _ in range(50)} == {0}


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("DELETE", "/v1/general/custom-voices", (404, 1202)),
        ("PUT", "/v1/general/custom-voices/1", (404, 1202)),
        ("GET", "/v1/general/delete-voices", (404, 1202)),
        ("POST", "/v1/general/presets-voices", (404, 1202)),
        ("GET", "/v1/general/custom-voices/", (404, 1203)),
        ("GET", "/v1/general/custom-voices/1/2", (404, 1203)),
        ("GET", "/v1/general/presets-voices/1", (404, 1203)),
        ("GET", "/v1/videos/text2video", (404, 1203)),
        ("GET", "/", (404, 1203)),
    ],
)
def test_other_methods_and_paths_are_404(kling: Caller, method: str, path: str, refusal: tuple[int, int]) -> None:
    assert kling.call(method, path, body={}).refusal[:2] == refusal


def test_a_gateways_prefix_makes_no_difference(kling: Caller) -> None:
    assert kling.call("GET", "/gateway/kling/v1/general/custom-voices").code == 0

"""Requests to Kling, and the conversion of its tasks to voices."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import Status
from reconciler.protocols.provider import Accepted, ByKey, MethodCapabilities, Provider
from reconciler.providers.kling.provider import CAPABILITIES, KlingProvider
from tests.providers.support import API_KEY, KEY, SIGNED_URL, Script, answer, kling_body, record, scripted, task, voice


def found(fields: dict[str, Any], status: Status = Status.INTENDED) -> Observation:
    provider, _ = scripted(answer(200, kling_body(0, data=fields)))
    return provider.find(record(status, task_id="930801301486305328"))


def remote(fields: dict[str, Any]) -> RemoteVoice:
    seen = found(fields)
    assert isinstance(seen, Found)
    return seen.remote


def test_the_adapter_is_a_provider() -> None:
    provider: Provider = scripted(answer(200, kling_body(0, data=[])))[0]
    assert provider.account == "kling https://api-singapore.klingai.com"


def test_what_kling_can_do_is_data() -> None:
    assert CAPABILITIES.methods["create"] == MethodCapabilities(deletes=True, found=ByKey())
    assert CAPABILITIES.methods["preset"] == MethodCapabilities(deletes=False)
    assert CAPABILITIES.methods["existing"] == MethodCapabilities(deletes=True)


# -- requests ----------------------------------------------------------------------------------------------------------


def test_a_create_says_what_was_declared_and_our_key() -> None:
    provider, script = scripted(answer(200, kling_body(0, data={"task_id": "9", "task_status": "submitted"})))
    accepted = provider.submit(voice(callback_url="https://example.com/done", video_id=None), KEY)
    request = script.requests[0]
    assert accepted == Accepted(task_id="9")
    assert (request.method, request.url.path) == ("POST", "/v1/general/custom-voices")
    assert request.headers["Authorization"] == f"Bearer {API_KEY}"
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == {
        "voice_name": "Narrator EN",
        "voice_url": SIGNED_URL,
        "callback_url": "https://example.com/done",
        "external_task_id": KEY,
    }


def test_a_name_of_any_script_arrives_as_it_is() -> None:
    provider, script = scripted(answer(200, kling_body(0, data={"task_id": "9"})))
    provider.submit(voice(voice_name="旁白 🎙"), KEY)
    assert json.loads(script.requests[0].content)["voice_name"] == "旁白 🎙"


def test_a_list_asks_for_pages_of_1000() -> None:
    provider, script = scripted(answer(200, kling_body(0, data=[])))
    provider.voices()
    request = script.requests[0]
    assert (request.method, request.url.path) == ("GET", "/v1/general/custom-voices")
    assert dict(request.url.params) == {"pageNum": "1", "pageSize": "1000"}


def test_an_id_in_a_path_is_escaped() -> None:
    provider, script = scripted(answer(400, kling_body(1201, "Task not found")))
    provider.find(record(key="a/b?c#d"))
    assert script.requests[0].url.raw_path == b"/v1/general/custom-voices/a%2Fb%3Fc%23d"


def test_a_delete_names_the_voice() -> None:
    provider, script = scripted(answer(200, kling_body(0)))
    provider.delete(record(voice_id="850087542757535834"))
    request = script.requests[0]
    assert (request.method, request.url.path) == ("POST", "/v1/general/delete-voices")
    assert json.loads(request.content) == {"voice_id": "850087542757535834"}


@pytest.mark.parametrize(
    "more", [{}, {"data": None}, {"data": []}, {"data": "gone"}, {"data": task()}, {"data": {"task_id": 1}}]
)
def test_a_delete_succeeded_whatever_data_is(more: dict[str, Any]) -> None:
    provider, _ = scripted(answer(200, kling_body(0, **more)))
    provider.delete(record(voice_id="85"))
    assert provider.calls == 1


def test_calls_counts_every_request() -> None:
    provider, _ = scripted(answer(500, kling_body(5000)), answer(200, kling_body(0, data=[])))
    provider.voices()
    assert provider.calls == 2


def test_only_what_is_created_can_be_submitted() -> None:
    provider, script = scripted(answer(200, kling_body(0)))
    preset = replace(voice(), method="preset")
    with pytest.raises(ValueError, match="not by preset"):
        provider.submit(preset, KEY)
    assert script.requests == []


# -- statuses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["submitted", "processing", "pending", "queued", "", "SUCCEED", "deleted"])
def test_a_status_that_is_not_an_end_is_running(status: str) -> None:
    assert remote(task(status=status)).status is TaskStatus.RUNNING


@pytest.mark.parametrize("status", ["succeed", "succeeded"])
def test_both_spellings_of_success_are_ready(status: str) -> None:
    assert remote(task(status=status)) == RemoteVoice(
        status=TaskStatus.READY,
        voice_id="850087542757535834",
        voice_name="Narrator EN",
        task_id="930801301486305328",
        external_task_id=KEY,
        owned_by="1002",
    )


def test_a_failed_task_reports_the_cloud_s_reason() -> None:
    seen = remote(task(status="failed", task_status_msg="more than one voice"))
    assert (seen.status, seen.message, seen.voice_id) == (TaskStatus.FAILED, "more than one voice", None)


def test_a_failed_task_without_a_reason_says_so() -> None:
    assert remote(task(status="failed")).message == "no reason given"


def test_the_reason_of_a_failure_shows_no_signed_link() -> None:
    seen = remote(task(status="failed", task_status_msg=f"can't fetch {SIGNED_URL}"))
    assert seen.message == "can't fetch https://cdn.example.com/narrator.mp3?***"


@pytest.mark.parametrize(
    "result", [None, {}, {"voices": None}, {"voices": []}, {"voices": [{}]}, {"voices": [{"voice_id": ""}]}]
)
def test_success_without_a_voice_is_not_success_yet(result: object) -> None:
    assert remote(task(task_result=result)).status is TaskStatus.RUNNING


def test_a_failed_task_with_a_voice_is_failed() -> None:
    fields = task(status="failed", task_result={"voices": [{"voice_id": "85"}]})
    assert remote(fields).status is TaskStatus.FAILED


def test_an_interrupted_call_whose_voice_was_deleted_since_failed_because_its_key_is_used_up() -> None:
    fields = task(task_result={"voices": [{"voice_id": "85", "status": "deleted"}]})
    seen = found(fields, Status.INTENDED)
    assert isinstance(seen, Found)
    assert (seen.remote.status, seen.remote.voice_id) == (TaskStatus.FAILED, None)


@pytest.mark.parametrize("status", [Status.READY, Status.DEPOSED, Status.RUNNING])
def test_a_known_voice_with_status_deleted_is_absent(status: Status) -> None:
    fields = task(task_result={"voices": [{"voice_id": "85", "status": "deleted"}]})
    assert found(fields, status) == Absent()


def test_a_voice_that_once_was_there_and_is_not_shown_is_absent() -> None:
    assert found(task(task_result={"voices": []}), Status.READY) == Absent()


@pytest.mark.parametrize("status", [Status.READY, Status.DEPOSED])
@pytest.mark.parametrize("result", [None, {}, {"voices": None}, {"voices": [{"voice_name": "Narrator EN"}]}])
def test_a_known_voice_whose_answer_lacks_its_voice_id_is_unknown(status: Status, result: object) -> None:
    seen = found(task(task_result=result), status)
    assert seen == Unknown(why="its task has succeeded, and its answer lacks the voice_id")


def test_ids_that_come_as_numbers_are_kept_to_the_last_digit() -> None:
    voices = [{"voice_id": 930801338081615883, "voice_name": 7, "owned_by": 1002}]
    seen = remote(task(task_id=930801301486305329, task_result={"voices": voices}))
    assert (seen.task_id, seen.voice_id, seen.owned_by) == ("930801301486305329", "930801338081615883", "1002")


def test_unknown_keys_and_odd_unneeded_ones_are_accepted() -> None:
    fields = task(created_at="yesterday", final_balance_deduction=[1], task_status_msg=None, novelty={"a": [1, 2]})
    assert remote(fields).status is TaskStatus.READY


def test_a_voice_of_another_task_is_not_ours() -> None:
    provider, _ = scripted(answer(200, kling_body(0, data=task("1", task_info={"external_task_id": "someone-else"}))))
    seen = provider.find(record(Status.INTENDED))
    assert not isinstance(seen, Found | Absent)


# -- pages -------------------------------------------------------------------------------------------------------------


def page(start: int, count: int) -> list[dict[str, Any]]:
    return [task(str(start + n), task_info={"external_task_id": f"k{start + n}"}) for n in range(count)]


def listed(provider: KlingProvider) -> int:
    return len(provider.voices())


def listing(*lengths: int) -> tuple[KlingProvider, Script]:
    """A list whose pages have these lengths."""
    starts = [sum(lengths[:n]) for n in range(len(lengths))]
    pages = [
        answer(200, kling_body(0, data=page(start, length))) for start, length in zip(starts, lengths, strict=True)
    ]
    return scripted(*pages)


def test_pages_are_read_until_an_empty_one() -> None:
    provider, script = listing(1000, 2, 0)
    assert (listed(provider), len(script.requests)) == (1002, 3)


def test_an_empty_list_takes_one_call() -> None:
    provider, script = listing(0)
    assert (listed(provider), len(script.requests)) == (0, 1)


@pytest.mark.parametrize("lengths", [(3, 3, 1, 0), (3, 3, 0), (30, 30, 30, 7, 0), (999, 1, 0)])
def test_a_list_with_capped_pages_is_read_completely(lengths: tuple[int, ...]) -> None:
    provider, script = listing(*lengths)
    assert (listed(provider), len(script.requests)) == (sum(lengths), len(lengths))


def test_a_page_beyond_the_end_that_is_refused_is_the_end() -> None:
    beyond = answer(400, kling_body(1201, "pageNum is out of range"))
    provider, script = scripted(answer(200, kling_body(0, data=page(0, 3))), beyond)
    assert (listed(provider), len(script.requests)) == (3, 2)


def test_a_page_that_is_refused_after_a_full_one_leaves_the_list_unread() -> None:
    provider, _ = scripted(
        answer(200, kling_body(0, data=page(0, 1000))), answer(400, kling_body(1201, "pageNum is too large"))
    )
    with pytest.raises(Rejected):
        provider.voices()


def test_a_page_to_be_sure_that_fails_leaves_the_list_unread() -> None:
    provider, _ = scripted(answer(200, kling_body(0, data=page(0, 3))), answer(500, kling_body(5000, "down")))
    with pytest.raises(OutcomeUnknown):
        provider.voices()


@pytest.mark.parametrize(("length", "calls"), [(12, 1), (10, 2), (16, 2), (30, 2), (50, 2), (75, 2), (31, 1)])
def test_a_short_list_of_official_voices_is_read_further_if_it_looks_capped(length: int, calls: int) -> None:
    provider, script = listing(length, 0)
    assert (len(provider.presets()), len(script.requests)) == (length, calls)


def test_a_full_last_page_takes_one_more_call() -> None:
    provider, script = scripted(answer(200, kling_body(0, data=page(0, 1000))), answer(200, kling_body(0, data=[])))
    assert (listed(provider), len(script.requests)) == (1000, 2)


def test_a_null_page_is_an_empty_one() -> None:
    provider, _ = scripted(answer(200, kling_body(0, data=page(0, 1000))), answer(200, kling_body(0, data=None)))
    assert listed(provider) == 1000


def test_a_task_on_two_pages_is_one() -> None:
    provider, _ = scripted(
        answer(200, kling_body(0, data=page(0, 1000))), answer(200, kling_body(0, data=page(999, 3)))
    )
    assert listed(provider) == 1002


def test_a_server_that_ignores_the_page_number_is_not_read_for_ever() -> None:
    provider, script = scripted(answer(200, kling_body(0, data=page(0, 1000))))
    assert (listed(provider), len(script.requests)) == (1000, 2)


def test_voices_that_are_deleted_or_show_nothing_are_not_listed() -> None:
    deleted = task("1", task_result={"voices": [{"voice_id": "85", "status": "deleted"}]})
    hollow = task("2", task_result={"voices": []})
    provider, _ = scripted(answer(200, kling_body(0, data=[deleted, hollow, task("3"), task("4", status="failed")])))
    assert [v.task_id for v in provider.voices()] == ["3", "4"]


def test_a_marked_voice_without_a_voice_id_is_reported() -> None:
    voiceless = task("1", task_info={"external_task_id": KEY}, task_result={"voices": [{"voice_name": "Narrator"}]})
    provider, _ = scripted(answer(200, kling_body(0, data=[voiceless])))
    (marked,) = provider.observe([]).marked
    assert (marked.external_task_id, marked.status, marked.voice_id) == (KEY, TaskStatus.RUNNING, None)


def test_a_marked_task_with_an_empty_list_of_voices_is_not_reported() -> None:
    emptied = task("1", task_info={"external_task_id": KEY}, task_result={"voices": []})
    provider, _ = scripted(answer(200, kling_body(0, data=[emptied])))
    assert provider.observe([]).marked == ()


def test_presets_come_one_a_task() -> None:
    tasks = [
        task(n, task_info=None, task_result={"voices": [{"voice_id": f"8{n}", "voice_name": "Owen"}]}) for n in "12"
    ]
    provider, script = scripted(answer(200, kling_body(0, data=tasks)))
    assert [(v.voice_id, v.voice_name) for v in provider.presets()] == [("81", "Owen"), ("82", "Owen")]
    assert script.requests[0].url.path == "/v1/general/presets-voices"

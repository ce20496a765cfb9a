"""Tests that the quick way to read a page gives what the models of the schema give, for any entries and answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import CloudError
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.providers.http.client import HttpResponse
from reconciler.providers.kling import page
from reconciler.providers.kling.errors import parse_response
from reconciler.providers.kling.schema import Task, TasksEnvelope

VOICE: dict[str, Any] = {"voice_id": "86", "voice_name": "Hero", "owned_by": "777"}
USUAL: dict[str, Any] = {
    "task_id": "930801301486305328",
    "task_status": "succeed",
    "task_status_msg": "",
    "task_info": {"external_task_id": "vc-0123abcd-hero-deadbeef-1"},
    "task_result": {"voices": [VOICE]},
}
LINK = "https://example.com/a.mp3?sign=1"

odd = st.sampled_from([None, "", "x", 7, 7.5, True, [], {}, LINK, "deleted", ["x"], {"voice_id": "7"}])


def varied(usual: Mapping[str, Any], **values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The usual mapping, with some keys left out and some values changed."""
    changed = st.fixed_dictionaries({}, optional=values)
    left_out = st.lists(st.sampled_from(sorted(usual)), max_size=2)
    return st.builds(lambda new, less: {k: v for k, v in (usual | new).items() if k not in less}, changed, left_out)


voices = varied(VOICE, voice_id=odd, voice_name=odd, owned_by=odd, status=odd)
results = st.one_of(odd, st.builds(lambda listed: {"voices": listed}, st.one_of(odd, st.lists(voices, max_size=2))))
statuses = st.one_of(odd, st.sampled_from(["succeed", "succeeded", "failed", "processing"]))
infos = st.one_of(odd, varied({"external_task_id": "vc-1"}, external_task_id=odd))
rows = st.one_of(
    st.just(USUAL),
    varied(USUAL, task_result=results),
    varied(USUAL, task_id=odd, task_status=statuses, task_status_msg=odd, task_info=infos, task_result=results),
    odd,
)
bodies = st.one_of(
    st.builds(lambda data: json.dumps({"code": 0, "data": data}), st.one_of(st.lists(rows, max_size=4), odd)),
    st.builds(lambda code, data: json.dumps({"code": code, "message": "m", "data": data}), odd, st.lists(rows)),
    st.sampled_from(["", "null", "[]", '{"code": 0}', '{"code": 0, "data": [', '{"code": 1302, "data": []}']),
)


def _redact(key: str | None, message: object) -> str:
    return f"{key}: {message}"


def _seen(entries: Any) -> list[tuple[RemoteVoice, bool, bool, bool]]:
    """The voices, and what the list needs to know of each: is it deleted, emptied, without a voice?"""
    return [
        (e.remote(_redact), e.deleted, e.emptied, e.voiceless) if isinstance(e, Task) else (e, False, False, False)
        for e in entries
    ]


@given(bodies, st.sampled_from([200, 200, 200, 201, 301, 400, 429, 500]))
def test_the_quick_way_gives_what_the_models_give(body: str, status: int) -> None:
    answer = HttpResponse("GET /v1/general/custom-voices", status, httpx.Headers(), body.encode())
    quick: object
    plain: object
    try:
        quick = _seen(page.parse_page(answer, redact=str))
    except CloudError as error:
        quick = repr(error)
    try:
        plain = _seen(parse_response(answer, TasksEnvelope, redact=str).data or [])
    except CloudError as error:
        plain = repr(error)
    assert quick == plain


def _read(*entries: object) -> list[page.Entry]:
    body = json.dumps({"code": 0, "data": entries}).encode()
    return list(page.parse_page(HttpResponse("GET", 200, httpx.Headers(), body), redact=str))


def test_the_usual_entry_needs_no_model() -> None:
    assert _read(USUAL) == [
        RemoteVoice(
            status=TaskStatus.READY,
            voice_id="86",
            voice_name="Hero",
            owned_by="777",
            task_id="930801301486305328",
            external_task_id="vc-0123abcd-hero-deadbeef-1",
        )
    ]


@pytest.mark.parametrize("change", [{"task_status": "failed"}, {"task_result": {"voices": []}}, {"task_id": 930801}])
def test_any_other_entry_is_read_by_its_model(change: dict[str, Any]) -> None:
    [entry] = _read(USUAL | change)
    assert isinstance(entry, Task)


def test_the_name_of_a_voice_keeps_no_secret_of_a_link() -> None:
    named = USUAL | {"task_result": {"voices": [VOICE | {"voice_name": LINK}]}}
    [entry] = _read(named)
    assert isinstance(entry, RemoteVoice)
    assert "sign=1" not in str(entry.voice_name)

"""The JSON that programs read: exactly the promised keys, always valid."""

from __future__ import annotations

import json
import math

import jsonschema
import pytest
from pydantic import TypeAdapter

from reconciler.model.events import Event, Kind, Tally
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.outputs import outputs
from reconciler.model.plan import Plan
from reconciler.model.state import Record, State
from reconciler.model.voice_list import VoiceList
from reconciler.views import json_documents, schema
from tests.views.conftest import NOW

ACTIONS = ["create", "clone", "move", "replace", "update", "delete", "recover", "resume", "forget", "blocked", "no-op"]


def test_a_plan_document_has_exactly_the_promised_keys(plan: Plan) -> None:
    told = json_documents.plan_document(plan)
    assert list(told) == [
        "format_version",
        "format_minor",
        "plan_id",
        "lineage",
        "serial",
        "summary",
        "changes",
        "drift",
        "calls",
    ]
    assert list(told["changes"][0]) == ["address", "provider", "action", "reason", "before", "after", "fields"]
    assert list(told["changes"][2]["fields"][0]) == ["name", "before", "after"]
    assert list(told["drift"][0]) == ["address", "provider", "kind", "fields"]


def test_the_summary_names_all_eleven_actions_zeros_too(no_change: Plan) -> None:
    summary = json_documents.plan_document(no_change)["summary"]
    assert summary == dict.fromkeys(ACTIONS, 0) | {"no-op": 12}


def test_the_calls_name_all_eleven_actions(plan: Plan) -> None:
    calls = json_documents.plan_document(plan)["calls"]
    assert list(calls) == ACTIONS
    assert calls["replace"] == {"calls": 2, "paid": 1}
    assert calls["blocked"] == {"calls": 0, "paid": 0}


def test_a_change_is_reported_as_it_is(plan: Plan) -> None:
    assert json_documents.plan_document(plan)["changes"][3] == {
        "address": "concierge",
        "provider": "kling",
        "action": "update",
        "reason": "changes the state only, no call",
        "before": None,
        "after": None,
        "fields": [
            {"name": "labels.tier", "before": None, "after": "gold"},
            {"name": "lifecycle.prevent_destroy", "before": False, "after": True},
        ],
    }


def test_a_plan_document_keeps_its_schema(plan: Plan) -> None:
    jsonschema.validate(json.loads(json_documents.dumps(json_documents.plan_document(plan))), schema.plan_schema())


def test_a_drift_document_has_exactly_the_promised_keys(plan: Plan) -> None:
    told = json_documents.drift_document(plan)
    assert list(told) == ["format_version", "format_minor", "lineage", "serial", "drift"]
    assert told["drift"][1] == {
        "address": "mayor",
        "provider": "kling",
        "kind": "renamed",
        "fields": [{"name": "voice_name", "before": "Mayor", "after": "Major"}],
    }


def test_an_event_reports_its_sequence_its_type_and_what_is_not_empty() -> None:
    event = Event(kind=Kind.DONE, address="narrator", action="create", voice_id="85", tally=Tally(total=2))
    assert json_documents.event_document(event, 3) == {
        "format_version": 1,
        "format_minor": 0,
        "sequence": 3,
        "type": "done",
        "address": "narrator",
        "action": "create",
        "voice_id": "85",
    }


def test_the_summary_event_holds_the_counts_zeros_too() -> None:
    event = Event(kind=Kind.SUMMARY, tally=Tally(total=50, done=49, failed=1, calls=51, seconds=12.3))
    assert json_documents.event_document(event, 9) == {
        "format_version": 1,
        "format_minor": 0,
        "sequence": 9,
        "type": "summary",
        "total": 50,
        "done": 49,
        "running": 0,
        "failed": 1,
        "blocked": 0,
        "uncertain": 0,
        "left": 0,
        "calls": 51,
        "seconds": 12.3,
        "charges": {},
    }


def test_an_event_is_written_on_one_line() -> None:
    line = json_documents.dumps(json_documents.event_document(Event(kind=Kind.STARTED, detail="a\nb"), 1), indent=None)
    assert line == r'{"format_version":1,"format_minor":0,"sequence":1,"type":"started","detail":"a\nb"}'


def test_an_output_document_is_keyed_by_address(state: State) -> None:
    assert json_documents.output_document(outputs(state, now=NOW))["narrator"] == {
        "voice_id": "850087542757535834",
        "voice_name": "Narrator EN",
        "provider": "kling",
        "status": "ready",
        "labels": {"tier": "gold"},
    }


def test_a_state_document_keeps_its_schema(state: State) -> None:
    jsonschema.validate(
        json.loads(json_documents.dumps(json_documents.state_document(state))),
        schema.state_schema(),
        format_checker=jsonschema.FormatChecker(),
    )


def test_a_record_document_is_the_record(ready: Record) -> None:
    assert TypeAdapter(Record).validate_python(json_documents.record_document(ready)) == ready


def test_a_state_list_says_which_record_an_address_means(state: State) -> None:
    rows = json_documents.state_list_document(state)
    assert [(row["address"], row["current"]) for row in rows] == [
        ("narrator", False),
        ("narrator", True),
        ("slow", True),
        ("ghost", True),
    ]


def test_a_listed_voice_names_its_address_or_null() -> None:
    listed = tuple(RemoteVoice(status=TaskStatus.READY, voice_id=given) for given in ("1", "2"))
    told = json_documents.voices_document(VoiceList(voices=listed, addresses={"1": "narrator"}))
    assert [voice["address"] for voice in told] == ["narrator", None]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_in_json_is_null(number: float) -> None:
    assert json.loads(json_documents.dumps({"a": [number, 1.5], "b": {"c": number}})) == {
        "a": [None, 1.5],
        "b": {"c": None},
    }


def test_letters_stay_letters() -> None:
    assert json_documents.dumps({"name": "ナレーター 🎙️"}, indent=None) == '{"name":"ナレーター 🎙️"}'


def test_what_a_terminal_could_stumble_over_is_written_as_an_escape() -> None:
    assert json_documents.dumps("\x1b\x7f\x9b\u202e\ud800\U000e0041") == r'"\u001b\u007f\u009b\u202e\ud800\udb40\udc41"'

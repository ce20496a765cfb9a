"""schemas/ is fresh: what is committed is what the nouns make. UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.hints import hint, way
from reconciler.model import statefile
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.plan import Plan
from reconciler.model.schema import manifest_schema
from reconciler.model.state import State
from reconciler.views import json_documents, schema
from tests.views.hostile_plan import ACTIONS, hostile_plan, large_plan

HINT = hint(way("Try", "apply"))
SCHEMAS = Path(__file__).parents[2] / "schemas"


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("plan.schema.json", schema.plan_schema),
        ("event.schema.json", schema.event_schema),
        ("state.schema.json", schema.state_schema),
    ],
)
def test_the_committed_schema_is_fresh_and_valid(name: str, made: Callable[[], schema.Schema]) -> None:
    written = json.dumps(made(), indent=2) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        (SCHEMAS / name).write_text(written, encoding="utf-8")
    assert (SCHEMAS / name).read_text(encoding="utf-8") == written
    jsonschema.Draft202012Validator.check_schema(made())


def test_a_schema_is_identified_by_its_document_and_the_version_of_its_format() -> None:
    made = (manifest_schema(), schema.plan_schema(), schema.event_schema(), schema.state_schema())
    assert [found["$id"] for found in made] == [
        "urn:voicectl:schema:manifest:1",
        "urn:voicectl:schema:plan:1",
        "urn:voicectl:schema:event:1",
        "urn:voicectl:schema:state:1",
    ]


def strict(made: schema.Schema) -> schema.Schema:
    """The schema of today's version: it refuses each key that it does not name."""

    def closed(given: Any) -> Any:
        match given:
            case {"properties": _, "type": "object"}:
                return {key: closed(inner) for key, inner in given.items()} | {"additionalProperties": False}
            case dict():
                return {key: closed(inner) for key, inner in given.items()}
            case _:
                return given

    found: schema.Schema = closed(made)
    return found


def with_more_keys(document: dict[str, Any]) -> dict[str, Any]:
    """A document of a later minor version: with one key more in each object."""

    def added(given: Any) -> Any:
        match given:
            case dict():
                return {key: added(inner) for key, inner in given.items()} | {"added_later": [1]}
            case list():
                return list(map(added, given))
            case _:
                return given

    later: dict[str, Any] = added(document)
    return later | {"format_minor": 7}


@pytest.mark.parametrize("kind", Kind)
def test_an_event_keeps_its_schema_and_names_no_other_key(kind: Kind) -> None:
    for event in (
        Event(kind=kind),
        Event(kind=kind, address="a", action="create", provider="kling", voice_id="8", detail="x", hint=HINT),
        Event(kind=kind, tally=Tally(total=3, done=2, seconds=1.5)),
    ):
        document = json.loads(json_documents.dumps(json_documents.event_document(event, 1)))
        jsonschema.validate(document, strict(schema.event_schema()))


def test_a_plan_keeps_its_schema_and_names_no_other_key(plan: Plan, no_change: Plan) -> None:
    for made in (plan, no_change, hostile_plan(), large_plan(30, *ACTIONS)):
        document = json.loads(json_documents.dumps(json_documents.plan_document(made)))
        jsonschema.validate(document, strict(schema.plan_schema()))
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document | {"secret": "x"}, strict(schema.plan_schema()))


def test_a_reader_of_this_version_takes_documents_of_later_minor_versions(plan: Plan) -> None:
    jsonschema.validate(with_more_keys(json_documents.plan_document(plan)), schema.plan_schema())
    event = json_documents.event_document(Event(kind=Kind.SUMMARY), 1)
    jsonschema.validate(with_more_keys(event), schema.event_schema())
    jsonschema.validate(with_more_keys(event) | {"type": "invented_later"}, schema.event_schema())


@pytest.mark.parametrize("version", [2, 0, "1", "1.0", None])
def test_a_reader_of_this_version_refuses_another_major_version(plan: Plan, version: object) -> None:
    for document, made in (
        (json_documents.plan_document(plan), schema.plan_schema()),
        (json_documents.event_document(Event(kind=Kind.DONE), 1), schema.event_schema()),
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document | {"format_version": version}, made)


def test_the_rule_of_compatibility_stands_in_the_schemas() -> None:
    for made in (schema.plan_schema(), schema.event_schema()):
        assert made["properties"]["format_version"]["description"] == json_documents.COMPATIBILITY
        assert "Readers ignore keys that they do not know." in made["description"]


def test_a_summary_without_its_counts_breaks_its_schema() -> None:
    document = json_documents.event_document(Event(kind=Kind.SUMMARY, tally=Tally()), 1)
    del document["uncertain"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema.event_schema())


def test_a_plan_with_a_no_op_among_its_changes_breaks_its_schema(plan: Plan) -> None:
    told = json_documents.plan_document(plan)
    told["changes"][0]["action"] = "no-op"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told, schema.plan_schema())


def test_a_state_without_its_version_breaks_its_schema() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"lineage": "3b1f8f0e"}, schema.state_schema())


def test_a_state_file_keeps_its_schema(state: State) -> None:
    jsonschema.validate(json.loads(statefile.dump(state)), schema.state_schema())

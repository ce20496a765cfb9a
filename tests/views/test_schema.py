"""schemas/ is fresh: what is committed is what the nouns make. UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from reconciler.model import statefile
from reconciler.model.plan import Plan
from reconciler.model.schema import manifest_schema
from reconciler.model.state import State
from reconciler.views import json_documents, schema

SCHEMAS = Path(__file__).parents[2] / "schemas"


@pytest.mark.parametrize(
    ("name", "made"), [("plan.schema.json", schema.plan_schema), ("state.schema.json", schema.state_schema)]
)
def test_the_committed_schema_is_fresh_and_valid(name: str, made: Callable[[], schema.Schema]) -> None:
    written = json.dumps(made(), indent=2) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        (SCHEMAS / name).write_text(written, encoding="utf-8")
    assert (SCHEMAS / name).read_text(encoding="utf-8") == written
    jsonschema.Draft202012Validator.check_schema(made())


def test_a_schema_is_identified_by_its_document_and_the_version_of_its_format() -> None:
    made = (manifest_schema(), schema.plan_schema(), schema.state_schema())
    assert [found["$id"] for found in made] == [
        "urn:voicectl:schema:manifest:1",
        "urn:voicectl:schema:plan:1",
        "urn:voicectl:schema:state:1",
    ]


def test_a_plan_with_one_key_more_breaks_its_schema(plan: Plan) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json_documents.plan_document(plan) | {"secret": "x"}, schema.plan_schema())


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

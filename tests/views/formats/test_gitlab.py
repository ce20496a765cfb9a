"""The code-quality report for GitLab has the keys that GitLab reads, and fingerprints that are stable and unique."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema

from reconciler.errors import ManifestError, Problem
from reconciler.model.manifest import Manifest
from reconciler.model.plan import Action, Plan
from reconciler.views.document_context import DocumentContext, Place
from reconciler.views.formats import gitlab
from reconciler.views.render_options import PLAIN, RenderOptions
from tests.views.hostile import HOSTILE
from tests.views.hostile_plan import hostile_plan, large_plan

CONTEXT = DocumentContext(manifest="voices.yaml", places={"hero": Place("studio/heroes.yaml", 12, 3)})
FINDING = {  # https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
    "type": "object",
    "required": ["description", "check_name", "fingerprint", "severity", "location"],
    "additionalProperties": False,
    "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "minLength": 1},
        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {
            "type": "object",
            "required": ["path", "lines"],
            "properties": {
                "path": {"type": "string", "pattern": "^[^./]"},
                "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"minimum": 1}}},
            },
        },
    },
}


def parsed(written: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(written)
    jsonschema.validate(found, {"type": "array", "items": FINDING})
    return found


def report(plan: Plan) -> list[dict[str, Any]]:
    return parsed(gitlab.plan(plan, CONTEXT, PLAIN))


def test_each_change_each_drift_and_each_stop_is_a_finding_at_its_line(plan: Plan) -> None:
    found = report(plan)
    assert len(found) == len(plan.changes) + len(plan.drift) + len(plan.stops)
    [hero] = [each for each in found if each["description"].startswith("hero ")]
    assert (hero["check_name"], hero["severity"]) == ("voicectl/replace", "major")
    assert hero["location"] == {"path": "studio/heroes.yaml", "lines": {"begin": 12}}
    assert {each["check_name"]: each["severity"] for each in found} == {
        "voicectl/stop": "critical",
        "voicectl/blocked": "critical",
        "voicectl/replace": "major",
        "voicectl/delete": "major",
        "voicectl/forget": "major",
        "voicectl/drift-gone": "major",
        "voicectl/drift-renamed": "major",
        "voicectl/drift-surplus": "major",
        "voicectl/create": "info",
        "voicectl/clone": "info",
        "voicectl/update": "info",
        "voicectl/recover": "info",
        "voicectl/resume": "info",
    }


def test_fingerprints_are_unique() -> None:
    plan = hostile_plan()
    twice = replace(plan, changes=plan.changes * 2, drift=plan.drift * 2)
    fingerprints = [each["fingerprint"] for each in report(twice)]
    assert len(set(fingerprints)) == len(fingerprints)


def test_fingerprints_do_not_depend_on_lines_nor_on_words(plan: Plan) -> None:
    moved = replace(CONTEXT, places={"hero": Place("studio/heroes.yaml", 99, 3)})
    said = replace(plan, changes=tuple(replace(each, reason="in other words") for each in plan.changes))
    again = parsed(gitlab.plan(said, moved, PLAIN))
    assert [each["fingerprint"] for each in again] == [each["fingerprint"] for each in report(plan)]


def test_a_problem_is_a_finding_at_its_line() -> None:
    problems = [
        Problem(file="voices.yaml", line=12, column=7, path="voices.hero", what="not a voice"),
        Problem(file="voices.yaml", line=0, column=0, path="", what="can't be read"),
    ]
    first, second = parsed(gitlab.problems(ManifestError(problems), CONTEXT, PLAIN))
    assert first["location"] == {"path": "voices.yaml", "lines": {"begin": 12}}
    assert second["location"] == {"path": "voices.yaml", "lines": {"begin": 1}}
    assert first["description"] == "The manifest is not valid: voices.hero: not a voice"


def test_a_valid_manifest_without_remarks_is_an_empty_report() -> None:
    assert parsed(gitlab.manifest(Manifest(name="voices.yaml"), CONTEXT, PLAIN)) == []


def test_drift_is_a_report(plan: Plan) -> None:
    unseen = replace(plan, unseen=("hero: no answer",))
    found = parsed(gitlab.drift(unseen, None, CONTEXT, PLAIN))
    assert [each["check_name"] for each in found] == [
        "voicectl/drift-gone",
        "voicectl/drift-renamed",
        "voicectl/drift-surplus",
        "voicectl/unchecked",
    ]
    assert found[-1]["location"]["lines"]["begin"] == 12


def test_hostile_names_are_text() -> None:
    written = gitlab.plan(hostile_plan(), CONTEXT, PLAIN)
    assert len(parsed(written)) == 2 * len(HOSTILE) + 2 * len(HOSTILE)
    assert "##[" not in written
    assert "\u202e" not in written


def test_a_stream_that_is_not_utf8_gets_ascii() -> None:
    named = large_plan(1, Action.BLOCKED, reason="é")
    assert gitlab.plan(named, CONTEXT, RenderOptions(encoding="latin-1")).isascii()

"""Values of environment variables are replaced by the names of their variables."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.hints import hint, way
from reconciler.model.environment_values import EnvironmentValues
from reconciler.model.plan import Action, Change, Drift, DriftKind, FieldChange, Plan, Stop
from reconciler.model.survey import Survey
from reconciler.values import json_value

SECRET = "pa55-word in/a path"
VALUES = EnvironmentValues({"PART": SECRET, "STAGE": "prod", "LANG_CODE": "en", "SPEED": "1.50", "CASE": "Q7xkLonger"})


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (SECRET, "${env:PART}"),
        (f"https://h/{SECRET}/a.mp3", "https://h/${env:PART}/a.mp3"),
        ("https://h/pa55-word%20in/a%20path/a.mp3", "https://h/${env:PART}/a.mp3"),
        ("https://h/pa55-word%20in%2Fa%20path/a.mp3", "https://h/${env:PART}/a.mp3"),
        ("https://q7xklonger.example", "https://${env:CASE}.example"),
        ("prod", "${env:STAGE}"),
        ("prod-narrator_prod", "${env:STAGE}-narrator_${env:STAGE}"),
        ("production", "production"),  # a short value is no part of a word
        ("en", "${env:LANG_CODE}"),
        ("one of ten en", "one of ten en"),  # a shorter one only the whole text
        ("nothing", "nothing"),
    ],
)
def test_a_value_is_replaced_by_its_variable(given: str, shown: str) -> None:
    assert VALUES.text(given) == shown


def test_a_name_that_the_manifest_shows_stays() -> None:
    assert VALUES.text("prod", known=frozenset({"prod"})) == "prod"
    assert VALUES.text("make prod", known=frozenset({"prod"})) == "make prod"


def test_without_values_nothing_changes() -> None:
    plan = Plan(plan_id="", lineage="", serial=0, manifest="voices.yaml", notes=("a",))
    assert EnvironmentValues({}).plan(plan) is plan
    assert EnvironmentValues({}).text("a") == "a"


def plan_with(text: str, number: float) -> Plan:
    """The text in each place that is shown."""
    inputs: dict[str, Any] = {"voice_name": text, "videos": [{"url": text}], "speed": number, "mono": True}
    change = Change(
        address="hero",
        provider="kling",
        action=Action.BLOCKED,
        reason=text,
        cause=text,
        hint=hint(way(text, "--retry", text, "hero", after=text)),
        before=inputs,
        after=inputs,
        fields=(FieldChange(name="voice_name", before=text, after=inputs),),
        key="vc-1",
    )
    return Plan(
        plan_id="5f",
        lineage="3b",
        serial=1,
        manifest="voices.yaml",
        changes=(change,),
        drift=(Drift("hero", "kling", DriftKind.RENAMED, (FieldChange(name="voice_name", before=text, after=text),)),),
        notes=(text,),
        stops=(Stop(text, hint(text)),),
        unseen=(f"hero: {text}",),
        ways_to_see=hint(text),
    )


def test_no_shown_part_of_a_plan_keeps_a_value() -> None:
    shown = VALUES.plan(plan_with(SECRET, 1.5))
    assert SECRET not in str(json_value(shown))
    assert shown.changes[0].after == {
        "voice_name": "${env:PART}",
        "videos": [{"url": "${env:PART}"}],
        "speed": "${env:SPEED}",
        "mono": True,
    }
    assert shown.changes[0].key == "vc-1"


def test_a_plan_without_values_is_equal_to_itself() -> None:
    plan = plan_with("nothing", 2)
    assert VALUES.plan(plan) == plan


def test_what_could_not_be_checked_without_a_state_keeps_no_value() -> None:
    shown = VALUES.survey(Survey(stateless=True, unseen=(f"hero: {SECRET}",), ways_to_see=hint(SECRET)))
    assert SECRET not in str(json_value(shown))

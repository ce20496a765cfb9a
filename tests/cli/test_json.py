"""What programs read: exactly the promised keys, on stdout alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import Deleted, KlingService

ACTIONS = {
    *("create", "clone", "move", "replace", "update", "delete", "recover", "resume", "forget", "blocked", "no-op"),
}
PLAN = {
    "format_version",
    "format_minor",
    "plan_id",
    "lineage",
    "serial",
    "summary",
    "changes",
    "drift",
    "calls",
    "cost",
    "policy",
}
CHANGE = {"address", "provider", "action", "reason", "before", "after", "fields"}
SCHEMAS = Path(__file__).parents[2] / "schemas"


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliHarness]:
    """One voice is renamed outside; one is to be replaced, one to be made, one to go. Only read."""
    with KlingService() as kling:
        cli = CliHarness(tmp_path_factory.mktemp("changing"), kling)
        cli.declare("narrator", "hero", "leaving", "steady")
        cli.apply()
        kling.rename_outside(cli.voice_id("narrator"), "Somebody")
        better = voice("hero", voice_url="https://cdn.example.com/better.mp3")
        cli.declare("narrator", "newcomer", "steady", hero=better)
        yield cli


def test_a_plan_has_exactly_the_promised_keys(changing: CliHarness) -> None:
    plan = changing.plan()
    assert plan.keys() == PLAN
    assert plan["summary"] == dict.fromkeys(ACTIONS, 0) | {"create": 1, "replace": 1, "delete": 1, "no-op": 2}
    assert plan["calls"].keys() == ACTIONS
    assert plan["calls"]["replace"] == {"calls": 2, "paid": 1}
    assert plan["calls"]["create"] == {"calls": 1, "paid": 1}
    assert plan["calls"]["delete"] == {"calls": 1, "paid": 0}
    assert plan["calls"]["no-op"] == {"calls": 0, "paid": 0}
    asks = {"hint", "commands"}  # only where there is something to say: the replaced id stops working
    assert [change.keys() for change in plan["changes"]] == [CHANGE, CHANGE | asks, CHANGE]
    jsonschema.validate(plan, schema("plan"))


def test_a_replace_reports_its_fields(changing: CliHarness) -> None:
    [change] = [c for c in changing.plan()["changes"] if c["address"] == "hero"]
    assert change["fields"] == [
        {
            "name": "voice_url",
            "before": "https://cdn.example.com/hero.mp3",
            "after": "https://cdn.example.com/better.mp3",
        }
    ]
    assert change["provider"] == "kling"


def test_no_ops_are_counted_and_not_listed(cli: CliHarness) -> None:
    cli.declare("narrator", "hero")
    cli.apply()
    plan = cli.plan()
    assert plan["changes"] == []
    assert plan["summary"]["no-op"] == 2
    assert plan["serial"] == cli.state["serial"]
    assert plan["lineage"] == cli.state["lineage"]


def test_drift_is_shown_beside_the_changes(changing: CliHarness) -> None:
    renamed = {
        "address": "narrator",
        "provider": "kling",
        "kind": "renamed",
        "fields": [{"name": "voice_name", "before": "narrator", "after": "Somebody"}],
    }
    assert changing.plan()["drift"] == [renamed]
    told = changing.voicectl("drift", "--json", code=2).json
    assert told.keys() == {"format_version", "format_minor", "lineage", "serial", "drift"}
    assert told["drift"] == [renamed]


@pytest.mark.parametrize("looks", [Deleted.VANISHES, Deleted.EMPTIED, Deleted.FLAGGED])
def test_drift_of_a_gone_voice(cli: CliHarness, kling: KlingService, looks: Deleted) -> None:
    kling.deleted_voices = looks
    cli.declare("narrator", "hero")
    cli.apply()
    lost = cli.voice_id("hero")
    kling.delete_outside(lost)
    told = cli.voicectl("drift", "--json", code=2).json
    assert told["drift"] == [
        {
            "address": "hero",
            "provider": "kling",
            "kind": "gone",
            "fields": [{"name": "voice_id", "before": lost, "after": None}],
        }
    ]


def test_an_apply_reports_events_in_sequence_and_its_summary_last(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["villain"] = "too noisy"
    cli.declare("narrator", "villain")
    events = cli.apply("--json", code=1).events
    for event in events:
        jsonschema.validate(event, schema("event"))
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events].count("summary") == 1
    *told, summary = events
    assert summary["type"] == "summary"
    assert {k: summary[k] for k in ("total", "done", "failed", "left")} == {
        "total": 2,
        "done": 1,
        "failed": 1,
        "left": 0,
    }
    assert {"address": "villain", "type": "failed", "detail": "too noisy"}.items() <= next(
        event for event in told if event["type"] == "failed"
    ).items()
    done = next(event for event in told if event["type"] == "done")
    assert (done["address"], done["action"], done["voice_id"]) == ("narrator", "create", cli.voice_id("narrator"))


def test_an_apply_with_nothing_to_do_is_its_summary_alone(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    [summary] = cli.apply("--json").events
    jsonschema.validate(summary, schema("event"))
    assert (summary["sequence"], summary["type"], summary["total"]) == (1, "summary", 0)


def test_a_destroy_reports_events_too(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    events = cli.voicectl("destroy", "--auto-approve", "--json", code=0).events
    for event in events:
        jsonschema.validate(event, schema("event"))
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "summary"
    assert events[-1]["done"] == 1


def test_outputs_have_exactly_the_promised_keys(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["villain"] = "too noisy"
    cli.declare("villain", narrator=voice("narrator", voice_name="Narrator EN") | {"labels": {"team": "film"}})
    cli.apply(code=1)
    [narrator] = kling.voices
    told = cli.voicectl("output", "--json", code=0).json
    assert told == {
        "narrator": {
            "voice_id": narrator,
            "voice_name": "Narrator EN",
            "provider": "kling",
            "status": "ready",
            "labels": {"team": "film"},
        },
        "villain": {
            "voice_id": None,
            "voice_name": "villain",
            "provider": "kling",
            "status": "failed",
            "labels": {},
        },
    }
    assert cli.voicectl("output", "narrator", "--json", code=0).json == told["narrator"]


def test_the_outputs_of_nothing_are_an_empty_object(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    cli.write({})
    cli.apply("--allow-deletes", "1")
    assert cli.voicectl("output", "--json", code=0).json == {}


def test_a_voice_without_an_id_has_no_bare_output(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["villain"] = "too noisy"
    cli.declare("villain")
    cli.apply(code=1)
    refused = cli.voicectl("output", "villain", code=1)
    assert refused.out == ""
    assert "failed" in refused.err


def test_the_account_is_listed_with_the_addresses_that_hold_its_voices(cli: CliHarness, kling: KlingService) -> None:
    [foreign] = kling.add_foreign("Somebody's")
    cli.declare("narrator")
    cli.apply()
    narrator = cli.voice_id("narrator")
    listed = {v["voice_id"]: v["address"] for v in cli.voicectl("voices", "kling", "--json", code=0).json}
    assert listed == {foreign: None, narrator: "narrator"}
    unmanaged = cli.voicectl("voices", "kling", "--unmanaged", "--json", code=0).json
    assert [v["voice_id"] for v in unmanaged] == [foreign]
    presets = cli.voicectl("voices", "kling", "--presets", "--json", code=0).json
    assert {v["voice_name"] for v in presets} == {"Owen", "Anna"}


def test_the_state_is_reported_as_its_schema_says(changing: CliHarness) -> None:
    document = changing.voicectl("show", "--json", code=0).json
    jsonschema.validate(document, schema("state"))
    jsonschema.validate(changing.state, schema("state"))
    listed = changing.voicectl("state", "list", "--json", code=0).json
    assert {row["address"] for row in listed} == {"narrator", "hero", "leaving", "steady"}
    record = changing.voicectl("state", "show", "hero", "--json", code=0).json
    assert record["voice_id"] == changing.voice_id("hero")


def test_the_schemas_it_prints_are_those_in_the_repository(cli: CliHarness) -> None:
    for name in ("manifest", "plan", "state"):
        assert cli.voicectl("schema", name, code=0).json == schema(name)


def test_the_reference_of_the_manifest_it_prints_is_that_in_the_repository(cli: CliHarness) -> None:
    reference = SCHEMAS.parent / "examples" / "REFERENCE.md"
    shown = cli.voicectl("schema", "manifest", "--format", "markdown", code=0)
    assert shown.out == reference.read_text(encoding="utf-8")


def test_only_the_manifest_has_a_reference(cli: CliHarness) -> None:
    refused = cli.voicectl("schema", "plan", "--format", "markdown", code=1)
    assert "--format markdown shows the manifest only." in refused.err


def test_notices_go_to_stderr(changing: CliHarness) -> None:
    told = changing.voicectl("plan", "--json", "--out", "p", code=0)
    assert told.json.keys() == PLAN
    assert "voicectl apply p" in told.err
    assert changing.voicectl("show", "p", "--json", code=0).json == told.json

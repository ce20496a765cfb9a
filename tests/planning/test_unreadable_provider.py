"""Tests a provider that could not be read: its entries are blocked, and no voice that may be its own is deleted."""

from __future__ import annotations

from typing import Any

from reconciler.hints import hint
from reconciler.model.plan import Action, Plan
from reconciler.planning import planner
from reconciler.planning.account_check import AccountProblem
from tests.planning import cases

CLOSED = {"studio": AccountProblem(why="no credentials: STUDIO_KEY is not set", hint=hint("export STUDIO_KEY=..."))}


def plan(case: dict[str, Any]) -> Plan:
    """The plan of a case in which the provider studio could not be read."""
    case = {"providers": {"kling": None, "studio": None}, **case}
    manifest = cases.manifest_of(case)
    seen = {name: looked for name, looked in cases.observations_of(case).items() if name != "studio"}
    able = {name: cases.capabilities(case, name) for name in seen}
    return planner.plan(manifest, cases.state_of(case), seen, able, now=cases.NOW, closed=CLOSED)


def actions(made: Plan) -> dict[str, Action]:
    return {change.address: change.action for change in made.changes}


def test_only_its_own_entries_are_blocked_with_the_reason_and_the_next_command() -> None:
    made = plan({"voices": {"a": {}, "b": {"provider": "studio"}}})
    assert actions(made) == {"a": Action.CREATE, "b": Action.BLOCKED}
    blocked = next(change for change in made.changes if change.address == "b")
    assert (blocked.reason, blocked.hint) == (CLOSED["studio"].why, CLOSED["studio"].hint)
    assert made.unseen == ("b: no credentials: STUDIO_KEY is not set",)
    assert made.ways_to_see == CLOSED["studio"].hint


def test_a_voice_of_it_that_is_removed_stays() -> None:
    records = {"a@1": {"status": "ready", "provider": "studio"}}
    made = plan({"voices": {"b": {"provider": "studio", "create": {"voice_name": "Other"}}}, "records": records})
    assert actions(made) == {"a": Action.BLOCKED, "b": Action.BLOCKED}


def test_a_voice_that_is_declared_as_existing_there_is_not_deleted_elsewhere() -> None:
    """The two names may be one account."""
    records = {
        "old@1": {"status": "ready", "voice_id": "850"},
        "new@1": {"status": "ready", "provider": "studio", "voice_id": "849"},
    }
    entry = {"provider": "studio", "existing": {"voice_id": "850"}}
    made = plan({"voices": {"new": entry}, "records": records})
    assert actions(made) == {"old": Action.BLOCKED, "new": Action.BLOCKED}
    assert "its voice 850 is declared as new, and would be deleted" in {change.reason for change in made.changes}

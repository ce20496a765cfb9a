"""Tests which changes a plan keeps under --target and --exclude."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.plan import Action, Plan
from tests.planning import cases

CAST: dict[str, Any] = {
    "voices": {
        "hero": {"labels": {"tier": "gold"}},
        "npc_one": {},
        "npc_two": {"labels": {"tier": "gold rush"}},
        "Npc": {"labels": {"other": "gold"}},
    }
}


def addresses(plan: Plan) -> list[str]:
    return [change.address for change in plan.changes]


def of_cast(**options: Any) -> Plan:
    return cases.plan(CAST | {"options": options})


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, ["Npc", "hero", "npc_one", "npc_two"]),
        ({"target": ["hero"]}, ["hero"]),
        ({"target": ["npc_*"]}, ["npc_one", "npc_two"]),
        ({"target": ["*o*"]}, ["hero", "npc_one", "npc_two"]),
        ({"target": ["npc_*", "hero"], "exclude": ["*two"]}, ["hero", "npc_one"]),
        ({"exclude": ["npc_*"]}, ["Npc", "hero"]),
        ({"target": ["label:tier=gold"]}, ["hero"]),
        ({"target": ["label:tier=gold*"]}, ["hero", "npc_two"]),
        ({"exclude": ["label:tier=*"]}, ["Npc", "npc_one"]),
        ({"target": ["npc_?ne"]}, []),  # only * is special
        ({"target": ["npc_[o]*"]}, []),
    ],
)
def test_the_changes_of_the_named_addresses_are_kept(options: Any, kept: list[str]) -> None:
    assert sorted(addresses(of_cast(**options))) == kept


def test_the_plan_says_what_it_is_restricted_to_and_how_much_it_leaves_out() -> None:
    plan = of_cast(target=["npc_*", "hero"], exclude=["*two"])
    assert (
        plan.notes[-1]
        == "Only npc_* and hero (--target), without *two (--exclude). 2 changes of other voices are left out."
    )
    assert (plan.targets, plan.excludes, plan.left_out) == (("npc_*", "hero"), ("*two",), 2)


def test_a_plan_of_another_scope_has_another_id() -> None:
    ids = {of_cast(target=["hero"]).plan_id, of_cast(exclude=["npc_*", "Npc"]).plan_id, of_cast().plan_id}
    assert len(ids) == 3


def test_unchanged_voices_and_drift_are_those_in_scope() -> None:
    case = {"voices": {"a": {}, "b": {}, "c": {}}, "records": {"a@1": "ready", "b@1": "ready", "c@1": "ready"}}
    plan = cases.plan(case | {"seen": {"c@1": "absent"}, "options": {"target": ["a"]}})
    assert (plan.unchanged, plan.drift, plan.changes, plan.left_out) == (1, (), (), 1)


def test_the_voice_of_a_removed_entry_is_found_by_its_address_and_its_recorded_labels() -> None:
    case: dict[str, Any] = {
        "voices": {"hero": {}},
        "records": {"hero@1": "ready", "old@1": {"status": "ready", "labels": {"tier": "x"}}, "older@1": "ready"},
    }
    assert addresses(cases.plan(case | {"options": {"target": ["old"]}})) == ["old"]
    assert addresses(cases.plan(case | {"options": {"target": ["label:tier=x"]}})) == ["old"]
    assert addresses(cases.plan(case | {"options": {"exclude": ["old"]}})) == ["older"]


def test_the_limit_of_deletes_counts_only_what_is_in_scope() -> None:
    ten = [f"v{n}" for n in range(10)]
    case: dict[str, Any] = {"voices": {"v9": {}}, "records": {f"{v}@1": "ready" for v in ten}}
    assert len(cases.plan(case).stops) == 1
    assert cases.plan(case | {"options": {"target": ["v1", "v2"]}}).stops == ()


def test_voices_that_are_gone_in_large_numbers_stay_blocked_in_a_small_scope() -> None:
    ten = [f"v{n}" for n in range(10)]
    case: dict[str, Any] = {
        "voices": {v: {} for v in ten},
        "records": {f"{v}@1": "ready" for v in ten},
        "seen": {f"{v}@1": "absent" for v in ten[:5]},
    }
    [change] = cases.plan(case | {"options": {"target": ["v1"]}}).changes
    assert change.action is Action.BLOCKED


def test_renames_that_build_on_each_other_stay_together() -> None:
    inputs = {name: {"create": {"voice_name": name, "voice_url": f"https://x.example/{name}.mp3"}} for name in "abc"}
    case: dict[str, Any] = {
        "voices": {"a": inputs["b"], "b": inputs["a"], "c": inputs["c"]},
        "records": {"a@1": {"status": "ready", **inputs["a"]}, "b@1": {"status": "ready", **inputs["b"]}},
    }
    plan = cases.plan(case | {"options": {"target": ["a"]}})
    assert [(c.action, c.source, c.address) for c in plan.changes] == [
        (Action.MOVE, "b", "a"),
        (Action.MOVE, "a", "b"),
    ]


RENAMED: dict[str, Any] = {
    "moved": {"hero": "champion"},
    "voices": {"champion": {"create": {"voice_name": "New", "voice_url": "https://x.example/new.mp3"}}, "npc": {}},
    "records": {"hero@1": "ready", "npc@1": "ready"},
}


@pytest.mark.parametrize("excluded", ["hero", "champion"])
def test_an_excluded_voice_stays_as_it_is_although_its_entry_was_renamed(excluded: str) -> None:
    assert addresses(cases.plan(RENAMED)) == ["champion", "champion"]  # renamed, and replaced
    plan = cases.plan(RENAMED | {"options": {"exclude": [excluded]}})
    assert (plan.changes, plan.left_out, plan.unchanged) == ((), 2, 1)
    targeted = cases.plan(RENAMED | {"options": {"target": ["hero", "champion"], "exclude": [excluded]}})
    assert targeted.changes == ()


def test_an_excluded_voice_keeps_back_all_renames_that_build_on_its_own() -> None:
    inputs = {name: {"create": {"voice_name": name, "voice_url": f"https://x.example/{name}.mp3"}} for name in "ab"}
    case: dict[str, Any] = {
        "voices": {"a": inputs["b"], "b": inputs["a"], "c": {}},
        "records": {"a@1": {"status": "ready", **inputs["a"]}, "b@1": {"status": "ready", **inputs["b"]}},
    }
    plan = cases.plan(case | {"options": {"exclude": ["a"]}})
    assert (addresses(plan), plan.left_out) == (["c"], 2)


def test_a_rotation_of_three_entries_stays_together() -> None:
    inputs = {name: {"create": {"voice_name": name, "voice_url": f"https://x.example/{name}.mp3"}} for name in "abc"}
    case: dict[str, Any] = {
        "voices": {"a": inputs["b"], "b": inputs["c"], "c": inputs["a"]},
        "records": {f"{name}@1": {"status": "ready", **inputs[name]} for name in "abc"},
    }
    assert addresses(cases.plan(case | {"options": {"target": ["a"]}})) == ["a", "b", "c"]
    assert addresses(cases.plan(case | {"options": {"exclude": ["a"]}})) == []


def test_a_label_excludes_a_voice_as_declared_and_as_recorded() -> None:
    case: dict[str, Any] = {
        "voices": {"was": {"labels": {"env": "dev"}}, "is": {"labels": {"env": "prod"}}, "other": {}},
        "records": {"was@1": {"status": "ready", "labels": {"env": "prod"}}, "is@1": "ready", "other@1": "ready"},
        "options": {"destroy": True, "exclude": ["label:env=prod"]},
    }
    assert addresses(cases.plan(case)) == ["other"]
    targeted = case | {"options": {"destroy": True, "target": ["label:env=prod"]}}
    assert addresses(cases.plan(targeted)) == ["is"]  # a target means what is declared now


def test_a_label_excludes_the_replaced_voice_of_an_address_without_another() -> None:
    case: dict[str, Any] = {
        "voices": {"hero": {}},
        "records": {"hero@1": "ready", "old@1": {"status": "deposed", "labels": {"env": "prod"}}},
    }
    assert addresses(cases.plan(case)) == ["old"]
    assert addresses(cases.plan(case | {"options": {"exclude": ["label:env=prod"]}})) == []

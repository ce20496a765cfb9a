"""Tests what --refresh-only writes into the state, and what it leaves as it is."""

from __future__ import annotations

from typing import Any

from reconciler.model.plan import Action
from tests.planning import cases


def planned(**case: Any) -> list[tuple[str, Action]]:
    plan = cases.plan(case | {"options": {"refresh_only": True, **case.get("options", {})}})
    assert all(change.refresh or change.action is Action.BLOCKED for change in plan.changes)
    return [(change.address, change.action) for change in plan.changes]


def test_a_voice_that_is_gone_leaves_the_state_and_nothing_is_created() -> None:
    records = {"a@1": "ready", "b@1": "ready"}
    assert planned(voices={"a": {}, "b": {}, "new": {}}, records=records, seen={"a@1": "absent"}) == [
        ("a", Action.FORGET)
    ]


def test_a_removed_or_changed_entry_is_not_touched() -> None:
    changed = {"create": {"voice_name": "Other"}}
    assert planned(voices={"a": changed}, records={"a@1": "ready", "b@1": "ready"}) == []


def test_an_open_creation_is_not_settled_as_gone() -> None:
    for status in ("intended", "uncertain", "running"):
        case = {"records": {"a@1": status, "b@1": "ready"}, "seen": {"a@1": "absent"}}
        assert planned(voices={"a": {}, "b": {}}, **case) == []


def test_an_official_voice_that_is_gone_stays_recorded() -> None:
    owen = {"preset": {"voice_id": "829"}}
    records = {"owen@1": {"status": "ready", **owen}, "b@1": "ready"}
    assert planned(voices={"owen": owen, "b": {}}, records=records, seen={"owen@1": "absent"}) == []


def test_none_found_may_be_another_account_so_nothing_leaves_the_state() -> None:
    case = {"voices": {"a": {}, "b": {}}, "records": {"a@1": "ready", "b@1": "ready"}}
    gone = {"seen": {"a@1": "absent", "b@1": "absent"}}
    assert planned(**case, **gone) == [("a", Action.BLOCKED), ("b", Action.BLOCKED)]
    allowed = {"options": {"allow_recreates": 2}}
    assert planned(**case, **gone, **allowed) == [("a", Action.FORGET), ("b", Action.FORGET)]


def test_many_that_are_gone_are_blocked_until_their_number_is_given() -> None:
    ten = [f"v{n}" for n in range(10)]
    case: dict[str, Any] = {
        "voices": {v: {} for v in ten},
        "records": {f"{v}@1": "ready" for v in ten},
        "seen": {f"{v}@1": "absent" for v in ten[:4]},
    }
    assert {action for _, action in planned(**case)} == {Action.BLOCKED}
    assert {action for _, action in planned(**case, options={"allow_recreates": 4})} == {Action.FORGET}


def test_what_could_not_be_read_stays_as_it_is() -> None:
    seen = {"a@1": "unknown: the list was not complete"}
    assert planned(voices={"a": {}, "b": {}}, records={"a@1": "ready", "b@1": "ready"}, seen=seen) == [
        ("a", Action.BLOCKED)
    ]

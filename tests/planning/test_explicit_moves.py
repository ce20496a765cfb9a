"""Tests the renames that a manifest declares under `moved:`, and the voices that it releases under `removed:`."""

from __future__ import annotations

from typing import Any

from reconciler.model.plan import Action
from tests.planning import cases

OTHER = {"create": {"voice_name": "Another name"}}


def planned(**case: Any) -> list[tuple[str, Action]]:
    return [(change.address, change.action) for change in cases.plan(case).changes]


def test_the_record_gets_the_new_address_and_nothing_is_paid() -> None:
    [change] = cases.plan(
        {"voices": {"b": {"create": {"voice_name": "a"}}}, "records": {"a@1": "ready"}, "moved": {"a": "b"}}
    ).changes[:1]
    assert (change.action, change.source, change.address) == (Action.MOVE, "a", "b")
    assert change.reason == "as the manifest says under moved:"


def test_a_rename_may_change_inputs_too() -> None:
    case = {"voices": {"b": OTHER}, "records": {"a@1": "ready"}}
    assert planned(**case, moved={"a": "b"}) == [("b", Action.MOVE), ("b", Action.REPLACE)]
    assert sorted(planned(**case)) == [("a", Action.DELETE), ("b", Action.CREATE)]


def test_a_rename_that_was_made_or_never_needed_changes_nothing() -> None:
    assert planned(voices={"b": {}}, records={"b@1": "ready"}, moved={"a": "b", "x": "y"}) == []


def test_a_chain_of_renames_ends_at_its_last_address() -> None:
    moved = {"a": "b", "b": "c"}
    for old in "ab":
        [(address, action), *_] = planned(voices={"c": OTHER}, records={f"{old}@1": "ready"}, moved=moved)
        assert (address, action) == ("c", Action.MOVE)


def test_a_target_that_has_a_voice_blocks_both_and_deletes_none() -> None:
    case = {"voices": {"b": {}}, "records": {"a@1": "ready", "b@1": "ready"}, "moved": {"a": "b"}}
    assert sorted(planned(**case)) == [("a", Action.BLOCKED), ("b", Action.BLOCKED)]


def test_two_records_for_one_target_are_both_kept() -> None:
    case = {"voices": {"c": {}}, "records": {"a@1": "ready", "b@1": "ready"}, "moved": {"a": "c", "b": "c"}}
    assert {action for _, action in planned(**case)} == {Action.BLOCKED}


def test_a_renamed_entry_that_was_removed_later_is_deleted() -> None:
    assert planned(voices={"x": {}}, records={"a@1": "ready", "x@1": "ready"}, moved={"a": "b"}) == [
        ("a", Action.DELETE)
    ]


def test_a_destroy_deletes_by_the_recorded_address() -> None:
    case = {"voices": {"b": {}}, "records": {"a@1": "ready"}, "moved": {"a": "b"}, "options": {"destroy": True}}
    assert planned(**case) == [("a", Action.DELETE)]


def test_a_removed_entry_with_destroy_false_leaves_its_voice_in_the_account() -> None:
    case: dict[str, Any] = {"voices": {"x": {}}, "records": {"a@1": "ready", "x@1": "ready"}}
    [change] = cases.plan(case | {"released": ["a"]}).changes
    assert (change.address, change.action, change.abandons) == ("a", Action.FORGET, True)
    assert change.reason == "as the manifest says under removed:; the voice stays in its account"


def test_a_protected_voice_may_be_released() -> None:
    protected = {"status": "ready", "lifecycle": {"prevent_destroy": True}}
    case: dict[str, Any] = {"voices": {"x": {}}, "records": {"a@1": protected, "x@1": "ready"}}
    assert planned(**case, released=["a"]) == [("a", Action.FORGET)]


def test_a_released_address_that_is_declared_again_is_an_entry_like_any_other() -> None:
    assert planned(voices={"a": {}}, records={"a@1": "ready"}, released=["a"]) == []


def test_what_never_arrived_is_only_forgotten() -> None:
    case: dict[str, Any] = {"voices": {"x": {}}, "records": {"a@1": "intended", "x@1": "ready"}}
    [change] = cases.plan(case | {"seen": {"a@1": "absent"}, "released": ["a"]}).changes
    assert (change.action, change.abandons) == (Action.FORGET, False)


INSTANCES: dict[str, Any] = {'npc["en"]@1': "ready", 'npc["de"]@1': "ready"}


def test_a_renamed_entry_takes_its_instances_along() -> None:
    case: dict[str, Any] = {"voices": {'cast["en"]': OTHER, 'cast["de"]': {}}, "records": INSTANCES}
    moves = [('cast["de"]', Action.MOVE), ('cast["en"]', Action.MOVE), ('cast["en"]', Action.REPLACE)]
    found = [each for each in planned(**case, moved={"npc": "cast"}) if each in moves]
    assert sorted(found) == moves


def test_an_instance_may_move_elsewhere_than_its_entry() -> None:
    case: dict[str, Any] = {"voices": {'cast["de"]': OTHER, "hero": OTHER}, "records": INSTANCES}
    moves = {c.source: c.address for c in cases.plan(case | {"moved": {"npc": "cast", 'npc["en"]': "hero"}}).changes}
    assert (moves['npc["en"]'], moves['npc["de"]']) == ("hero", 'cast["de"]')


def test_an_entry_that_became_an_instance_takes_no_instance_along() -> None:
    case: dict[str, Any] = {"voices": {'npc["en"]': OTHER}, "records": {"npc@1": "ready"}}
    moved = {"npc": 'npc["en"]'}
    assert planned(**case, moved=moved) == [('npc["en"]', Action.MOVE), ('npc["en"]', Action.REPLACE)]
    assert planned(voices={'npc["en"]': {}}, records={'npc["en"]@1': "ready"}, moved=moved) == []


def test_moves_of_an_entry_and_of_its_instance_in_a_circle_end() -> None:
    moved = {"npc": "cast", 'cast["en"]': 'npc["en"]'}
    assert planned(voices={'cast["en"]': OTHER}, records={'npc["en"]@1': "ready"}, moved=moved) != []


def test_a_removed_entry_with_destroy_false_leaves_the_voices_of_all_its_instances() -> None:
    case: dict[str, Any] = {"voices": {"x": {}}, "records": INSTANCES | {"x@1": "ready"}, "released": ["npc"]}
    assert {action for _, action in planned(**case)} == {Action.FORGET}


def test_an_entry_that_was_renamed_and_then_removed_leaves_its_voice_where_neither_was_applied_yet() -> None:
    case: dict[str, Any] = {"voices": {"x": {}}, "records": {"a@1": "ready", "x@1": "ready"}}
    assert planned(**case, moved={"a": "b"}, released=["b"]) == [("a", Action.FORGET)]

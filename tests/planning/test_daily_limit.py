"""Which changes the limit of paid calls a day lets through."""

from __future__ import annotations

from reconciler.model.plan import Action, Change, Plan
from reconciler.planning.daily_limit import limited


def plan(*changes: Change) -> Plan:
    return Plan(plan_id="p", lineage="0123", serial=1, manifest="voices.yaml", changes=changes)


def change(address: str, action: Action = Action.CREATE, *, activates: bool = False) -> Change:
    return Change(address=address, provider="kling", action=action, key=f"key-{address}", activates=activates)


def actions(of: Plan) -> dict[str, str]:
    return {each.address: str(each.action) for each in of.changes}


def test_a_plan_within_the_limit_is_the_same() -> None:
    made = plan(change("a"), change("b"))
    assert limited(made, most=2, made=0).plan is made


def test_the_first_ones_that_fit_are_made_and_the_others_wait() -> None:
    within = limited(plan(change("a"), change("b"), change("c")), most=5, made=3)
    assert actions(within.plan) == {"a": "create", "b": "create", "c": "blocked"}
    assert (within.waiting, within.paid) == (("c",), 2)
    assert (
        within.plan.changes[2].reason
        == "the daily limit: 3 paid calls were made today (UTC), and at most 5 are allowed"
    )
    assert within.plan.changes[2].key is None


def test_what_pays_nothing_needs_no_room() -> None:
    free = [
        change("d", Action.DELETE),
        change("m", Action.MOVE),
        change("u", Action.UPDATE),
        change("f", Action.FORGET),
    ]
    within = limited(plan(change("a"), *free), most=1, made=1)
    assert actions(within.plan) == {"a": "blocked", "d": "delete", "m": "move", "u": "update", "f": "forget"}


def test_a_replace_that_does_not_fit_is_not_begun() -> None:
    assert actions(limited(plan(change("a", Action.REPLACE)), most=1, made=1).plan) == {"a": "blocked"}


def test_a_change_that_pays_twice_is_made_whole_or_not_at_all() -> None:
    twice = change("a", Action.CLONE, activates=True)
    assert actions(limited(plan(twice, change("b")), most=1, made=0).plan) == {"a": "blocked", "b": "create"}
    assert actions(limited(plan(twice, change("b")), most=2, made=0).plan) == {"a": "clone", "b": "blocked"}


def test_more_calls_than_the_limit_leave_none() -> None:
    assert actions(limited(plan(change("a")), most=2, made=7).plan) == {"a": "blocked"}


def test_a_voice_that_exists_already_is_not_paid_for() -> None:
    blocked = change("b", Action.BLOCKED)
    assert limited(plan(blocked, change("r", Action.RECOVER)), most=0, made=0).waiting == ()

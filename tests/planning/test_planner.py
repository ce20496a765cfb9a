"""The identity of a plan."""

from __future__ import annotations

from tests.planning import cases

FAILED = {"voices": {"a": {}}, "records": {"a@1": "running"}}


def test_half_a_surrogate_pair_in_a_clouds_message_does_not_keep_a_plan_from_being_made() -> None:
    plan = cases.plan(FAILED | {"seen": {"a@1": "failed: noise \ud83d"}})
    assert "\ud83d" in plan.changes[0].reason


def test_equal_inputs_make_a_plan_of_one_id() -> None:
    case = FAILED | {"seen": {"a@1": "failed: noise"}}
    assert cases.plan(case).plan_id == cases.plan(case).plan_id
    assert cases.plan(case).plan_id != cases.plan(FAILED).plan_id

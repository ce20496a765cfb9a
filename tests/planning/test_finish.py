"""Tests what `finish` adds to a plan before it is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.model.plan import Plan
from reconciler.planning import planner
from reconciler.planning.finish import finish
from reconciler.planning.plan_context import PlanOptions
from tests.planning import cases

TEN = [f"v{n}" for n in range(10)]
NOTHING_LEFT = {"voices": {}, "records": {f"{v}@1": "ready" for v in TEN}}


def finished(case: dict[str, Any], options: PlanOptions, **given: Any) -> Plan:
    manifest, state = cases.manifest_of(case), cases.state_of(case)
    able = {name: cases.capabilities(case, name) for name in manifest.providers}
    judged = planner.plan(manifest, state, cases.observations_of(case), able, now=cases.NOW, options=options)
    manifest = replace(manifest, sandbox=given.pop("sandbox", False))
    return finish(judged, manifest, state, options=options, is_set=lambda _: True, **given)


def test_a_plan_keeps_its_options() -> None:
    options = PlanOptions(retry=frozenset({"b", "a"}), replace=frozenset({"c"}), allow_recreates=2)
    plan = finished({"voices": {"a": {}, "b": {}, "c": {}}}, options, allow_deletes=3, new_state=True, sandbox=True)
    assert (plan.retry, plan.replace) == (("a", "b"), ("c",))
    assert (plan.allow_deletes, plan.allow_recreates, plan.new_state, plan.sandbox) == (3, 2, True, True)


def test_its_own_notes_come_first() -> None:
    own = finished({"voices": {"a": {}}}, PlanOptions()).notes
    assert finished({"voices": {"a": {}}}, PlanOptions(), notes=("the clock is off",)).notes == (
        *own,
        "the clock is off",
    )


def test_a_threshold_stops_a_plan_and_not_a_destroy() -> None:
    assert len(finished(NOTHING_LEFT, PlanOptions()).stops) == 1
    assert finished(NOTHING_LEFT, PlanOptions(destroy=True)).stops == ()

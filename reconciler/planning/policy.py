"""Safety by number: a large change is asked for by its exact count. Shown with the plan; apply stops at it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.manifest import Safety
from reconciler.model.plan import Action, Change, Plan, Stop
from reconciler.model.state import State, Status

FEW = 10  # below this many recorded voices no percentage is asked about
_LOSING = {Action.DELETE, Action.REPLACE, Action.FORGET}


def check(
    plan: Plan,
    state: State,
    safety: Safety,
    *,
    allow_deletes: int | None = None,
    allow_recreates: int | None = None,
    declared: int,
) -> tuple[Stop, ...]:
    """The thresholds that the plan crosses without its number. `declared` is how many voices the manifest holds."""
    if plan.destroy:
        return ()
    return tuple(_deletes(plan, state, safety, allow_deletes, declared)) + tuple(
        _recreates(plan, state, safety, allow_recreates)
    )


def losing(plan: Plan, state: State) -> list[Change]:
    """The changes that take a recorded voice from its address; cleaning up after earlier replaces is none."""
    bound = set(state.current.values())
    return [c for c in plan.changes if c.action in _LOSING and c.record in bound]


def _deletes(plan: Plan, state: State, safety: Safety, allowed: int | None, declared: int) -> Iterator[Stop]:
    count = len(losing(plan, state))
    recorded = sum(state.records[k].status in {Status.READY, Status.RUNNING} for k in state.current.values())
    if count == 0 or allowed == count:
        return
    hint = f"If that is meant: --allow-deletes {count}"
    if declared == 0:
        yield Stop(what=f"the manifest declares no voice, and the state holds {len(state.current)}", hint=hint)
    elif recorded >= FEW and 100 * count > safety.max_delete_percent * recorded:
        yield Stop(
            what=(
                f"{count} of {recorded} recorded voices would be deleted, replaced or forgotten, "
                f"over {safety.max_delete_percent:g} %"
            ),
            hint=hint,
        )


def _recreates(plan: Plan, state: State, safety: Safety, allowed: int | None) -> Iterator[Stop]:
    gone = sum(c.gone for c in plan.changes)
    recorded = sum(state.records[k].status in {Status.READY, Status.RUNNING} for k in state.current.values())
    if recorded >= FEW and 100 * gone > safety.max_recreate_percent * recorded and allowed != gone:
        yield Stop(
            what=(
                f"{gone} of {recorded} recorded voices are gone and would be bought again, "
                f"over {safety.max_recreate_percent:g} %"
            ),
            hint=f"If they are truly gone: --allow-recreates {gone}",
        )

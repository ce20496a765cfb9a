"""Safety thresholds for large changes, and the rules for saved plans.

Apply stops at a change that is larger than a threshold, unless the user gives its exact count. A saved plan runs only
as reviewed, only on the state that it was made for, and only once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.errors import PlanError, PlanSpent, PlanStale, PolicyDenied, SafetyStop
from reconciler.hints import NO_HINT, hint, way
from reconciler.model.manifest import Safety, Voice
from reconciler.model.method import Origin
from reconciler.model.plan import Action, Change, DriftKind, Plan, Stop
from reconciler.model.planfile import MAKE_ANOTHER
from reconciler.model.state import State, Status
from reconciler.model.variables import unset
from reconciler.planning.change import as_blocked

FEW = 10  # percentages do not apply below this many recorded voices
_REMOVING = {Action.DELETE, Action.REPLACE, Action.FORGET}


def check(
    changes: Sequence[Change],
    state: State,
    safety: Safety,
    *,
    allow_deletes: int | None = None,
    declared: int,
) -> tuple[Stop, ...]:
    """The thresholds that these changes exceed without the exact count. `declared`: voices in the manifest."""
    return tuple(_delete_stops(changes, state, safety, allow_deletes, declared))


def block_mass_recreates(
    plan: Plan, state: State, safety: Safety, *, allow_recreates: int | None = None
) -> tuple[Change, ...]:
    """The changes of the plan. If too many voices are gone, their recreation is blocked: the cloud's list may be wrong.

    The hint says the count that allows it. The other changes are not affected.
    """
    gone = [change for change in plan.changes if change.gone]
    recorded = _recorded(state) if gone else 0
    over = recorded >= FEW and 100 * len(gone) > safety.max_recreate_percent * recorded
    if not over or allow_recreates in {len(gone), _gone(plan, state)}:
        return plan.changes
    leave = all(change.action is Action.FORGET for change in gone)
    what = "would leave the state" if leave else "would be created and paid again"
    reason = (
        f"gone: {len(gone)} of {recorded} recorded voices {what}, and the limit is {safety.max_recreate_percent:g} %"
    )
    ways = hint(way("If they are really deleted", "--allow-recreates", len(gone)))
    return tuple(as_blocked(c, reason, ways, key=None) if c.gone else c for c in plan.changes)


def block_missing_keys(
    changes: Sequence[Change], voices: Mapping[str, Voice], is_set: Callable[[str], bool]
) -> tuple[Change, ...]:
    """The changes. A creation whose entry has its own API key is blocked if that key is not set."""

    def block_if_missing(change: Change) -> Change:
        voice = voices.get(change.address)
        name = voice.inputs.get("api_key_env") if voice is not None else None
        if change.action not in _BUYS or change.made is not None or voice is None or name is None or is_set(name):
            return change
        why, export = unset("api_key_env", name, example=f"{voice.body.variables}_API_KEY")
        return as_blocked(change, f"no credentials: {why.rstrip('.')}", hint(export), key=None, approval_digest=None)

    return tuple(map(block_if_missing, changes))


def removing(changes: Sequence[Change], state: State) -> list[Change]:
    """The changes that take a recorded voice from its address, and that the user has not approved yet.

    Deletions after earlier replaces do not count, nor does a replace that an interrupted run began.
    """
    taken = [c for c in changes if c.action in _REMOVING]
    if not taken:
        return []
    voices = {key for key in state.current.values() if state.records[key].status is not Status.FAILED}
    losses = [c for c in taken if c.record in voices]
    return [c for c in losses if c.action is not Action.REPLACE or not _was_begun(c, state)]


def _was_begun(replacing: Change, state: State) -> bool:
    """Whether an earlier run began this replace. A candidate was made beside the voice, and replaces nothing before."""
    begun = state.records.get(replacing.key or "")
    return begun is not None and begun.status is not Status.CANDIDATE


def _delete_stops(
    changes: Sequence[Change], state: State, safety: Safety, allowed: int | None, declared: int
) -> Iterator[Stop]:
    count = len(removing(changes, state))
    if count == 0 or allowed == count:
        return
    recorded = _recorded(state)
    meant = hint(way("If you want that", "--allow-deletes", count))
    if declared == 0:
        yield Stop(what=f"the manifest declares no voice, and the state holds {len(state.current)}", hint=meant)
    elif recorded >= FEW and 100 * count > safety.max_delete_percent * recorded:
        yield Stop(
            what=(
                f"{count} of {recorded} recorded voices would be deleted, replaced or forgotten, "
                f"and the limit is {safety.max_delete_percent:g} %"
            ),
            hint=meant,
        )


def refusal(stops: Sequence[Stop], *, denied: bool = False) -> PlanError:
    """The error of an apply whose plan has these stops. `denied`: some of them are of rules and limits."""
    what = "; ".join(stop.what for stop in stops)
    if denied:
        return PolicyDenied(what, sum((stop.hint for stop in stops), NO_HINT))
    headline = next((stop.headline for stop in stops if stop.headline), "")
    what = f"{what[:1].upper()}{what[1:]}." if headline else what
    return SafetyStop(what, sum((stop.hint for stop in stops), NO_HINT), summary=headline)


def _recorded(state: State) -> int:
    """The number of voices that percentages refer to."""
    return sum(state.records[key].status in {Status.READY, Status.RUNNING} for key in state.current.values())


def _gone(plan: Plan, state: State) -> int:
    """How many voices the plan found gone. The user may confirm an account with the same number."""
    gone = [state.at(found.address) for found in plan.drift if found.kind is DriftKind.GONE]
    return sum(record is not None and record.origin is not Origin.OFFICIAL for record in gone)


def check_fresh(approved: Plan, state: State, *, manifest: str) -> State:
    """The state that the saved plan may be applied to. Raises PlanSpent or PlanStale if there is none."""
    if approved.manifest != manifest:
        raise PlanStale(f"The plan was made for {approved.manifest}, but this run uses {manifest}.", MAKE_ANOTHER)
    if state.applied == approved.plan_id:
        raise PlanSpent(
            f"Plan {approved.plan_id} was applied before. A saved plan can be applied only once.", MAKE_ANOTHER
        )
    if state.serial == 0 and not state.records and approved.serial == 0:
        return state.with_changes(
            lineage=approved.lineage
        )  # nothing was applied yet: the plan's lineage becomes the state's
    if state.lineage != approved.lineage:
        raise PlanStale("The plan was made for another state: the lineages differ.", MAKE_ANOTHER)
    if state.applying == approved.plan_id:
        return state  # a run of this plan was interrupted: it continues
    if state.serial != approved.serial:
        raise PlanStale(
            f"The plan was made at serial {approved.serial} of the state. The state is at serial {state.serial} now.",
            MAKE_ANOTHER,
        )
    return state


def restrict_to(fresh: Plan, approved: Plan, *, resumed: bool) -> Plan:
    """The fresh plan, restricted to the changes of the saved plan, with the saved plan's id.

    The clouds are read again, so that no change depends on old observations; but only reviewed changes run. Blocked
    changes stay in the plan: without them, an incomplete apply would look complete.
    Raises PlanStale if a reviewed change is no longer what the manifest or the clouds need.
    """
    moved = {(c.source, c.address, c.record): c for c in approved.changes if c.action is Action.MOVE}
    others = [c for c in approved.changes if c.action is not Action.MOVE]
    by_key = {key: c for c in others for key in (c.key, c.record) if key is not None}
    reviewed = [
        moved.get((c.source, c.address, c.record))
        if c.action is Action.MOVE
        else by_key.get(c.key or "") or by_key.get(c.record or "")
        for c in fresh.changes
    ]
    kept = [c for r, c in zip(reviewed, fresh.changes, strict=True) if _allows(r, c)]
    ready = {key for c in kept for key in (c.key, c.record) if key is not None}
    unread = {
        (c.address, c.identity) for c in fresh.changes if c.action is Action.BLOCKED and c.approval_digest is None
    }
    wanted_now = {c.address: c for c in fresh.changes if c.action in _BUYS}
    for change in approved.changes:
        if change.action is Action.BLOCKED or change.key in ready or change.record in ready:
            continue
        if (change.address, change.identity) in unread:
            continue  # its account can't be read now, so it does not run
        # A continued run has done some changes already: refuse only those that it would now do differently.
        now = wanted_now.get(change.address)
        if not resumed or (now is not None and now.approval_digest != change.approval_digest):
            raise PlanStale(
                f"{change.address}: the reviewed change ({change.action}) does not fit any more, "
                "because the manifest, the value of a variable or the cloud changed after the review.",
                MAKE_ANOTHER,
            )
    blocked = {change.address for change in approved.changes if change.action is Action.BLOCKED}
    changes = [_restricted(r, c, blocked) for r, c in zip(reviewed, fresh.changes, strict=True)]
    shown = tuple(change for change in changes if change is not None)
    return replace(fresh, plan_id=approved.plan_id, changes=shown, stops=approved.stops, findings=approved.findings)


def does_nothing(plan: Plan) -> bool:
    """Whether all changes are blocked. Then an apply changes nothing, and the plan may be applied again."""
    return bool(plan.changes) and all(change.action is Action.BLOCKED for change in plan.changes)


def _restricted(reviewed: Change | None, change: Change, blocked: Collection[str]) -> Change | None:
    """The change as apply runs it; None if it was not reviewed. `blocked`: addresses blocked in the saved plan."""
    if change.action is Action.BLOCKED or _allows(reviewed, change):
        return change
    if change.address not in blocked or (reviewed is not None and reviewed.action is not Action.BLOCKED):
        return None
    reason = f"it was blocked in the saved plan; the change that is possible now ({change.action}) was not reviewed"
    return as_blocked(change, reason, hint(way("Review it", "plan --out FILE")), key=None, found=None)


def _allows(reviewed: Change | None, change: Change) -> bool:
    """Whether the reviewed change allows this one."""
    if reviewed is None or change.action not in _MAY_BECOME[reviewed.action]:
        return False
    if change.action is Action.UPDATE and change.fields != reviewed.fields:
        return False
    if change.action in _BUYS and change.key != reviewed.key:
        return False  # the reviewed voice was made already: this would be another one
    if change.action is not Action.BLOCKED and change.candidate != reviewed.candidate:
        return False  # the reviewed voice was to wait beside the current one, and this one would become current
    if change.activates and not reviewed.activates:
        return False  # a paid call that was not reviewed
    if change.action is Action.REPLACE and reviewed.abandons and not change.abandons:
        return False  # the reviewed plan kept the old voice, and this one would delete it
    if change.approval_digest is not None and change.approval_digest != reviewed.approval_digest:
        return False  # for example another account or another deletion order than reviewed
    return change.identity is None or change.identity == reviewed.identity


_BUYS = {Action.CREATE, Action.CLONE, Action.REPLACE}
_ADOPTS = {Action.RECOVER, Action.RESUME, Action.BLOCKED}
_CREATES = {Action.CREATE, Action.CLONE} | _ADOPTS
_MAY_BECOME = {  # what a reviewed action may become after an interruption, without paying or deleting more
    Action.CREATE: _CREATES,
    Action.CLONE: _CREATES,
    Action.REPLACE: _CREATES | {Action.REPLACE, Action.DELETE, Action.FORGET},
    Action.MOVE: {Action.MOVE},
    Action.UPDATE: {Action.UPDATE, Action.BLOCKED},
    Action.DELETE: {Action.DELETE, Action.FORGET, Action.BLOCKED},
    Action.RECOVER: _ADOPTS,
    Action.RESUME: _ADOPTS,
    Action.FORGET: {Action.FORGET, Action.BLOCKED},
    Action.BLOCKED: {Action.BLOCKED},
    Action.NO_OP: set[Action](),
}

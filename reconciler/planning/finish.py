"""Finishes a plan: applies the safety thresholds, checks API keys and stores the user's options in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

from reconciler.model.manifest import Manifest
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.planning import policy, scope, shared_place
from reconciler.planning.plan_context import PlanOptions


def finish(
    plan: Plan,
    manifest: Manifest,
    state: State,
    *,
    options: PlanOptions,
    is_set: Callable[[str], bool],
    allow_deletes: int | None = None,
    new_state: bool = False,
    shared: bool = False,
    notes: tuple[str, ...] = (),
) -> Plan:
    """The plan as it is shown, saved and applied. It stores the user's options, so that apply uses the same ones.

    `shared`: other manifests might use the same state by mistake. `notes` are added after its own. `is_set` says
    whether an environment variable is set.
    """
    without_mass_recreates = policy.block_mass_recreates(
        plan, state, manifest.safety, allow_recreates=options.allow_recreates
    )
    covered = scope.covered(options.scope, without_mass_recreates, state, manifest.voices)
    left_out = len(without_mass_recreates) - len(covered)
    changes = policy.block_missing_keys(covered, manifest.voices, is_set)
    declared = len(manifest.voices)
    stops = policy.check(changes, state, manifest.safety, allow_deletes=allow_deletes, declared=declared)
    stops = (
        () if plan.destroy or plan.refresh_only else stops
    )  # a destroy is the request itself; a refresh deletes nothing
    others = shared_place.others_stop(changes, state, manifest.voices) if shared else None
    decides = options.accept or options.reject  # one voice was named anyway
    restricted = _restricted(plan, state, manifest, options.scope) if options.scope else plan
    return replace(
        restricted,
        changes=changes,
        notes=(*plan.notes, *notes, *((scope.note(options.scope, left_out),) if options.scope and not decides else ())),
        stops=stops if others is None else (others, *stops),
        sandbox=manifest.sandbox,
        retry=tuple(sorted(options.retry)),
        replace=tuple(sorted(options.replace)),
        new_state=new_state,
        allow_deletes=allow_deletes,
        allow_recreates=options.allow_recreates,
        targets=options.scope.targets,
        excludes=options.scope.excludes,
        left_out=left_out,
    )


def _restricted(plan: Plan, state: State, manifest: Manifest, asked: scope.Scope) -> Plan:
    """The plan with an id of its own, and with the counts and the drift of the addresses in scope only."""
    voices = {} if plan.destroy else manifest.voices
    changed = {change.address for change in plan.changes}  # also those that are left out
    inside = scope.count(asked, (address for address in voices if address not in changed), state, manifest.voices)
    shown = {each.address for each in plan.drift if scope.count(asked, (each.address,), state, manifest.voices)}
    text = json.dumps([plan.plan_id, asked.targets, asked.excludes])
    return replace(
        plan,
        plan_id=hashlib.sha256(text.encode()).hexdigest()[:16],
        unchanged=inside,
        drift=tuple(each for each in plan.drift if each.address in shown),
    )

"""Finishes a plan: applies the safety thresholds, checks API keys and stores the user's options in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.model.manifest import Manifest
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.planning import policy, shared_place
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
    changes = policy.block_missing_keys(without_mass_recreates, manifest.voices, is_set)
    declared = len(manifest.voices)
    stops = policy.check(changes, state, manifest.safety, allow_deletes=allow_deletes, declared=declared)
    stops = () if plan.destroy else stops  # a destroy is the request itself
    others = shared_place.others_stop(changes, state, manifest.voices) if shared else None
    return replace(
        plan,
        changes=changes,
        notes=(*plan.notes, *notes),
        stops=stops if others is None else (others, *stops),
        sandbox=manifest.sandbox,
        retry=tuple(sorted(options.retry)),
        replace=tuple(sorted(options.replace)),
        new_state=new_state,
        allow_deletes=allow_deletes,
        allow_recreates=options.allow_recreates,
    )

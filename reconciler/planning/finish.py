"""The one place that finishes a plan: what the verdicts leave to their number, to keys and to a person's word."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.model.manifest import Manifest
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.planning import policy
from reconciler.planning.plan_context import PlanOptions


def finish(
    judged: Plan,
    manifest: Manifest,
    state: State,
    *,
    options: PlanOptions,
    is_set: Callable[[str], bool],
    allow_deletes: int | None = None,
    new_state: bool = False,
    notes: tuple[str, ...] = (),
) -> Plan:
    """The plan as it is shown, saved and applied. `notes` come after its own; `is_set` knows the environment.

    It remembers what was asked for, so that apply asks the same.
    """
    block_mass_recreates = policy.block_mass_recreates(
        judged, state, manifest.safety, allow_recreates=options.allow_recreates
    )
    changes = policy.unkeyed(block_mass_recreates, manifest.voices, is_set)
    declared = len(manifest.voices)
    stops = policy.check(changes, state, manifest.safety, allow_deletes=allow_deletes, declared=declared)
    return judged.model_copy(
        update={
            "changes": changes,
            "notes": (*judged.notes, *notes),
            "stops": () if judged.destroy else stops,  # a destroy is the request itself
            "sandbox": manifest.sandbox,
            "retry": tuple(sorted(options.retry)),
            "replace": tuple(sorted(options.replace)),
            "new_state": new_state,
            "allow_deletes": allow_deletes,
            "allow_recreates": options.allow_recreates,
        }
    )

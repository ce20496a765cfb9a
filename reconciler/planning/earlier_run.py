"""Words for what another run has begun. It was interrupted, or it is under way, if it holds the lock of the state."""

from __future__ import annotations

from reconciler.planning.plan_context import PlanOptions


def not_called(options: PlanOptions) -> str:
    """An intent, whose call was not sent."""
    if options.under_way:
        return f"the run of {options.under_way} is under way, and has not made this call yet"
    return "an earlier run was interrupted before this call"


def created(options: PlanOptions) -> str:
    """A voice that was created, and is not in the state as ready."""
    if options.under_way:
        return f"the run of {options.under_way} is under way, and has created the voice"
    return "an earlier run was interrupted, but it created the voice"


def began(options: PlanOptions, status: str) -> str:
    """A new voice in place of another. `status`: how far it is."""
    if options.under_way:
        return f"the run of {options.under_way} is under way and began the new voice, and {status}"
    return f"an interrupted run began the new voice, and {status}"


def not_needed(options: PlanOptions) -> str:
    """A creation whose entry has changed since, or is gone."""
    if options.under_way:
        return f"begun by the run of {options.under_way}, which is under way; not declared so here"
    return "started by an interrupted run, no longer needed"

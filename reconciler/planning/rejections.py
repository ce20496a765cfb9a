"""Blocks the purchase of inputs whose candidate the user rejected: only `--retry` or `--replace` pays for them."""

from __future__ import annotations

from reconciler.hints import hint, way
from reconciler.model.manifest import Voice
from reconciler.model.plan import Change
from reconciler.model.state import Record, Status
from reconciler.planning.blocked_change import blocked
from reconciler.planning.diff import difference
from reconciler.planning.plan_context import PlanContext
from reconciler.planning.replacement import Replacement


def blocked_by_rejection(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """The blocked change of an entry that declares rejected inputs; None if it declares others, or may pay again."""
    if voice.address in context.options.retry | context.options.replace:
        return None
    rejected = [r for r in context.rejected.get(voice.address, ()) if not difference(voice, r).identity]
    if all(_was_paid_again(context, record) for record in rejected):
        return None
    ways = hint("Declare other inputs", way("or, to pay for the same again", "--retry", voice.address))
    why = "a voice of these inputs was rejected, so it is not paid for again"
    return blocked(voice, replacement.record, why, ways, found=replacement.found, fields=replacement.fields)


def _was_paid_again(context: PlanContext, rejected: Record) -> bool:
    """Whether the user took the rejection back: a later voice of the same inputs was made, and is not rejected."""
    return any(
        record.generation > rejected.generation
        and record.digest == rejected.digest
        and not record.rejected
        and record.status not in (Status.FAILED, Status.LAPSED)
        for record in context.state.by_address.get(rejected.address, ())
    )

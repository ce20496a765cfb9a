"""Blocks a creation if the account already has a marked voice for it that is not in the state.

Such a voice is adopted only if the user imports it: a cloud may list the tasks of voices that were deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.hints import Way, command, hint, operands, way
from reconciler.model.manifest import Voice
from reconciler.model.observed import TaskStatus
from reconciler.model.plan import Action, Change
from reconciler.planning.blocked_change import blocked
from reconciler.planning.marked_voices import Marked
from reconciler.planning.plan_context import PlanContext
from reconciler.planning.replacement import Replacement

_SHOWN = 3  # voices in a hint


def unrecorded_addresses(context: PlanContext, changes: Iterable[Change]) -> tuple[str, ...]:
    """The blocked addresses that are not in the state, although the account has a voice for them."""
    blocked_addresses = (
        c.address for c in changes if c.action is Action.BLOCKED and c.address not in context.state.current
    )
    voices = (context.manifest.voices[address] for address in blocked_addresses if address in context.manifest.voices)
    return tuple(v.address for v in voices if blocked_by_unrecorded(context, v, Replacement("declared")) is not None)


def blocked_by_unrecorded(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """The change that blocks the creation; None if there is no such voice, or if `--retry` asks for another one."""
    if not context.marked.all:
        return None
    if voice.address not in context.options.retry:
        ours = _newest_first(m for m in _find_fitting(context, voice) if context.is_own_lineage(m.marker.lineage))
        existing = [m for m in ours if m.remote.status is not TaskStatus.FAILED]
        if existing:
            return _blocked_by_voice(context, voice, replacement, existing)
        if ours:
            return _blocked_by_failed_task(voice, replacement, ours[0])
    return _blocked_by_lost_state(context, voice, replacement)


def _find_fitting(context: PlanContext, voice: Voice) -> list[Marked]:
    exact = context.marked.exact(voice)
    if exact:
        return exact
    known = context.state.highest.get(voice.address, 0)
    later = [m for m in context.marked.named(voice) if m.marker.generation > known]
    found = [*context.marked.of_the_same_inputs(voice), *later, *_fitting_by_cut_address(context, voice)]
    # A failed task of another entry or of other inputs blocks nothing.
    return [m for m in found if m.remote.status is not TaskStatus.FAILED]


def _fitting_by_cut_address(context: PlanContext, voice: Voice) -> list[Marked]:
    """A voice whose marker was cut, matched by name alone: only if it is the only one and fits only this new entry."""
    found = [m for m in context.marked.cut(voice) if context.is_own_lineage(m.marker.lineage)]
    if len({m.remote.external_task_id for m in found}) != 1:
        return []
    others = (v for v in context.manifest.voices.values() if v.address != voice.address)
    new = (v for v in others if v.provider == voice.provider and v.address not in context.state.current)
    return [] if any(context.marked.cut(v) for v in new) else found


def _newest_first(found: Iterable[Marked]) -> list[Marked]:
    """Each voice once, the highest generation first."""
    by_key = {m.remote.external_task_id: m for m in found}
    return sorted(by_key.values(), key=lambda m: m.marker.generation, reverse=True)


def _blocked_by_voice(context: PlanContext, voice: Voice, replacement: Replacement, found: Sequence[Marked]) -> Change:
    newest = found[0]
    running = [m for m in found if m.remote.status is TaskStatus.RUNNING]
    address = voice.address
    again = way("to pay for another", "--retry", address)
    if address in context.options.replace:
        again = way("to pay for another", "--replace", address, "--retry", address)
    if running:
        reason = f"a task that made or makes a voice for {_made_for(running[0])} runs, and this state does not know it"
        return blocked(
            voice,
            replacement.record,
            reason,
            hint("Plan again when it has ended", again),
            found=replacement.found,
            cause="tasks that made or make voices for them run, and this state does not know them",
        )
    ids = [m.remote.voice_id for m in found[:_SHOWN] if m.remote.voice_id]
    first = (command("state rm", address),) if replacement.old_voice_exists else ()
    ways = [Way("If it is this one", (*first, command("import", *operands(address, voice_id)))) for voice_id in ids]
    reason = (
        f"the account holds the voice {newest.remote.voice_id}, made for {_made_for(newest)}, "
        "and this state does not know it"
    )
    cause = "the account holds voices for them that this state does not know"
    return blocked(voice, replacement.record, reason, hint(*ways, again), found=replacement.found, cause=cause)


def _made_for(marked: Marked) -> str:
    rest = "..." if marked.marker.cut else ""
    return f"{marked.marker.address}{rest} (generation {marked.marker.generation})"


def _blocked_by_failed_task(voice: Voice, replacement: Replacement, failed: Marked) -> Change:
    why = failed.remote.message or "the cloud gave no reason"
    ways = hint("Change its inputs", way("or, to pay for the same again", "--retry", voice.address))
    return blocked(
        voice,
        replacement.record,
        f"its creation failed in a run whose state is lost: {why}",
        ways,
        found=replacement.found,
    )


def _blocked_by_lost_state(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """The blocked change if another lineage made this voice; in an empty state, a voice of the same name counts too.

    A state with records may be new: an apply that left this entry blocked has begun it. So it proves nothing here.
    """
    found = [*context.marked.exact(voice), *context.marked.of_the_same_inputs(voice)]
    if not context.state.records:
        found += [*context.marked.named(voice), *context.marked.cut(voice)]
    others = [m for m in found if m.remote.status is not TaskStatus.FAILED]
    lineages = {m.marker.lineage for m in others if not context.is_own_lineage(m.marker.lineage)} - set(
        context.state.foreign_lineages
    )
    if not lineages:
        return None
    first = min(lineages)
    return blocked(
        voice,
        replacement.record,
        f"the account already holds this voice, made under another state (lineage {', '.join(sorted(lineages))}): "
        "was the state lost?",
        hint(
            way("If it is yours", "state rebuild --lineage", first),
            way("if it belongs to another project", "state rebuild --new-lineage"),
        ),
        found=replacement.found,
    )

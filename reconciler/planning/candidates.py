"""Plans `lifecycle: {replace: review}`: a new voice is made beside the current one, and the user accepts or rejects it.

Such a voice is a candidate. No plan makes it current or deletes it, except as the user says: by `accept` or `reject`,
by a destroy, by removing the entry, or by `--replace`, which pays for a third voice. If the entry no longer asks for a
review, its next apply takes the candidate, since the entry declares it and it is paid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator

from reconciler.hints import hint, way
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action, Candidate, Change
from reconciler.model.state import SETTLING, Record, Status
from reconciler.planning import consents
from reconciler.planning.blocked_change import blocked, how_to_allow, resolve_hint
from reconciler.planning.change import make_change
from reconciler.planning.diff import SAME, Difference, difference, fields, shown_inputs
from reconciler.planning.difference_text import differ
from reconciler.planning.outcome import Exists, Failed, Gone, NeedsUser, NotKnown, NotObservable, outcome
from reconciler.planning.plan_context import PlanContext, as_recorded
from reconciler.planning.replacement import (
    FOR_REVIEW,
    SUPERSEDES,
    Replacement,
    adoption_change,
    how_to_decide,
    how_to_reject,
)
from reconciler.planning.updates import labels_update, update_change, wants_activation

REJECTED = "its candidate is rejected"
UNKNOWN = "it is unknown whether an interrupted creation made its candidate"
LOST = "its candidate was deleted outside of voicectl"


def is_reviewed(voice: Voice) -> bool:
    """Whether a new voice of this entry is made for review."""
    return voice.lifecycle.replace == "review" and voice.origin is Origin.MADE


def waits_for_decision(context: PlanContext, voice: Voice) -> bool:
    """Whether the entry's declared inputs have a candidate that only the user can make current."""
    waiting = existing(context, voice.address)
    return waiting is not None and is_reviewed(voice) and not difference(voice, waiting).identity


def change_beside(context: PlanContext, voice: Voice, record: Record, changed: Difference) -> Change | None:
    """What the candidate, or the creation of one, means for an entry that has a voice. None: it decides nothing.

    `record` is the current record. The creation of a candidate goes on whatever the entry declares meanwhile, because
    it is paid.
    """
    address, options = voice.address, context.options
    if address in options.accept:
        return _accepted(context, voice, record)
    waiting = existing(context, address)
    begun = _creation_under_way(context, voice, waiting)
    if waiting is not None and (begun is not None or (address in options.replace and is_reviewed(voice))):
        problem = _why_it_stays(context, voice, record, waiting)
        if problem is not None:
            return problem
    if begun is not None:
        return _change_of_creation(context, voice, record, begun, supersedes=waiting)
    if waiting is None or address in options.replace or not changed.identity or voice.origin is not Origin.MADE:
        return None
    if difference(voice, waiting).identity:
        return None if _was_refused(context, voice, record) else _third(voice, record, waiting, changed)
    if is_reviewed(voice):
        return None
    if voice.lifecycle.prevent_destroy:
        why = f"prevent_destroy: {differ(changed.identity)}, and its candidate would replace the voice that it has"
        return blocked(voice, record, why, how_to_allow(context.manifest), fields=changed.all)
    replacement = Replacement(differ(changed.identity), record, old_voice_exists=True, fields=changed.all)
    return _taken(context, voice, replacement, waiting)


def _why_it_stays(context: PlanContext, voice: Voice, record: Record, candidate: Record) -> Change | None:
    """Blocks what would replace a candidate whose account can't be used now, so that it can't be deleted."""
    if candidate.provider not in context.manifest.providers:
        why = f"its candidate is at the provider {candidate.provider}, which the manifest no longer declares"
        leave = way("or, to leave the candidate there", "state rm", candidate.external_task_id)
        return blocked(voice, record, why, hint(f"Declare {candidate.provider} again", leave))
    problem = context.account_problems.get(candidate.provider)
    return blocked(voice, record, f"its candidate can't be replaced: {problem.why}", problem.hint) if problem else None


def change_while_waiting(context: PlanContext, voice: Voice, record: Record, changed: Difference) -> Change | None:
    """The change of an entry whose candidate waits: of labels, or the first use of a candidate after a kill."""
    kept, waiting = labels_update(voice, record, changed), existing(context, voice.address)
    if kept is not None or waiting is None:
        return kept
    found = update_change(context, voice, waiting, SAME)
    reason = f"its candidate: {found.reason}" if found is not None else ""
    return dataclasses.replace(found, reason=reason, cause=reason) if found is not None else None


def taken_or_asked(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """The candidate of the declared inputs, for an entry without a voice: it is not paid for again."""
    waiting = existing(context, voice.address)
    if waiting is None or replacement.for_review or difference(voice, waiting).identity:
        return None
    if voice.address in context.options.accept or not is_reviewed(voice):
        return _taken(context, voice, replacement, waiting)
    why = f"a candidate of the declared inputs waits for review{_named(waiting)}"
    return blocked(voice, replacement.record, why, how_to_decide(voice.address), found=replacement.found)


def is_lost(context: PlanContext, voice: Voice) -> bool:
    """Whether the declared inputs had a candidate that no longer exists in the cloud."""
    waiting = context.candidates.get(voice.address)
    return waiting is not None and _is_gone(context, waiting) and not difference(voice, waiting).identity


def refusal(context: PlanContext, voice: Voice, record: Record | None) -> Change | None:
    """Blocks an `accept` or `reject` of an address that has no candidate."""
    address, options = voice.address, context.options
    if address not in options.accept | options.reject or address in context.candidates:
        return None
    pending = context.pending.get(address, ())
    begun = next((r for r in pending if r.for_review and r.status in SETTLING), None)
    if begun is None:
        return blocked(voice, record, "it has no candidate", hint(way("To see what waits", "plan")))
    if address in options.reject:
        return None
    if isinstance(outcome(context, begun), NeedsUser):
        ways = resolve_hint(begun, which=context.name_to_resolve(begun))
        return blocked(voice, record, begun.message or UNKNOWN, ways, about=begun)
    finish = hint(way("To finish it", "apply"))
    return blocked(voice, record, "its candidate is not ready, so it can't be accepted yet", finish)


def why_it_ends(context: PlanContext, record: Record) -> str:
    """Why this candidate does not stay; empty: it stays."""
    voice = context.manifest.voices.get(record.address)
    if context.options.destroy:
        return "to be destroyed"
    if record.address in context.options.reject:
        return REJECTED
    if voice is None:
        return "a candidate of an entry that is no longer declared"
    if _consent_deletes(context, voice):
        return f"a candidate; {consents.reason(voice)}"
    return LOST if _is_gone(context, record) else ""


def waiting(context: PlanContext, changes: Collection[Change]) -> Iterator[Candidate]:
    """The candidates that still wait after these changes."""
    ended = {change.key for change in changes if change.action is not Action.UPDATE}
    ended |= {change.record for change in changes if change.action in (Action.DELETE, Action.FORGET)}
    for address, record in sorted(context.candidates.items()):
        if record.external_task_id in ended or record.provider in context.account_problems:
            continue
        voice, current = context.manifest.voices.get(address), context.state.at(address)
        before, after = shown_inputs(current) if current is not None else {}, shown_inputs(record)
        declared = voice is not None and not difference(voice, record).identity
        yield Candidate(
            address=address,
            provider=record.provider,
            key=record.external_task_id,
            current_key=context.state.current.get(address),
            voice_id=record.voice_id,
            current_voice_id=current.voice_id if current is not None else None,
            declared=declared,
            before=before,
            after=after,
            fields=fields(current.sent if current is not None else {}, record.sent),
            hint=how_to_decide(address) if declared else how_to_reject(address),
        )


def existing(context: PlanContext, address: str) -> Record | None:
    """The candidate of the address, unless it no longer exists in the cloud."""
    record = context.candidates.get(address)
    return record if record is not None and not _is_gone(context, record) else None


def _is_gone(context: PlanContext, record: Record) -> bool:
    return isinstance(outcome(context, record), Gone)


def _consent_deletes(context: PlanContext, voice: Voice) -> bool:
    ended = consents.has_expired(voice, context.now) and voice.address not in context.options.accept
    return ended and voice.consent is not None and voice.consent.when_expired != "error"


def goes_on(context: PlanContext, record: Record) -> bool:
    """Whether this is a creation for review that an earlier run began, and that made a voice or may have made one."""
    begun = record.for_review and record.status in SETTLING
    return begun and isinstance(outcome(context, record), Exists | NotKnown | NotObservable | NeedsUser)


def _creation_under_way(context: PlanContext, voice: Voice, waiting: Record | None) -> Record | None:
    """The creation for review that an earlier run began.

    With the declared inputs, and no candidate to replace, it goes on as every pending creation does.
    """
    for record in context.pending.get(voice.address, ()):
        if goes_on(context, record) and (waiting is not None or difference(voice, record).identity):
            return record
    return None


def _change_of_creation(
    context: PlanContext, voice: Voice, current: Record, begun: Record, *, supersedes: Record | None
) -> Change:
    """The change that takes in what an earlier run began to make for review, with the inputs that it had then."""
    match outcome(context, begun):
        case Exists(remote):
            return _adopted_as_candidate(begun, remote, supersedes)
        case NotObservable() if begun.named:
            return _adopted_as_candidate(begun, as_recorded(begun), supersedes)
        case Failed() | NotObservable() | NeedsUser():
            why = begun.message or UNKNOWN
            ways = resolve_hint(begun, which=context.name_to_resolve(begun))
            return blocked(voice, current, why, ways, about=begun)
        case other:
            why = other.why if isinstance(other, NotKnown) else "its outcome is not known"
            return blocked(voice, current, f"could not determine what became of its candidate: {why}", about=begun)


def _adopted_as_candidate(begun: Record, remote: RemoteVoice, supersedes: Record | None) -> Change:
    running = remote.status is TaskStatus.RUNNING
    reason = f"{FOR_REVIEW}; {'it is still being made' if running else 'an earlier run made it'}"
    if supersedes is not None:
        reason = f"{reason}; {SUPERSEDES}"
    return make_change(
        begun,
        Action.RESUME if running else Action.RECOVER,
        reason,
        record=None,
        before=shown_inputs(begun, remote),
        key=begun.external_task_id,
        generation=begun.generation,
        made=remote,
        candidate=True,
        supersedes=supersedes.external_task_id if supersedes is not None else None,
    )


def _accepted(context: PlanContext, voice: Voice, record: Record) -> Change:
    """The replace by which the candidate becomes current."""
    waiting = context.candidates[voice.address]
    if difference(voice, waiting).identity:
        why = f"its entry declares other inputs than its candidate: {differ(difference(voice, waiting).identity)}"
        first = "Declare the inputs of the candidate first. With other inputs, the next apply would replace it again."
        return blocked(voice, record, why, first)
    if voice.lifecycle.prevent_destroy:
        why = "prevent_destroy: accepting its candidate would delete the voice that it has"
        return blocked(voice, record, why, how_to_allow(context.manifest))
    changed = difference(voice, record)
    replacement = Replacement("accepted", record, old_voice_exists=True, fields=changed.all)
    return _taken(context, voice, replacement, waiting)


def _taken(context: PlanContext, voice: Voice, replacement: Replacement, candidate: Record) -> Change:
    """The change by which the entry gets its candidate. Nothing is paid."""
    match outcome(context, candidate):
        case Exists(remote):
            made = remote
        case NotObservable():
            made = as_recorded(candidate)
        case NotKnown(why):
            reason = f"could not determine whether its candidate exists: {why}"
            return blocked(voice, replacement.record, reason, about=candidate)
        case Gone():
            return blocked(voice, replacement.record, "its candidate no longer exists in the cloud", about=candidate)
        case _:
            return blocked(voice, replacement.record, "its cloud reports that its candidate failed", about=candidate)
    pays = wants_activation(context, voice, candidate, made)
    return adoption_change(
        context,
        voice,
        replacement,
        made,
        key=candidate.external_task_id,
        generation=candidate.generation,
        extra_reason=f"its candidate becomes its voice{'' if pays else ', and nothing is paid'}",
    )


def _third(voice: Voice, record: Record, waiting: Record, changed: Difference) -> Change:
    """Asks before a third voice is paid for, while the second one waits."""
    why = f"{differ(changed.identity)}, and a candidate of other inputs waits{_named(waiting)}"
    pays = "pay for another voice, which replaces the " + ("candidate" if is_reviewed(voice) else "voice in use")
    reject, another = (
        way("To delete the candidate", "reject", voice.address),
        way(f"to {pays}", "--replace", voice.address),
    )
    return blocked(voice, record, why, hint(reject, another), fields=changed.all)


def _was_refused(context: PlanContext, voice: Voice, record: Record) -> bool:
    """Whether the declared inputs were asked for and their creation failed: then only `--retry` pays again."""
    same = [r for r in context.pending.get(voice.address, ()) if not difference(voice, r).identity]
    failed = [r for r in same if r.status is Status.FAILED and r.generation > record.generation and not r.key_was_used]
    return bool(same) and same == failed


def _named(candidate: Record) -> str:
    return f": {candidate.voice_id}" if candidate.voice_id else ""

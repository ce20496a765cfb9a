"""Plans `lifecycle: {replace: review}`: a new voice is made beside the current one, and the user accepts or rejects it.

Such a voice is a candidate. No plan makes it current or deletes it, except as the user says: by `accept` or `reject`,
by a destroy, by removing the entry, or by `--replace`, which pays for a third voice. If the entry no longer asks for a
review, its next apply takes the candidate, since the entry declares it and it is paid.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.hints import Hint, hint, way
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action, Candidate, Change
from reconciler.model.state import Record
from reconciler.planning import consents
from reconciler.planning.blocked_change import blocked, how_to_allow, resolve_hint
from reconciler.planning.change import make_change
from reconciler.planning.diff import Difference, difference, fields, shown_inputs
from reconciler.planning.difference_text import differ
from reconciler.planning.outcome import Exists, Failed, Gone, NeedsUser, NotKnown, NotObservable, outcome
from reconciler.planning.plan_context import PlanContext, as_recorded
from reconciler.planning.replacement import FOR_REVIEW, Replacement, adoption_change

REJECTED = "its candidate is rejected"


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
    begun = _creation_under_way(context, voice)
    if begun is not None:
        return _change_of_creation(context, voice, record, begun)
    waiting = existing(context, address)
    if waiting is None or address in options.replace or not changed.identity:
        return None
    if difference(voice, waiting).identity:
        return _third(voice, record, waiting, changed)
    return (
        None
        if is_reviewed(voice)
        else _taken(
            context,
            voice,
            Replacement(differ(changed.identity), record, old_voice_exists=True, fields=changed.all),
            waiting,
        )
    )


def taken_or_asked(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """The candidate of the declared inputs, for an entry without a voice: it is not paid for again."""
    waiting = existing(context, voice.address)
    if waiting is None or replacement.for_review or difference(voice, waiting).identity:
        return None
    if voice.address in context.options.accept or not is_reviewed(voice):
        return _taken(context, voice, replacement, waiting)
    why = f"its candidate {waiting.voice_id or ''} has the declared inputs, and waits for review".replace("  ", " ")
    return blocked(voice, replacement.record, why, _how_to_decide(voice.address), found=replacement.found)


def blocked_by_rejection(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """Blocks the purchase of inputs whose candidate the user rejected."""
    if voice.address in context.options.retry | context.options.replace:
        return None
    if all(difference(voice, record).identity for record in context.rejected.get(voice.address, ())):
        return None
    ways = hint("Declare other inputs", way("or, to pay for the same again", "--retry", voice.address))
    why = "a voice of these inputs was rejected, so it is not paid for again"
    return blocked(voice, replacement.record, why, ways, found=replacement.found, fields=replacement.fields)


def is_lost(context: PlanContext, voice: Voice) -> bool:
    """Whether the declared inputs had a candidate that no longer exists in the cloud."""
    waiting = context.candidates.get(voice.address)
    return waiting is not None and _is_gone(context, waiting) and not difference(voice, waiting).identity


def refusal(context: PlanContext, voice: Voice, record: Record | None) -> Change | None:
    """Blocks an `accept` or `reject` of an address that has no candidate."""
    address, options = voice.address, context.options
    if address not in options.accept | options.reject or address in context.candidates:
        return None
    begun = any(r.for_review for r in context.pending.get(address, ()))
    if begun and address in options.reject:
        return None
    if begun:
        finish = hint(way("To finish it", "apply"))
        return blocked(voice, record, "its candidate is not ready, so it can't be accepted yet", finish)
    return blocked(voice, record, "it has no candidate", hint(way("To see what waits", "plan")))


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
    return "its candidate was deleted outside of voicectl" if _is_gone(context, record) else ""


def waiting(context: PlanContext, changes: Collection[Change]) -> Iterator[Candidate]:
    """The candidates that still wait after these changes."""
    ended = {change.key for change in changes} | {change.record for change in changes if change.action in _ENDING}
    for address, record in sorted(context.candidates.items()):
        if record.external_task_id in ended or record.provider in context.account_problems:
            continue
        voice, current = context.manifest.voices.get(address), context.state.at(address)
        before, after = shown_inputs(current) if current is not None else {}, shown_inputs(record)
        yield Candidate(
            address=address,
            provider=record.provider,
            key=record.external_task_id,
            current_key=context.state.current.get(address),
            voice_id=record.voice_id,
            current_voice_id=current.voice_id if current is not None else None,
            declared=voice is not None and not difference(voice, record).identity,
            before=before,
            after=after,
            fields=fields(current.sent if current is not None else {}, record.sent),
        )


_ENDING = frozenset({Action.DELETE, Action.FORGET})


def existing(context: PlanContext, address: str) -> Record | None:
    """The candidate of the address, unless it no longer exists in the cloud."""
    record = context.candidates.get(address)
    return record if record is not None and not _is_gone(context, record) else None


def _is_gone(context: PlanContext, record: Record) -> bool:
    return isinstance(outcome(context, record), Gone)


def _consent_deletes(context: PlanContext, voice: Voice) -> bool:
    ended = consents.has_expired(voice, context.now)
    return ended and voice.consent is not None and voice.consent.when_expired != "error"


def _creation_under_way(context: PlanContext, voice: Voice) -> Record | None:
    """A creation for review that an earlier run began, and that made a voice or may have made one.

    With the declared inputs it is no matter of this module: it goes on as every pending creation does.
    """
    for record in context.pending.get(voice.address, ()):
        ours = record.for_review and difference(voice, record).identity
        if ours and isinstance(outcome(context, record), Exists | NotKnown | NotObservable | NeedsUser):
            return record
    return None


def _change_of_creation(context: PlanContext, voice: Voice, current: Record, begun: Record) -> Change:
    """The change that takes in what an earlier run began to make for review, with inputs that the entry had then."""
    match outcome(context, begun):
        case Exists(remote):
            return _adopted_as_candidate(begun, remote)
        case NotObservable() if begun.named:
            return _adopted_as_candidate(begun, as_recorded(begun))
        case Failed() | NotObservable() | NeedsUser():
            why = begun.message or "it is unknown whether an interrupted creation made its candidate"
            ways = resolve_hint(begun, which=context.name_to_resolve(begun))
            return blocked(voice, current, why, ways, about=begun)
        case other:
            why = other.why if isinstance(other, NotKnown) else "its outcome is not known"
            return blocked(voice, current, f"could not determine what became of its candidate: {why}", about=begun)


def _adopted_as_candidate(begun: Record, remote: RemoteVoice) -> Change:
    running = remote.status is TaskStatus.RUNNING
    reason = f"{FOR_REVIEW}; {'it is still being made' if running else 'an earlier run made it'}"
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
    )


def _accepted(context: PlanContext, voice: Voice, record: Record) -> Change:
    """The replace by which the candidate becomes current."""
    waiting = context.candidates[voice.address]
    if difference(voice, waiting).identity:
        why = f"its entry declares other inputs than its candidate: {differ(difference(voice, waiting).identity)}"
        return blocked(voice, record, why, "Declare the inputs of the candidate first: it would be replaced again.")
    if voice.lifecycle.prevent_destroy:
        why = "prevent_destroy: to accept its candidate deletes the voice that it has"
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
    return adoption_change(
        context,
        voice,
        replacement,
        made,
        key=candidate.external_task_id,
        generation=candidate.generation,
        extra_reason="its candidate becomes its voice, and nothing is paid",
    )


def _third(voice: Voice, record: Record, waiting: Record, changed: Difference) -> Change:
    """Asks before a third voice is paid for, while the second one waits."""
    why = f"{differ(changed.identity)}, and a candidate of other inputs waits: {waiting.voice_id or 'no id yet'}"
    another = way("to pay for another voice, which replaces the candidate", "--replace", voice.address)
    return blocked(voice, record, why, _how_to_decide(voice.address) + hint(another), fields=changed.all)


def _how_to_decide(address: str) -> Hint:
    return hint(way("To make it the voice of this entry", "accept", address), way("to delete it", "reject", address))

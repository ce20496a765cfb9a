"""Decides where an address gets its next voice from: an existing voice, a running creation, or else a paid call.

All paid calls are planned by `new_voice` or `repeat_call`, so that no voice is paid for that already exists.
"""

from __future__ import annotations

from datetime import datetime

from reconciler.model.failures import cause_of
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.plan import Change
from reconciler.model.state import SETTLING, Record, Status
from reconciler.planning import candidates, earlier_run, markers
from reconciler.planning.blocked_change import blocked, failure_hint, resolve_hint
from reconciler.planning.bound_voices import bind
from reconciler.planning.diff import difference
from reconciler.planning.made_elsewhere import blocked_by_renamed_entry
from reconciler.planning.outcome import Exists, Failed, Gone, NeedsUser, NeverArrived, NotKnown, NotObservable, outcome
from reconciler.planning.plan_context import PlanContext, as_recorded
from reconciler.planning.replacement import Replacement, adoption_change, creation_change
from reconciler.planning.unclaimed import blocked_by_unrecorded
from reconciler.protocols.provider import ByKey


def new_voice(context: PlanContext, voice: Voice, replacement: Replacement) -> Change:
    """The change that gets a voice: from a pending creation, a given up record, the cloud, or else by a paid call."""
    if voice.origin is not Origin.MADE:
        return bind(context, voice, replacement)
    existing = (
        candidates.taken_or_asked(context, voice, replacement)
        or candidates.blocked_by_rejection(context, voice, replacement)
        or _continue_pending(context, voice, replacement)
        or _adopt_given_up(context, voice, replacement)
        or blocked_by_unrecorded(context, voice, replacement)
        or _blocked_by_used_key(context, voice, replacement)
        or (blocked_by_renamed_entry(context, voice) if replacement.record is None else None)
    )
    if existing is not None:
        return existing
    for pending in context.pending.get(voice.address, ()):
        observed = context.observation(pending)
        if pending.status in SETTLING and isinstance(observed, Unknown):
            reason = f"{_OUTCOME_UNKNOWN}: {observed.why}"
            return blocked(voice, replacement.record, reason, found=replacement.found)
    if _chosen_id_was_used(context, voice):
        why = "you chose its voice_id, and a voice_id can't be used twice: choose a new voice_id"
        return blocked(voice, replacement.record, why, found=replacement.found, fields=replacement.fields)
    expires_at = (voice.inputs.get("output") or {}).get("expire_time")
    if expires_at is not None and datetime.fromisoformat(expires_at) <= context.now:
        why = f"its file would expire before it is made: output.expire_time is {expires_at}"
        return blocked(voice, replacement.record, why, "Choose a later time.", found=replacement.found)
    key, generation = context.next_key(voice)
    lapsed_call = _lapsed_call(context, voice)
    if lapsed_call is not None:
        key = lapsed_call.external_task_id
    return creation_change(context, voice, replacement, key=key, generation=generation)


def repeat_call(context: PlanContext, voice: Voice, replacement: Replacement, record: Record) -> Change:
    """The change that sends an interrupted call again, under the same key, which a cloud accepts only once.

    It is blocked if the voice exists under another key: the list may have hidden that voice when the call was planned.
    """
    existing = blocked_by_unrecorded(context, voice, replacement)
    if existing is not None:
        return existing
    return creation_change(
        context,
        voice,
        replacement,
        key=record.external_task_id,
        generation=record.generation,
        extra_reason=earlier_run.not_called(context.options),
    )


def pending_creation(context: PlanContext, voice: Voice, record: Record | None) -> Record | None:
    """An unbound creation of this voice with the same inputs; `record` is the current record of the address.

    Of several: the one that exists, else one that may exist, else the newest. A failed one counts until it is settled.
    """
    found = [
        pending
        for pending in context.pending.get(voice.address, ())
        if not (pending.status is Status.FAILED and _is_settled(context, voice, record, pending))
        and not difference(voice, pending).identity
    ]
    return min(found, key=lambda pending: _uncertainty_rank(context, pending), default=None)


def _is_settled(context: PlanContext, voice: Voice, record: Record | None, failed: Record) -> bool:
    """Whether the failed creation no longer matters: the address has a later record, or none.

    If another run had used its key, its voice may exist. So it matters until the user has decided on it.
    """
    if _is_of_another_run(context, failed):
        return _was_decided_on(context, voice, failed)
    return record is None or failed.generation < record.generation


def _is_of_another_run(context: PlanContext, failed: Record) -> bool:
    """Whether another run had used the key of the failed creation, so that its voice may exist."""
    return failed.key_was_used and not isinstance(context.observation(failed), Absent)


def _was_decided_on(context: PlanContext, voice: Voice, refused: Record) -> bool:
    """Whether the user has imported or paid for a later voice of the same inputs."""
    digests = markers.digests(voice)
    return any(
        record.generation > refused.generation and record.digest in digests and not record.key_was_used
        for record in context.state.by_address.get(voice.address, ())
    )


def _uncertainty_rank(context: PlanContext, pending: Record) -> int:
    """0 for a creation that exists, 1 for one that may exist, 2 for all others."""
    match outcome(context, pending):
        case Exists() if pending.status in SETTLING:
            return 0
        case NotKnown() | NeedsUser():
            return 1
        case Failed() if pending.status is Status.UNCERTAIN:  # a refused sample is not paid for again
            return 1
        case _:
            return 2


def blocked_by_failure(voice: Voice, record: Record | None, failed: Record, found: RemoteVoice | None) -> Change:
    """The blocked change after a failure: only `--retry` repeats the call. `found` is the failure, if just observed."""
    seen = found if found is not None else failed
    message = seen.message or "the cloud gave no reason"
    return blocked(
        voice,
        record,
        f"its creation failed: {message}",
        failure_hint(voice, seen.cause or cause_of(message)),
        found=found,
        about=failed,
    )


def _continue_pending(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """The change that continues a pending creation of an earlier run; None if there is none to continue."""
    pending = pending_creation(context, voice, replacement.record)
    if pending is None:
        return None
    key, generation = pending.external_task_id, pending.generation
    match outcome(context, pending):
        case Exists(remote):
            status = "it exists" if remote.status is TaskStatus.READY else "it is still being made"
            extra_reason = earlier_run.began(context.options, status)
            return adoption_change(
                context, voice, replacement, remote, key=key, generation=generation, extra_reason=extra_reason
            )
        case Failed(remote) if voice.address not in context.options.retry:
            return blocked_by_failure(voice, replacement.record, pending, remote)
        case Failed(unseen=why) if why:
            return blocked(voice, replacement.record, f"{_OUTCOME_UNKNOWN}: {why}", about=pending)
        case Failed() | Gone():
            return None
        case NeverArrived():
            return repeat_call(context, voice, replacement, pending)
        case NotKnown(why):
            return blocked(voice, replacement.record, f"{_OUTCOME_UNKNOWN}: {why}", about=pending)
        case NotObservable() if _has_result(pending, context):
            extra_reason = "the new voice is the one that it was resolved to"
            return adoption_change(
                context,
                voice,
                replacement,
                as_recorded(pending),
                key=key,
                generation=generation,
                extra_reason=extra_reason,
            )
        case NotObservable() | NeedsUser():
            reason = pending.message or "it is unknown whether an interrupted creation made the new voice"
            ways = resolve_hint(pending, which=context.name_to_resolve(pending))
            return blocked(voice, replacement.record, reason, ways, about=pending)


_OUTCOME_UNKNOWN = "could not determine what an interrupted creation left"


def _adopt_given_up(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """The change that adopts an earlier voice of the same inputs: abandoned, not deleted yet, or arrived late."""
    if voice.address in context.options.replace:
        return None
    for record in context.given_up.get(voice.address, ()):
        if record.account != context.observations[voice.provider].account or difference(voice, record).identity:
            continue
        match context.observation(record):
            case Unknown(why=why):
                reason = f"could not determine whether the voice given up earlier is still there: {why}"
                return blocked(voice, replacement.record, reason, found=replacement.found)
            case Unverifiable() if record.status is Status.ABANDONED and _has_result(record, context):
                existing = as_recorded(record)
            case Found(remote=remote) if remote.status is TaskStatus.READY:
                existing = remote
            case Found(remote=remote) if remote.status is TaskStatus.RUNNING and record.status is not Status.DEPOSED:
                existing = remote
            case _:
                continue
        what = "an earlier voice" if existing.voice_id else "an earlier creation"
        extra_reason = f"{what} with the same inputs still exists: it is reused"
        if not isinstance(context.observation(record), Found):
            extra_reason = f"{what} with the same inputs is reused without a check: its cloud can't be queried"
        key, generation = record.external_task_id, record.generation
        return adoption_change(
            context, voice, replacement, existing, key=key, generation=generation, extra_reason=extra_reason
        )
    return None


def _blocked_by_used_key(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """The change that blocks the creation if another run used its key and the cloud can't show what became of it."""
    if voice.address in context.options.retry:
        return None
    account = context.observations[voice.provider].account
    for record in context.refused.get(voice.address, ()):
        if record.account != account or record.digest not in markers.digests(voice):
            continue
        if _is_of_another_run(context, record) and not _was_decided_on(context, voice, record):
            why, ways = (
                "another run used this entry's key, and its voice may exist",
                failure_hint(voice, record.cause),
            )
            return blocked(voice, replacement.record, why, ways, found=replacement.found)
    return None


def _has_result(record: Record, context: PlanContext) -> bool:
    """Whether a record that can't be looked up still has a voice, or a file that has not expired."""
    kept = record.expires_at is None or record.expires_at > context.now
    return record.voice_id is not None or (kept and (record.url or record.file_id) is not None)


def _chosen_id_was_used(context: PlanContext, voice: Voice) -> bool:
    """Whether the voice_id that the user chose was used by an earlier creation: the cloud would refuse it."""
    chosen = voice.inputs.get("voice_id") if context.can(voice).caller_chooses_id else None
    if chosen is None:
        return False
    place = (context.observations[voice.provider].account, chosen)
    users = context.state.by_chosen_id.get(place, ())
    return place in context.state.by_voice_id or any(not isinstance(context.observation(r), Absent) for r in users)


def _lapsed_call(context: PlanContext, voice: Voice) -> Record | None:
    """The newest lapsed call for this voice. Its key is used again, so a late arrival does not make a second voice."""
    account = context.observations[voice.provider].account
    found = [
        record
        for record in context.given_up.get(voice.address, ())
        if record.status is Status.LAPSED
        and (record.provider, record.account) == (voice.provider, account)
        and isinstance(context.observation(record), Absent | Unverifiable)
        and isinstance(context.can(record).found, ByKey)
        and not context.key_may_be_forgotten(record)
        and not difference(voice, record).identity
    ]
    return max(found, key=lambda record: record.generation, default=None)

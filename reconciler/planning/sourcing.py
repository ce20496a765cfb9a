"""Where an address gets its next voice from: one that is there or on its way, and only then a new one.

Every way to a paid call leads through `new_voice` or `same_call`, so that nothing is bought that exists.
"""

from __future__ import annotations

from datetime import datetime

from reconciler.errors import Cause
from reconciler.model.failures import cause_of
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.plan import Change
from reconciler.model.state import SETTLING, Record, Status
from reconciler.planning.blocked_change import blocked, failure_hint, resolve_hint
from reconciler.planning.bound_voices import bind
from reconciler.planning.diff import difference
from reconciler.planning.outcome import Failed, ForAPerson, Gone, NeverArrived, NotKnown, OutOfSight, There, outcome
from reconciler.planning.plan_context import PlanContext, as_recorded
from reconciler.planning.replacement import Replacement, to_make, to_take
from reconciler.planning.unclaimed import in_the_way
from reconciler.protocols import ByKey


def new_voice(context: PlanContext, voice: Voice, replacement: Replacement) -> Change:
    """What an earlier run began, then what was given up, then what only the cloud knows, then a purchase."""
    if voice.origin is not Origin.MADE:
        return bind(context, voice, replacement)
    there = (
        _on_its_way(context, voice, replacement)
        or _returned(context, voice, replacement)
        or in_the_way(context, voice, replacement)
    )
    if there is not None:
        return there
    for pending in context.pending.get(voice.address, ()):
        observed = context.observation(pending)
        if pending.status in SETTLING and isinstance(observed, Unknown):
            reason = f"{_NOT_TOLD}: {observed.why}"
            return blocked(voice, replacement.record, reason, found=replacement.found)
    if _chosen_before(context, voice):
        why = "its voice_id is chosen by you and can't be used twice: choose a new voice_id"
        return blocked(voice, replacement.record, why, found=replacement.found, fields=replacement.fields)
    until = (voice.inputs.get("output") or {}).get("expire_time")
    if until is not None and datetime.fromisoformat(until) <= context.now:
        why = f"its file would be over when it is made: output.expire_time is {until}"
        return blocked(voice, replacement.record, why, "Say a later moment.", found=replacement.found)
    key, generation = context.next_key(voice)
    lapsed = _lapsed(context, voice)
    if lapsed is not None:
        key = lapsed.external_task_id
    return to_make(context, voice, replacement, key=key, generation=generation)


def same_call(context: PlanContext, voice: Voice, replacement: Replacement, record: Record) -> Change:
    """The interrupted call once more, under its own key: should it have arrived after all, the cloud refuses this.

    Unless this very voice is there under another key, which the list did not show when the call was planned.
    """
    there = in_the_way(context, voice, replacement)
    if there is not None:
        return there
    return to_make(
        context,
        voice,
        replacement,
        key=record.external_task_id,
        generation=record.generation,
        aside="an earlier run was interrupted before this call",
    )


def begun(context: PlanContext, voice: Voice, record: Record | None) -> Record | None:
    """A creation of this very voice that a run began beside `record`, the one that the address means.

    Of several the one that is there, else one that may be, else the newest. A failed one counts until the address
    means a later one; where it means none, only one whose key another run had used: the voice of that run may be there.
    """
    found: list[Record] = []
    for pending in context.pending.get(voice.address, ()):
        last = context.state.highest.get(voice.address, 0) if record is None else record.generation
        settled = pending.status is Status.FAILED and (
            pending.generation < last or (record is None and not _is_of_another_run(context, pending))
        )
        if not settled and not difference(voice, pending).identity:
            found.append(pending)
    return min(found, key=lambda pending: _doubtfulness(context, pending), default=None)


def _is_of_another_run(context: PlanContext, failed: Record) -> bool:
    return failed.cause is Cause.KEY_IN_USE and not isinstance(context.observation(failed), Absent)


def _doubtfulness(context: PlanContext, pending: Record) -> int:
    """0 for a creation that is there, 1 where nobody can tell, 2 for all others."""
    match outcome(context, pending):
        case There() if pending.status in SETTLING:
            return 0
        case NotKnown() | ForAPerson():
            return 1
        case Failed() if pending.status is Status.UNCERTAIN:  # a sample that was refused is not bought again
            return 1
        case _:
            return 2


def refused(voice: Voice, record: Record | None, failed: Record, found: RemoteVoice | None) -> Change:
    """The same sample is not bought again unless somebody asks. `found` is how the failure was seen, if just now."""
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


def _on_its_way(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """What an earlier run began and the address does not mean yet; None if nothing comes of it any more."""
    pending = begun(context, voice, replacement.record)
    if pending is None:
        return None
    key, generation = pending.external_task_id, pending.generation
    match outcome(context, pending):
        case There(remote):
            where = "is there" if remote.status is TaskStatus.READY else "is still being made"
            aside = f"an interrupted run began the new voice, and it {where}"
            return to_take(context, voice, replacement, remote, key=key, generation=generation, aside=aside)
        case Failed(remote) if voice.address not in context.options.retry:
            return refused(voice, replacement.record, pending, remote)
        case Failed(unseen=why) if why:
            return blocked(voice, replacement.record, f"{_NOT_TOLD}: {why}", about=pending)
        case Failed() | Gone():
            return None
        case NeverArrived():
            return same_call(context, voice, replacement, pending)
        case NotKnown(why):
            return blocked(voice, replacement.record, f"{_NOT_TOLD}: {why}", about=pending)
        case OutOfSight() if _is_something(pending, context):
            aside = "the new voice is the one that it was resolved to"
            return to_take(
                context, voice, replacement, as_recorded(pending), key=key, generation=generation, aside=aside
            )
        case OutOfSight() | ForAPerson():
            reason = pending.message or "nobody can tell whether an interrupted creation made the new voice"
            ways = resolve_hint(pending, which=context.name_to_resolve(pending))
            return blocked(voice, replacement.record, reason, ways, about=pending)


_NOT_TOLD = "could not tell what an interrupted creation left"


def _returned(context: PlanContext, voice: Voice, replacement: Replacement) -> Change | None:
    """A voice of the same inputs: abandoned, not deleted yet, or one whose given up intent arrived late."""
    if voice.address in context.options.replace:
        return None
    for record in context.given_up.get(voice.address, ()):
        if record.account != context.seen[voice.provider].account or difference(voice, record).identity:
            continue
        match context.observation(record):
            case Unknown(why=why):
                reason = f"could not tell whether the voice given up earlier is still there: {why}"
                return blocked(voice, replacement.record, reason, found=replacement.found)
            case Unverifiable() if record.status is Status.ABANDONED and _is_something(record, context):
                there = as_recorded(record)
            case Found(remote=remote) if remote.status is TaskStatus.READY:
                there = remote
            case Found(remote=remote) if remote.status is TaskStatus.RUNNING and record.status is not Status.DEPOSED:
                there = remote
            case _:
                continue
        what = f"the earlier voice {there.voice_id}" if there.voice_id else "an earlier creation"
        aside = f"{what} of the same inputs is still there: it is taken back"
        if not isinstance(context.observation(record), Found):
            aside = f"{what} of the same inputs is taken back unseen: its cloud can't be asked"
        key, generation = record.external_task_id, record.generation
        return to_take(context, voice, replacement, there, key=key, generation=generation, aside=aside)
    return None


def _is_something(record: Record, context: PlanContext) -> bool:
    """Whether a record that nobody can look up still means a voice, or a sound that its cloud keeps."""
    kept = record.expires_at is None or record.expires_at > context.now
    return record.voice_id is not None or (kept and (record.url or record.file_id) is not None)


def _chosen_before(context: PlanContext, voice: Voice) -> bool:
    """Whether the id that a person chose for it was given to another take before: it would be refused."""
    chosen = voice.inputs.get("voice_id") if context.can(voice).caller_chooses_id else None
    if chosen is None:
        return False
    place = (context.seen[voice.provider].account, chosen)
    takes = context.state.by_chosen_id.get(place, ())
    return place in context.state.by_voice_id or any(not isinstance(context.observation(r), Absent) for r in takes)


def _lapsed(context: PlanContext, voice: Voice) -> Record | None:
    """The newest call for this very voice that was given up: under its key, a late arrival is found and not doubled."""
    account = context.seen[voice.provider].account
    found = [
        record
        for record in context.given_up.get(voice.address, ())
        if record.status is Status.LAPSED
        and (record.provider, record.account) == (voice.provider, account)
        and isinstance(context.observation(record), Absent | Unverifiable)
        and isinstance(context.can(record).found, ByKey)
        and not context.has_outlived_its_key(record)
        and not difference(voice, record).identity
    ]
    return max(found, key=lambda record: record.generation, default=None)

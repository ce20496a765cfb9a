"""The verdict for one declared voice: what its record, its observation and its inputs together mean.

`None` is "no change". Where a voice that is needed comes from stands in `creations`.
"""

from __future__ import annotations

from reconciler.hints import NO_HINT, Hint, hint, way
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Change
from reconciler.model.state import Record, Status
from reconciler.planning.blocked_change import blocked, official_voices, resolve_hint, to_allow, undeclared
from reconciler.planning.diff import Difference, difference
from reconciler.planning.difference_text import differ, only_queries
from reconciler.planning.outcome import Failed, ForAPerson, Gone, NeverArrived, NotKnown, OutOfSight, There, outcome
from reconciler.planning.plan_context import PlanContext, has_expired
from reconciler.planning.replacement import Replacement, to_take
from reconciler.planning.sourcing import begun, new_voice, refused, same_call
from reconciler.planning.updates import news, update_change


def change_for(context: PlanContext, voice: Voice) -> Change | None:
    """The verdict for an entry of the manifest."""
    record = context.state.at(voice.address)
    barred = _barred(context, voice, record)
    if barred is not None:
        return barred
    if record is None:
        return new_voice(context, voice, Replacement("declared, not there yet"))
    if record.status in _ENDED:  # no run leaves an address with one
        return new_voice(context, voice, Replacement("declared, not there any more"))
    return _settled(context, voice, record)


def _settled(context: PlanContext, voice: Voice, record: Record) -> Change | None:
    """The verdict for the record that the address means."""
    ready = record.status is Status.READY
    match outcome(context, record):
        case There(remote):
            return _standing(context, voice, record) if ready else _task(context, voice, record, remote)
        case Failed(remote) if ready:
            return _standing(context, voice, record) or _broken(voice, record, remote)
        case Failed(remote, unseen):
            known = record.status is Status.FAILED
            return _again(context, voice, record, found=None if known else remote, unseen=unseen)
        case NeverArrived():
            return _sent_again(context, voice, record)
        case Gone():
            return _gone(context, voice, record)
        case NotKnown(why):
            let_go = ready and record.origin is Origin.ELSEWHERE
            reason = f"could not tell {_NOT_KNOWN[record.status]}: {why}"
            return blocked(voice, record, reason, _let_go(record) if let_go else NO_HINT)
        case OutOfSight() if ready:
            return _standing(context, voice, record)
        case OutOfSight(why):
            return blocked(voice, record, f"could not tell how its task ended: {why}", resolve_hint(record))
        case ForAPerson(message):
            reason = message or "nobody can tell whether an earlier call made this voice"
            return blocked(voice, record, reason, resolve_hint(record))


_ENDED = frozenset({Status.DEPOSED, Status.DELETED, Status.ABANDONED, Status.LAPSED})
_NOT_KNOWN = {
    Status.INTENDED: "what an interrupted call left",
    Status.RUNNING: "how its task ended",
    Status.READY: "whether the voice exists",
}


def _barred(context: PlanContext, voice: Voice, record: Record | None) -> Change | None:
    """With a doubt about an account nothing of it changes, new voices included."""
    if record is not None and record.provider not in context.manifest.providers:
        return blocked(voice, record, *undeclared(record))
    for provider in dict.fromkeys((voice.provider, record.provider if record else voice.provider)):
        if provider in context.account_problems:
            return blocked(
                voice, record, context.account_problems[provider].why, context.account_problems[provider].hint
            )
        if provider not in context.seen:
            return blocked(voice, record, f"the provider {provider} was not looked at")
    stopped = context.stopped.get(voice.address)
    return blocked(voice, record, *stopped) if stopped is not None else None


def _sent_again(context: PlanContext, voice: Voice, record: Record) -> Change:
    changed = difference(voice, record).identity
    another = changed or voice.origin is not Origin.MADE or begun(context, voice, record) is not None
    if not another:
        return same_call(context, voice, Replacement("", record), record)
    reason = "an earlier run's call never arrived" + (", and its inputs changed since" if changed else "")
    return new_voice(context, voice, Replacement(reason, record, fields=changed))


def _broken(voice: Voice, record: Record, remote: RemoteVoice | None) -> Change:
    """It was ready, and its cloud takes that back."""
    why = (remote.message if remote is not None else None) or "no reason is given"
    anew = hint(way("To make it anew, and delete this one", "--replace", voice.address))
    return blocked(voice, record, f"its cloud says now that it failed: {why}", anew)


def _task(context: PlanContext, voice: Voice, record: Record, remote: RemoteVoice) -> Change:
    """The task of an accepted creation, seen."""
    changed = difference(voice, record)
    if changed.identity:
        return _replace(context, voice, record, changed, found=remote)
    running = remote.status is TaskStatus.RUNNING
    aside = "its task still runs" if running else "an earlier run was interrupted, and the voice is there"
    key, generation = record.external_task_id, record.generation
    return to_take(context, voice, Replacement("", record), remote, key=key, generation=generation, aside=aside)


def _again(context: PlanContext, voice: Voice, record: Record, *, found: RemoteVoice | None, unseen: str) -> Change:
    """The same sample is not bought again unless its inputs change or somebody asks."""
    changed = difference(voice, record)
    differs = bool(changed.identity or changed.updatable or changed.request_only)
    if not differs and voice.address not in context.options.retry:
        return refused(voice, record, record, found)
    if unseen:
        return blocked(voice, record, f"could not tell what there is of it: {unseen}")
    reason = "its inputs changed since it failed" if differs else "asked for again after it failed"
    return new_voice(context, voice, Replacement(reason, record, fields=changed.identity, found=found))


def _gone(context: PlanContext, voice: Voice, record: Record) -> Change:
    changed = difference(voice, record).identity
    if voice.origin is Origin.OFFICIAL and not changed:
        return blocked(voice, record, "the official voice is gone", official_voices(voice.provider))
    if voice.origin is Origin.ELSEWHERE and not changed:
        instead = "Declare a create in its place, and a new voice is made."
        return blocked(voice, record, "the existing voice is gone", instead)
    if voice.origin is not Origin.MADE:
        return new_voice(context, voice, Replacement(differ(changed), record, stands=True, fields=changed))
    reason = "the official voice is gone" if record.origin is Origin.OFFICIAL else "gone: deleted outside of voicectl"
    return new_voice(context, voice, Replacement(reason, record, gone=True, fields=changed))


def _let_go(record: Record) -> Hint:
    return hint(
        way(f"Look for {record.voice_id} in the cloud's console. If it is gone", "state rm", record.address),
        "then declare a create in its place, and a new voice is made",
    )


def _standing(context: PlanContext, voice: Voice, record: Record) -> Change | None:
    """The voice is there (or its cloud can't say): only what was declared decides."""
    changed = difference(voice, record)
    if (
        voice.origin is Origin.ELSEWHERE
        and voice.provider == record.provider
        and voice.inputs["voice_id"] == record.voice_id
    ):
        # the same voice, told anew
        changed = changed.model_copy(update={"identity": (), "ours": changed.identity + changed.ours})
    found = news(record, context.observation(record))
    if changed.identity:
        return _replace(context, voice, record, changed, found=found)
    if _to_recreate(context, voice, record):
        if _never_lasts(context, record):
            reason = (
                "its file has expired, and the last two were over when they were made: is this machine's clock right?"
            )
            another = hint(way("To pay for another all the same", "--replace", voice.address))
            return blocked(voice, record, reason, another)
        return new_voice(context, voice, Replacement("its file has expired", record, gone=True))
    if voice.address in context.options.replace or _unfinished(context, voice, record):
        if voice.origin is not Origin.MADE:
            reason = f"--replace: {record.voice_id} was not made here, and can't be made anew"
            return blocked(voice, record, reason, "Declare a create in its place, and a new voice is made.")
        return _replace(context, voice, record, changed, found=found)
    return update_change(context, voice, record, changed)


def _to_recreate(context: PlanContext, voice: Voice, record: Record) -> bool:
    expired = has_expired(record, context.now) and voice.inputs.get("on_expiry") == "recreate"
    return expired and not (voice.address in context.options.replace and _never_lasts(context, record))


def _never_lasts(context: PlanContext, record: Record) -> bool:
    """Whether this sound and the one before it had ended before they began: a third would be bought for nothing."""
    before = [r for r in context.state.records.values() if r.address == record.address]
    last = sorted(before, key=lambda r: r.generation)[-2:]
    return len(last) == 2 and all(r.expires_at is not None and r.expires_at <= r.created_at for r in last)


def _unfinished(context: PlanContext, voice: Voice, record: Record) -> bool:
    """Whether an earlier run was asked to make it anew, and sent the call or may have."""
    pending = begun(context, voice, record)
    if pending is None or pending.status is Status.FAILED or pending.generation < record.generation:
        return False
    return isinstance(outcome(context, pending), There | NotKnown | OutOfSight | ForAPerson)


def _replace(
    context: PlanContext, voice: Voice, record: Record, changed: Difference, *, found: RemoteVoice | None = None
) -> Change:
    what, kept_by = only_queries(changed) or (differ(changed.identity), "")
    if voice.lifecycle.prevent_destroy:
        why = f"prevent_destroy: {what or '--replace'}, and that takes a new voice"
        ways = hint(to_allow(context.manifest, voice.address), kept_by)
        return blocked(voice, record, why, ways, found=found, fields=changed.all)
    reason = f"{what}: {kept_by}" if kept_by else what or "asked for"
    replacement = Replacement(reason, record, stands=True, fields=changed.all, found=found)
    return new_voice(context, voice, replacement)

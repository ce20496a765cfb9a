"""Plans the change for one declared voice, from its record, its observation and its inputs.

`None` means "no change". `sourcing` decides where a voice that is needed comes from.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.hints import NO_HINT, Hint, hint, way
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Change
from reconciler.model.state import Record, Status
from reconciler.planning import candidates, consents, earlier_run
from reconciler.planning.blocked_change import (
    blocked,
    how_to_allow,
    official_voices_hint,
    provider_undeclared,
    resolve_hint,
)
from reconciler.planning.diff import Difference, difference
from reconciler.planning.difference_text import differ, only_queries
from reconciler.planning.made_elsewhere import blocked_by_own_voice
from reconciler.planning.outcome import Exists, Failed, Gone, NeedsUser, NeverArrived, NotKnown, NotObservable, outcome
from reconciler.planning.plan_context import PlanContext, has_expired
from reconciler.planning.replacement import Replacement, adoption_change
from reconciler.planning.sourcing import blocked_by_failure, new_voice, pending_creation, repeat_call
from reconciler.planning.undeclared import change_for_removed
from reconciler.planning.updates import new_activation, update_change


def change_for(context: PlanContext, voice: Voice) -> Change | None:
    """The change for an entry of the manifest."""
    record = context.state.at(voice.address)
    blocked_change = _blocked_by_account(context, voice, record)
    if blocked_change is not None:
        return blocked_change
    if consents.has_expired(voice, context.now):
        return _change_without_consent(context, voice, record)
    refused = candidates.refusal(context, voice, record)
    if refused is not None or voice.address in context.options.reject:
        return refused
    if record is None:
        return new_voice(context, voice, Replacement("declared, not created yet"))
    if record.status in _ENDED:  # no run leaves an address bound to such a record
        return new_voice(context, voice, Replacement("declared, no longer exists"))
    return _change_for_record(context, voice, record)


def _change_without_consent(context: PlanContext, voice: Voice, record: Record | None) -> Change | None:
    """Nothing is made or replaced for a voice without consent. An existing one stays, unless it is to be deleted."""
    reason = consents.reason(voice)
    if voice.consent is None or voice.consent.when_expired == "error":
        return blocked(voice, record, reason, consents.ways_on(), cause="the consent has ended")
    if record is None or record.status in _ENDED:
        return None
    return change_for_removed(context, record, reason=reason)


def _change_for_record(context: PlanContext, voice: Voice, record: Record) -> Change | None:
    """The change for an entry whose address is bound to this record."""
    ready = record.status is Status.READY
    match outcome(context, record):
        case Exists(remote):
            return (
                _change_for_ready(context, voice, record) if ready else _change_for_task(context, voice, record, remote)
            )
        case Failed(remote) if ready:
            return _change_for_ready(context, voice, record) or _blocked_as_failed(voice, record, remote)
        case Failed(remote, unseen):
            known = record.status is Status.FAILED
            return _change_after_failure(context, voice, record, found=None if known else remote, unseen=unseen)
        case NeverArrived():
            return _change_after_lost_call(context, voice, record)
        case Gone():
            return _change_after_deletion(context, voice, record)
        case NotKnown(why):
            releasable = ready and record.origin is Origin.ELSEWHERE
            reason = f"could not determine {_UNKNOWN_FACTS[record.status]}: {why}"
            return blocked(voice, record, reason, _how_to_release(record) if releasable else NO_HINT)
        case NotObservable() if ready:
            return _change_for_ready(context, voice, record)
        case NotObservable(why):
            return blocked(voice, record, f"could not determine how its task ended: {why}", resolve_hint(record))
        case NeedsUser(message):
            reason = message or "it is unknown whether an earlier call made this voice"
            return blocked(voice, record, reason, resolve_hint(record))


_ENDED = frozenset({Status.DEPOSED, Status.DELETED, Status.ABANDONED, Status.LAPSED})
_UNKNOWN_FACTS = {
    Status.INTENDED: "what an interrupted call left",
    Status.RUNNING: "how its task ended",
    Status.READY: "whether the voice exists",
}


def _blocked_by_account(context: PlanContext, voice: Voice, record: Record | None) -> Change | None:
    """The blocked change where the account has a problem: then nothing of it changes, and nothing is created."""
    if record is not None and record.provider not in context.manifest.providers:
        return blocked(voice, record, *provider_undeclared(record))
    for provider in dict.fromkeys((voice.provider, record.provider if record else voice.provider)):
        if provider in context.account_problems:
            return blocked(
                voice, record, context.account_problems[provider].why, context.account_problems[provider].hint
            )
        if provider not in context.observations:
            return blocked(voice, record, f"the provider {provider} was not checked")
    reason_and_hint = context.blocked.get(voice.address)
    return blocked(voice, record, *reason_and_hint) if reason_and_hint is not None else None


def _change_after_lost_call(context: PlanContext, voice: Voice, record: Record) -> Change:
    changed = difference(voice, record).identity
    another = changed or voice.origin is not Origin.MADE or pending_creation(context, voice, record) is not None
    if not another:
        return repeat_call(context, voice, Replacement("", record), record)
    reason = "the call of an earlier run never reached the cloud" + (
        ", and its inputs changed since" if changed else ""
    )
    return new_voice(context, voice, Replacement(reason, record, fields=changed))


def _blocked_as_failed(voice: Voice, record: Record, remote: RemoteVoice | None) -> Change:
    """Blocked: the voice was ready, and its cloud now reports it as failed."""
    why = (remote.message if remote is not None else None) or "no reason is given"
    replace_hint = hint(way("To create it again and delete this one", "--replace", voice.address))
    return blocked(voice, record, f"its cloud now reports that it failed: {why}", replace_hint)


def _change_for_task(context: PlanContext, voice: Voice, record: Record, remote: RemoteVoice) -> Change:
    """The change for a creation that was accepted and that the cloud shows."""
    changed = difference(voice, record)
    if changed.identity:
        return _replace(context, voice, record, changed, found=remote)
    running = remote.status is TaskStatus.RUNNING
    extra_reason = "its task is still running" if running else earlier_run.created(context.options)
    key, generation = record.external_task_id, record.generation
    return adoption_change(
        context, voice, Replacement("", record), remote, key=key, generation=generation, extra_reason=extra_reason
    )


def _change_after_failure(
    context: PlanContext, voice: Voice, record: Record, *, found: RemoteVoice | None, unseen: str
) -> Change:
    """The change after a failed creation: it is repeated only if its inputs changed or `--retry` names it."""
    changed = difference(voice, record)
    differs = bool(changed.identity or changed.updatable or changed.request_only)
    if not differs and voice.address not in context.options.retry:
        return blocked_by_failure(voice, record, record, found)
    if unseen:
        return blocked(voice, record, f"could not determine what exists of it: {unseen}")
    reason = "its inputs changed since it failed" if differs else "requested again after it failed"
    return new_voice(context, voice, Replacement(reason, record, fields=changed.identity, found=found))


def _change_after_deletion(context: PlanContext, voice: Voice, record: Record) -> Change:
    changed = difference(voice, record).identity
    if voice.origin is Origin.OFFICIAL and not changed:
        return blocked(voice, record, "the official voice is gone", official_voices_hint(voice.provider))
    if voice.origin is Origin.ELSEWHERE and not changed:
        create_hint = "To make a new voice, declare a create instead."
        return blocked(voice, record, "the existing voice is gone", create_hint)
    if voice.origin is not Origin.MADE:
        return new_voice(context, voice, Replacement(differ(changed), record, old_voice_exists=True, fields=changed))
    reason = "the official voice is gone" if record.origin is Origin.OFFICIAL else "gone: deleted outside of voicectl"
    return new_voice(context, voice, Replacement(reason, record, gone=True, fields=changed))


def _how_to_release(record: Record) -> Hint:
    return hint(
        way(f"Look for {record.voice_id} in the cloud's console. If it is gone", "state rm", record.address),
        "then, to make a new voice, declare a create instead",
    )


def _change_for_ready(context: PlanContext, voice: Voice, record: Record) -> Change | None:
    """The change for a voice that exists, or that its cloud can't look up: only the declared inputs decide."""
    changed = difference(voice, record)
    if (
        voice.origin is Origin.ELSEWHERE
        and voice.provider == record.provider
        and voice.inputs["voice_id"] == record.voice_id
    ):
        # the entry names the voice that the record already has
        changed = replace(changed, identity=(), ours=changed.identity + changed.ours)
    found = new_activation(record, context.observation(record))
    beside = candidates.change_beside(context, voice, record, changed)
    if beside is not None:
        return beside
    if candidates.waits_for_decision(context, voice) and voice.address not in context.options.replace:
        return None
    if changed.identity:
        asked = voice.address in context.options.replace or _has_pending_replace(context, voice, record)
        question = None if asked else blocked_by_own_voice(voice, record, changed.all)
        return question or _replace(context, voice, record, changed, found=found)
    if _recreates_expired(context, voice, record):
        if _always_expired(context, record):
            reason = (
                "its file has expired, and the last two had expired when they were made: is this machine's clock right?"
            )
            another = hint(way("To pay for another one anyway", "--replace", voice.address))
            return blocked(voice, record, reason, another)
        return new_voice(context, voice, Replacement("its file has expired", record, gone=True))
    if voice.address in context.options.replace or _has_pending_replace(context, voice, record):
        if voice.origin is not Origin.MADE:
            reason = "--replace: voicectl did not create this voice, so it can't create it again"
            return blocked(voice, record, reason, "To make a new voice, declare a create instead.")
        return _replace(context, voice, record, changed, found=found)
    return update_change(context, voice, record, changed)


def _recreates_expired(context: PlanContext, voice: Voice, record: Record) -> bool:
    expired = has_expired(record, context.now) and voice.inputs.get("on_expiry") == "recreate"
    return expired and not (voice.address in context.options.replace and _always_expired(context, record))


def _always_expired(context: PlanContext, record: Record) -> bool:
    """Whether this file and the one before it had expired when they were made: a third would be paid for nothing."""
    last = sorted(context.state.by_address.get(record.address, ()), key=lambda r: r.generation)[-2:]
    return len(last) == 2 and all(r.expires_at is not None and r.expires_at <= r.created_at for r in last)


def _has_pending_replace(context: PlanContext, voice: Voice, record: Record) -> bool:
    """Whether an earlier run began to replace this voice, and sent the call or may have sent it."""
    pending = pending_creation(context, voice, record)
    if pending is None or pending.status is Status.FAILED or pending.generation < record.generation:
        return False
    return isinstance(outcome(context, pending), Exists | NotKnown | NotObservable | NeedsUser)


def _replace(
    context: PlanContext, voice: Voice, record: Record, changed: Difference, *, found: RemoteVoice | None = None
) -> Change:
    what, kept_by = only_queries(changed) or (differ(changed.identity), "")
    # A creation that no apply has finished is no voice that an application has: it needs no review.
    for_review = candidates.is_reviewed(voice) and record.status is Status.READY
    if voice.lifecycle.prevent_destroy and not for_review:
        why = f"prevent_destroy: {what or '--replace'}, which needs a new voice"
        ways = hint(how_to_allow(context.manifest), kept_by)
        return blocked(voice, record, why, ways, found=found, fields=changed.all)
    reason = f"{what}: {kept_by}" if kept_by else what or "asked for"
    replacement = Replacement(
        reason,
        record,
        old_voice_exists=not for_review,
        gone=for_review and candidates.is_lost(context, voice),
        fields=changed.all,
        found=found,
        for_review=for_review,
        supersedes=candidates.existing(context, voice.address) if for_review else None,
    )
    return new_voice(context, voice, replacement)

"""Creates a voice: writes the intent, sends one paid call, and waits for the task that makes the voice.

The rule that prevents double payment: only a proof clears an intent. `Rejected` and `Throttled` on the first send are
proofs. After a second send, only a look-up by `find` is (see `lost_reply`). If the cloud answers that it knows the key,
the call is not sent again, and if no look-up shows the voice then, the user has to resolve it. `key_in_use` says what
happens if the first send is refused because a forgotten run had used its key.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NoReturn

from reconciler.engine.context import Context
from reconciler.engine.daily_allowance import DAILY_LIMIT
from reconciler.engine.procedures import key_in_use
from reconciler.engine.procedures.lost_reply import end_as_uncertain, find_capability, look_up, lookup_pauses
from reconciler.engine.procedures.waiting import LOOKS_UP_LATER, RETRIES_LATER, overdue
from reconciler.engine.procedures.withdrawal import end_without_voice, not_paid
from reconciler.engine.steps import (
    AwaitTask,
    AwaitTurn,
    Commit,
    EndProcedure,
    Failed,
    Note,
    Overdue,
    Procedure,
    Stopped,
    Submit,
)
from reconciler.errors import CloudError, Rejected, Throttled
from reconciler.model import transitions
from reconciler.model.events import Kind
from reconciler.model.manifest import Voice
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action, Change
from reconciler.model.state import Record, Status
from reconciler.planning import markers
from reconciler.planning.blocked_change import failure_hint
from reconciler.protocols.provider import Accepted, ByKey, ByList, Done, Unknowable
from reconciler.values import value

SENDS = 3  # sends of one key in one run
_MAX_SENDS = 4 * SENDS  # sends of one key in all runs; after them the creation counts as failed
_MAX_GENERATIONS = 20  # of one address in one run whose keys turn out to be used already
_NOT_SHOWN = "the cloud knows the key, and does not show its voice"


@value
class Intent:
    """`rebind`: the key that the address had before. `sent_before`: when an earlier run wrote that it would send."""

    record: Record
    rebind: str | None = None
    sent_before: datetime | None = None


def new_voice(context: Context, change: Change, voice: Voice) -> Procedure[Record]:
    """Creates a voice under the change's key. Returns its ready record, not yet written. Raises EndProcedure."""
    used_keys = 0
    while True:
        yield from AwaitTurn(voice)
        if used_keys == 0:
            context.allowance.begin_planned()
        elif not context.allows_another_paid_call():
            raise EndProcedure(Failed(DAILY_LIMIT, LOOKS_UP_LATER))
        intent = yield from _write_intent(context, change, voice)
        made = yield from _send(context, voice, intent)
        if made is not None:
            return made
        used_keys += 1
        if used_keys > _MAX_GENERATIONS:
            why = f"{key_in_use.DELETED}, and so were {_MAX_GENERATIONS} more"
            yield from Commit((key_in_use.as_unproven(intent.record, why, now=context.now),))
            raise EndProcedure(Failed(why, key_in_use.hint(voice)))
        change = yield from _next_generation(context, change, voice, intent)


def _write_intent(context: Context, change: Change, voice: Voice) -> Procedure[Intent]:
    """Writes the intent before the call, and binds the address to it, unless the change replaces an existing voice."""
    now, before = context.now, context.record(change.key)
    account = context.clouds[change.provider].provider.account
    record = transitions.intended(change, voice, account=account, before=before, now=now)
    sent_before = before.changed_at if before is not None and before.attempts > 0 else None
    held = context.at(voice.address)
    if change.candidate or (change.action is Action.REPLACE and held is not None):
        yield from Commit((record,), urgent=True, paid=context.paid_call())
        return Intent(record, sent_before=sent_before)
    records, rebind = [record], None
    if held is not None and held.external_task_id != record.external_task_id:
        if change.gone:
            records.append(transitions.tombstone(held, now=now))
        elif held.status is Status.INTENDED:
            records.append(transitions.ended(held, Status.LAPSED, now=now))
        else:
            rebind = held.external_task_id
    bound = {voice.address: record.external_task_id}
    yield from Commit(tuple(records), current=bound, urgent=True, paid=context.paid_call())
    return Intent(record, rebind, sent_before)


def _send(context: Context, voice: Voice, intent: Intent) -> Procedure[Record | None]:
    """Sends the call, and returns what it has made. None: its key was used long ago, so the call made nothing."""
    record, hidden = intent.record, ""
    found = yield from _look_up_earlier_send(context, intent)
    sends = 0
    while True:
        sends += 1
        if found is not None:
            return (yield from continue_with_found(context, voice, record, found))
        lost = ""
        answer = yield from Submit(voice, record)
        match answer:
            case Accepted(task_id=task_id):
                record = transitions.accepted(record, task_id, now=context.now)
                yield from Commit((record,), urgent=find_capability(context, record) == Unknowable())
                yield from Note(Kind.ACCEPTED)
                return (yield from await_voice(context, voice, record))
            case Done(remote=remote):
                return (yield from ready_or_failed(context, voice, record, remote))
            case Rejected(duplicate=True) if record.attempts == 1:
                return (yield from _key_was_used(context, voice, record))
            case Rejected(duplicate=True):
                hidden = hidden or _NOT_SHOWN
            case Rejected() if record.attempts > 1:
                # A cloud may refuse a call because it knows the key: only a look-up can tell.
                hidden = f"an earlier call may have made this voice, and the cloud refused the second: {answer.detail}"
            case Stopped() | Throttled() | Rejected():
                yield from end_without_voice(context, voice, record, intent.rebind, answer)
            case CloudError():
                lost = yield from _reply_lost(context, record, answer)
        found = yield from look_up(context, record, pauses=lookup_pauses(context, record, lost=lost), hidden=hidden)
        if found is None:
            if sends >= SENDS:
                yield from _end_after_sends(context, voice, record, lost)
            if not context.allows_another_paid_call():
                raise EndProcedure(Failed(f"{DAILY_LIMIT}: {lost or hidden}", LOOKS_UP_LATER))
            # The same key: if the first call arrives after all, the cloud refuses this one.
            record = replace(record, attempts=record.attempts + 1, changed_at=context.now)
            yield from Commit((record,), urgent=True, paid=context.paid_call())


def _reply_lost(context: Context, record: Record, answer: CloudError) -> Procedure[str]:
    """The reply was lost: returns why, if a look-up is possible. Else ends the procedure as uncertain."""
    match find_capability(context, record):
        case Unknowable():
            why = f"the call's reply was lost, and this cloud can't be queried: {answer.detail}"
            yield from end_as_uncertain(context, record, why)
        case ByList(lag=None):
            why = f"the call's reply was lost, and this cloud does not document when it lists a voice: {answer.detail}"
            yield from end_as_uncertain(context, record, why)
        case ByKey() | ByList():
            yield from Note(Kind.RETRYING, f"looking up what became of the call: {answer.detail}")
    return answer.detail


def _look_up_earlier_send(context: Context, intent: Intent) -> Procedure[RemoteVoice | None]:
    """Looks up what an earlier run's call has made, for clouds where a second send would be paid again."""
    record, by = intent.record, find_capability(context, intent.record)
    if not isinstance(by, ByList) or intent.sent_before is None:
        return None
    age = (context.now - intent.sent_before).total_seconds()
    # The longest time that the call may have waited to be sent, and then have been under way.
    longest = 2 * context.clouds[record.provider].task_timeout
    return (yield from look_up(context, record, pauses=(max(0.0, longest - age), by.lag or 0.0), hidden=""))


def continue_with_found(context: Context, voice: Voice, record: Record, remote: RemoteVoice) -> Procedure[Record]:
    """Continues with what a look-up found."""
    if remote.status is not TaskStatus.RUNNING:
        return (yield from ready_or_failed(context, voice, record, remote))
    record = transitions.seen(record, remote, now=context.now)
    yield from Commit((record,))
    yield from Note(Kind.ACCEPTED, "it had arrived")
    return (yield from await_voice(context, voice, record))


def await_voice(context: Context, voice: Voice, record: Record) -> Procedure[Record]:
    """Waits for the task's end, and returns the ready record."""
    while True:
        answer = yield from AwaitTask(record, or_missing=isinstance(find_capability(context, record), ByKey))
        match answer:
            case Overdue(missing=False):
                raise EndProcedure(overdue(context, record, answer))
            case Overdue():
                found = yield from look_up(context, record, pauses=lookup_pauses(context, record, lost=""), hidden="")
                if found is None:
                    yield from _end_deleted(context, record)
                elif found.status is not TaskStatus.RUNNING:
                    return (yield from ready_or_failed(context, voice, record, found))
            case RemoteVoice():
                return (yield from ready_or_failed(context, voice, record, answer))


def _end_deleted(context: Context, record: Record) -> Procedure[NoReturn]:
    """Ends after the cloud has shown the task of this creation, and shows it no more: somebody deleted the voice."""
    bound = {record.address: None} if context.is_current(record) else {}
    yield from Commit((transitions.tombstone(record, now=context.now),), current=bound)
    raise EndProcedure(Failed("its voice was deleted while it was made", RETRIES_LATER))


def ready_or_failed(context: Context, voice: Voice, record: Record, remote: RemoteVoice) -> Procedure[Record]:
    """The ready record. A failure is written with its reason, so that the voice is not paid for again."""
    record = transitions.seen(record, remote, now=context.now)
    if record.status in (Status.READY, Status.CANDIDATE):
        return record
    yield from Commit((record,))
    raise EndProcedure(Failed(record.message or "the cloud gave no reason", failure_hint(voice, record.cause)))


def _key_was_used(context: Context, voice: Voice, record: Record) -> Procedure[Record | None]:
    """Handles a first call that was refused because of its key: a run that this state does not know used the key."""
    record = key_in_use.as_refused(record, now=context.now)
    # Durable before the look-up: a run that dies here must not leave an intent that a list would resolve.
    yield from Commit((record,), urgent=True, paid=not_paid(record))
    remote = yield from key_in_use.made_by_key(context, voice, record)
    match remote:
        case key_in_use.Unproven(why=why):
            yield from Commit((key_in_use.as_unproven(record, why, now=context.now),))
            raise EndProcedure(Failed(why, key_in_use.hint(voice)))
        case None:
            return None
        case RemoteVoice():
            return (yield from continue_with_found(context, voice, record, remote))


def _next_generation(context: Context, change: Change, voice: Voice, intent: Intent) -> Procedure[Change]:
    """Writes a tombstone for the used key, and returns the change with the next key."""
    record = intent.record
    bound = {record.address: intent.rebind} if context.is_current(record) else {}
    yield from Commit((transitions.tombstone(record, now=context.now),), current=bound)
    yield from Note(Kind.RETRYING, key_in_use.DELETED)
    key, generation = markers.next_key(context.state, voice, above=record.generation)
    return replace(change, key=key, generation=generation, gone=False)


def _end_after_sends(context: Context, voice: Voice, record: Record, lost: str) -> Procedure[NoReturn]:
    """Ends after several sends: each was answered with an error, and the look-ups show that none was accepted."""
    why = f"sent {record.attempts} times, and nothing of it is shown: {lost}"
    if record.attempts < _MAX_SENDS:
        raise EndProcedure(Failed(why, LOOKS_UP_LATER))
    yield from Commit((transitions.failed(record, why, now=context.now),))
    raise EndProcedure(Failed(why, failure_hint(voice, None)))

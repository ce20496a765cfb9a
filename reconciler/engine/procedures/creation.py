"""How a voice is made: from the intent, over one paid call, to the voice that its task ends with.

The rule that money hangs on: only a proof clears an intent. `Rejected` and `Throttled` of a first sending are proofs.
After a second sending only what `find` shows is one (see `lookup`): the cloud's word that it knows the key ends the
sending, and where the voice stays unseen then, a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import NoReturn

from reconciler.engine.context import Context
from reconciler.engine.procedures import key_in_use
from reconciler.engine.procedures.lookup import finding, looked_up, unknowable, waits
from reconciler.engine.procedures.waiting import GOES_ON, NOT_KNOWN, TRIES_AGAIN, overdue
from reconciler.engine.steps import (
    AwaitTask,
    Commit,
    Failed,
    Left,
    Note,
    Over,
    Overdue,
    Procedure,
    Stopped,
    Submit,
    Turn,
)
from reconciler.errors import CloudError, Rejected, Throttled
from reconciler.hints import hint, way
from reconciler.model import transitions
from reconciler.model.events import Kind
from reconciler.model.manifest import Voice
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action, Change
from reconciler.model.state import Record, Status
from reconciler.planning import markers
from reconciler.planning.blocked_change import failure_hint
from reconciler.protocols import Accepted, ByKey, ByList, Done, Unknowable

SENDS = 3  # of one key in one run
_MOST_SENDINGS = 4 * SENDS  # of one key over all runs, until a person is asked
_GENERATIONS = 20  # of one address in one run whose keys turn out to be used up
_HIDDEN = "the cloud knows the key, and does not show its voice"


@dataclass(frozen=True, slots=True)
class Intent:
    """`rebind`: what the address meant before. `sent_before`: when an earlier run wrote that it would send the call."""

    record: Record
    rebind: str | None = None
    sent_before: datetime | None = None


def new_voice(context: Context, change: Change, voice: Voice) -> Procedure[Record]:
    """A voice under the change's key, ready, not yet written down. Raises Over where there is none."""
    used_up = 0
    while True:
        yield from Turn(voice)
        intent = yield from _intend(context, change, voice)
        made = yield from _sent(context, voice, intent)
        if made is not None:
            return made
        used_up += 1
        if used_up > _GENERATIONS:
            why = f"{key_in_use.DELETED}, and so were {_GENERATIONS} more"
            yield from Commit((key_in_use.unproven(intent.record, why, now=context.now),))
            raise Over(Failed(why, key_in_use.hint(voice)))
        change = yield from _next_generation(context, change, voice, intent)


def _intend(context: Context, change: Change, voice: Voice) -> Procedure[Intent]:
    """The intent, durable before the call. The address means it, unless a voice stands there that it replaces."""
    now, before = context.now, context.record(change.key)
    account = context.clouds[change.provider].provider.account
    record = transitions.intended(change, voice, account=account, before=before, now=now)
    sent_before = before.changed_at if before is not None and before.attempts > 0 else None
    held = context.at(voice.address)
    if change.action is Action.REPLACE and held is not None:
        yield from Commit((record,), urgent=True)
        return Intent(record, sent_before=sent_before)
    records, rebind = [record], None
    if held is not None and held.external_task_id != record.external_task_id:
        if change.gone:
            records.append(transitions.tombstone(held, now=now))
        elif held.status is Status.INTENDED:
            records.append(transitions.ended(held, Status.LAPSED, now=now))
        else:
            rebind = held.external_task_id
    yield from Commit(tuple(records), current={voice.address: record.external_task_id}, urgent=True)
    return Intent(record, rebind, sent_before)


def _sent(context: Context, voice: Voice, intent: Intent) -> Procedure[Record | None]:
    """The call, and what became of it. None: its key was used up long ago, so it made nothing."""
    record, hidden = intent.record, ""
    found = yield from _before_it_is_paid_again(context, intent)
    for sends in count(1):
        if found is not None:
            return (yield from arrived(context, voice, record, found))
        lost = ""
        answer = yield from Submit(voice, record)
        match answer:
            case Accepted(task_id=task_id):
                record = transitions.accepted(record, task_id, now=context.now)
                yield from Commit((record,), urgent=finding(context, record) == Unknowable())
                yield from Note(Kind.ACCEPTED)
                return (yield from awaited(context, voice, record))
            case Done(remote=remote):
                return (yield from ended(context, voice, record, remote))
            case Rejected(duplicate=True) if record.attempts == 1:
                return (yield from _forgotten(context, voice, record))
            case Rejected(duplicate=True):
                hidden = hidden or _HIDDEN
            case Rejected() if record.attempts > 1:
                # A refusal may be the cloud's way to say that it knows the key: only what is found tells.
                hidden = f"an earlier call may have made this voice, and the cloud refused the second: {answer.detail}"
            case Stopped() | Throttled() | Rejected():
                yield from _came_to_nothing(context, voice, record, intent.rebind, answer)
            case CloudError():
                lost = yield from _lost(context, record, answer)
        found = yield from looked_up(context, record, pauses=waits(context, record, lost=lost), hidden=hidden)
        if found is None:
            if sends >= SENDS:
                yield from _never_taken(context, voice, record, lost)
            # The same key: were the first call to arrive after all, the cloud refuses this one.
            record = record.model_copy(update={"attempts": record.attempts + 1, "changed_at": context.now})
            yield from Commit((record,), urgent=True)
    return None


def _came_to_nothing(
    context: Context, voice: Voice, record: Record, rebind: str | None, answer: Stopped | Throttled | Rejected
) -> Procedure[NoReturn]:
    """Proven: the call made nothing. What only a change of its inputs can mend is written down."""
    if isinstance(answer, Rejected) and not answer.spent:
        yield from Commit((transitions.failed(record, answer.detail, cause=answer.cause, now=context.now),))
        raise Over(Failed(answer.detail, failure_hint(voice, answer.cause)))
    yield from _withdrawn(context, record, rebind)
    match answer:
        case Stopped():
            raise Over(Left())
        case Throttled():
            raise Over(Failed(answer.detail, TRIES_AGAIN))
        case Rejected():
            raise Over(Failed(answer.detail, hint(way("Nothing was paid. Once that is granted", "apply"))))


def _lost(context: Context, record: Record, answer: CloudError) -> Procedure[str]:
    """Its reply was lost: why, where that can be looked up."""
    match finding(context, record):
        case Unknowable():
            why = f"the call's reply was lost, and this cloud can't be asked: {answer.detail}"
            yield from unknowable(context, record, why)
        case ByList(lag=None):
            why = f"the call's reply was lost, and nobody says how late this cloud lists a voice: {answer.detail}"
            yield from unknowable(context, record, why)
        case ByKey() | ByList():
            yield from Note(Kind.RETRYING, f"looking up what became of the call: {answer.detail}")
    return answer.detail


def _before_it_is_paid_again(context: Context, intent: Intent) -> Procedure[RemoteVoice | None]:
    """Where no key keeps a second sending from being paid: what an earlier run's sending left, if anything."""
    record, by = intent.record, finding(context, intent.record)
    if not isinstance(by, ByList) or intent.sent_before is None:
        return None
    age = (context.now - intent.sent_before).total_seconds()
    # So long the call may have waited to go out, and been under way.
    longest = 2 * context.clouds[record.provider].task_timeout
    return (yield from looked_up(context, record, pauses=(max(0.0, longest - age), by.lag or 0.0), hidden=""))


def arrived(context: Context, voice: Voice, record: Record, remote: RemoteVoice) -> Procedure[Record]:
    """What a look-up found."""
    if remote.status is not TaskStatus.RUNNING:
        return (yield from ended(context, voice, record, remote))
    record = transitions.seen(record, remote, now=context.now)
    yield from Commit((record,))
    yield from Note(Kind.ACCEPTED, "it had arrived")
    return (yield from awaited(context, voice, record))


def awaited(context: Context, voice: Voice, record: Record) -> Procedure[Record]:
    """Its task's end."""
    answer = yield from AwaitTask(record)
    if isinstance(answer, Overdue):
        raise Over(overdue(context, record, answer))
    return (yield from ended(context, voice, record, answer))


def ended(context: Context, voice: Voice, record: Record, remote: RemoteVoice) -> Procedure[Record]:
    """A voice, or none: then that is written down with the reason, so that it is not bought again."""
    record = transitions.seen(record, remote, now=context.now)
    if record.status is Status.READY:
        return record
    yield from Commit((record,))
    raise Over(Failed(record.message or "the cloud gave no reason", failure_hint(voice, record.cause)))


def _forgotten(context: Context, voice: Voice, record: Record) -> Procedure[Record | None]:
    """A first call refused because of its key: a run that this state does not know used it."""
    record = key_in_use.refused(record, now=context.now)
    # Durable before anything is looked up: a run that dies here must not leave an intent that a list settles.
    yield from Commit((record,), urgent=True)
    remote = yield from key_in_use.shown(context, voice, record)
    match remote:
        case key_in_use.Unproven(why=why):
            yield from Commit((key_in_use.unproven(record, why, now=context.now),))
            raise Over(Failed(why, key_in_use.hint(voice)))
        case None:
            return None
        case RemoteVoice():
            return (yield from arrived(context, voice, record, remote))


def _next_generation(context: Context, change: Change, voice: Voice, intent: Intent) -> Procedure[Change]:
    """The key is used up, which a tombstone remembers."""
    record = intent.record
    bound = {record.address: intent.rebind} if context.means(record) else {}
    yield from Commit((transitions.tombstone(record, now=context.now),), current=bound)
    yield from Note(Kind.RETRYING, key_in_use.DELETED)
    key, generation = markers.following(context.state, voice, above=record.generation)
    return change.model_copy(update={"key": key, "generation": generation, "gone": False})


def _withdrawn(context: Context, record: Record, rebind: str | None) -> Procedure[None]:
    """The intent of a call that provably did nothing is taken back, as if it had never begun."""
    before = transitions.unsent(record)
    if before.attempts > 0:
        yield from Commit((before,))
        return
    bound = {record.address: rebind} if context.means(record) else {}
    yield from Commit(current=bound, without=(record.external_task_id,))


def _never_taken(context: Context, voice: Voice, record: Record, lost: str) -> Procedure[NoReturn]:
    """The cloud answers each sending with an error, and shows that it took none of them."""
    if not lost:
        raise Over(Failed(NOT_KNOWN, GOES_ON))
    why = f"sent {record.attempts} times, and nothing of it is shown: {lost}"
    if record.attempts < _MOST_SENDINGS:
        raise Over(Failed(why, GOES_ON))
    yield from Commit((transitions.failed(record, why, now=context.now),))
    raise Over(Failed(why, failure_hint(voice, None)))

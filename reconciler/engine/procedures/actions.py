"""Each action of a plan, as one procedure."""

from __future__ import annotations

from reconciler.engine.context import Context
from reconciler.engine.procedures.creation import awaited, new_voice
from reconciler.engine.procedures.deletion import deleted, deposed, is_nameless, let_go
from reconciler.engine.procedures.update_activate import update_and_activate
from reconciler.engine.procedures.waiting import TRIES_AGAIN
from reconciler.engine.steps import After, Blocked, Commit, End, Failed, Finished, Left, Over, Procedure
from reconciler.model import transitions
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action, Change
from reconciler.model.state import LIVE, Record, Status
from reconciler.planning.provider_moves import rebound
from reconciler.protocols import Unknowable

_STILL_THERE = "its old voice could not be deleted, and create_before_destroy is false"
_UNKNOWABLE = "an earlier run was interrupted during this call, and nobody can tell what it left"


def procedure(context: Context, change: Change, voice: Voice | None) -> Procedure[End]:
    """The life of this change, to its end."""
    try:
        yield from _same_account(context, change)
        return (yield from _acted(context, change, voice))
    except Over as over:
        return over.end


def _acted(context: Context, change: Change, voice: Voice | None) -> Procedure[End]:
    match change.action, voice:
        case ((Action.CREATE | Action.CLONE), Voice()):
            return (yield from create(context, change, voice))
        case ((Action.RECOVER | Action.RESUME), Voice()):
            return (yield from take(context, change, voice))
        case Action.REPLACE, Voice():
            return (yield from replace(context, change, voice))
        case Action.UPDATE, Voice():
            return (yield from update(context, change, voice))
        case Action.DELETE, _:
            return (yield from delete(context, change))
        case Action.FORGET, _:
            return (yield from forget(context, change))
        case Action.BLOCKED, _:
            return (yield from leave_to_a_person(context, change))
        case Action.MOVE, _:
            return Finished()  # all of a plan's moves are written together, before anything else
        case _:
            return Left()


def create(context: Context, change: Change, voice: Voice) -> Procedure[End]:
    yield from _as_found(context, change)
    if not voice.lifecycle.create_before_destroy:
        # A replace that was killed between its halves: the old voice goes first.
        ended = yield from After(voice.address)
        if ended is not None:
            raise Over(Left() if isinstance(ended, Left) else Failed(_STILL_THERE, TRIES_AGAIN))
    made = yield from new_voice(context, change, voice)
    return (yield from _takes_its_place(context, change, voice, made))


def replace(context: Context, change: Change, voice: Voice) -> Procedure[End]:
    """The new voice first, unless the manifest says otherwise: so that the address is never without one.

    Killed before the new voice has its address, the next run looks up what its key made, and goes on. Killed after
    that, the old voice is deposed already, in the same write: the next plan deletes it, once `keep_old` is over. Where
    the old voice goes first, it is deposed before it is deleted, so the next plan is a `create`, which waits for that
    deletion if it is still to be done.
    """
    old = yield from _as_found(context, change)
    if change.made is not None:
        return (yield from take(context, change, voice))
    if old is not None and not voice.lifecycle.create_before_destroy and _deletable(context, old):
        old = yield from deposed(context, old, by=change.key)
        yield from deleted(context, old)
    made = yield from new_voice(context, change, voice)
    return (yield from _takes_its_place(context, change, voice, made))


def take(context: Context, change: Change, voice: Voice) -> Procedure[End]:
    """A voice that was made already, by an interrupted run or by others: no call."""
    remote, known = change.made, context.record(change.key)
    if remote is None:
        return Left()
    made = _as_made(context, change, voice, remote, known)
    if remote.status is TaskStatus.RUNNING:
        bound = {voice.address: made.external_task_id} if context.at(voice.address) is None else {}
        yield from Commit((made,), current=bound)
        made = yield from awaited(context, voice, made)
    return (yield from _takes_its_place(context, change, voice, made))


def update(context: Context, change: Change, voice: Voice) -> Procedure[End]:
    record = yield from _as_found(context, change)
    if record is None:
        return Finished()
    record = transitions.updated(record, voice)
    yield from Commit((record,))
    record = yield from update_and_activate(change, voice, record)
    return Finished(record.voice_id)


def delete(context: Context, change: Change) -> Procedure[End]:
    old = yield from _as_found(context, change)
    if old is not None:
        old = yield from deposed(context, old, by=old.deposed_by)
        yield from deleted(context, old)
    return Finished()


def forget(context: Context, change: Change) -> Procedure[End]:
    record = yield from _as_found(context, change)
    if record is not None:
        yield from let_go(context, record, stays=change.abandons)
    return Finished()


def leave_to_a_person(context: Context, change: Change) -> Procedure[End]:
    """An intent of an earlier run that no cloud can settle is uncertain from now on."""
    record = context.record(change.record)
    if record is not None and record.status is not Status.DEPOSED:  # that one is there, and still to be deleted
        record = yield from _as_found(context, change)
    if record is not None and record.status is Status.INTENDED and _is_unknowable(context, record):
        yield from Commit((transitions.uncertain(record, _UNKNOWABLE, now=context.now),))
    return Blocked()


# -- what they share ---------------------------------------------------------------------------------------------------


def _takes_its_place(context: Context, change: Change, voice: Voice, made: Record) -> Procedure[End]:
    """The address means the new voice, in the write that deposes the old one; then that is deleted."""
    made, held = transitions.updated(made, voice), context.at(voice.address)
    old = None
    if held is not None and held.external_task_id != made.external_task_id:
        old = _superseded(context, held, made, keep_old=voice.lifecycle.keep_old)
    written = (made,) if old is None else (old, made)
    urgent = _is_unknowable(context, made)
    yield from Commit(written, current={voice.address: made.external_task_id}, urgent=urgent)
    made = yield from update_and_activate(change, voice, made)
    if old is not None and old.status is Status.DEPOSED and not old.lifecycle.keep_old:
        yield from deleted(context, old)
    elif old is not None and is_nameless(old):
        yield from let_go(context, old, stays=True)
    return Finished(made.voice_id)


def _superseded(context: Context, held: Record, by: Record, *, keep_old: float | None) -> Record:
    if held.status not in LIVE:
        return held
    if held.origin is Origin.OFFICIAL:
        return transitions.tombstone(held, now=context.now)
    if held.status is Status.INTENDED:
        return transitions.ended(held, Status.LAPSED, now=context.now)
    if _deletable(context, held):
        return transitions.deposed(held, by=by.external_task_id, keep_old=keep_old, now=context.now)
    # Where its task runs, nothing else tells what it makes: it is let go once that has ended.
    return held if is_nameless(held) else transitions.ended(held, Status.ABANDONED, now=context.now)


def _as_made(context: Context, change: Change, voice: Voice, remote: RemoteVoice, known: Record | None) -> Record:
    if known is not None:
        return transitions.seen(known, remote, now=context.now).model_copy(update={"deposed_by": None})
    account = context.clouds[change.provider].provider.account
    return transitions.bound(change, voice, remote, account=account, now=context.now)


def _as_found(context: Context, change: Change) -> Procedure[Record | None]:
    """The record acted on, as the plan found it: written down, because what follows builds on it."""
    record = context.record(change.record)
    if record is None or change.found is None:
        return record
    record = transitions.seen(record, change.found, now=context.now)
    yield from Commit((record,))
    return record


def _same_account(context: Context, change: Change) -> Procedure[None]:
    """The same account under another name: written down before anything that builds on it."""
    known = [record for key in change.rebinds if (record := context.record(key)) is not None]
    if known:
        account = context.clouds[change.provider].provider.account
        yield from Commit(tuple(rebound(record, provider=change.provider, account=account) for record in known))


def _is_unknowable(context: Context, record: Record) -> bool:
    cloud = context.clouds.get(record.provider)
    return cloud is not None and cloud.can(record.method).found == Unknowable()


def _deletable(context: Context, record: Record) -> bool:
    return context.clouds[record.provider].can(record.method).can_delete(record)

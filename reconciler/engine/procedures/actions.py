"""The procedures: one for each action of a plan."""

from __future__ import annotations

import dataclasses

from reconciler.engine.context import Context
from reconciler.engine.procedures.candidate import keep_as_candidate
from reconciler.engine.procedures.creation import await_voice, new_voice
from reconciler.engine.procedures.deletion import await_outputs, delete_voice, depose, has_no_id_yet, release
from reconciler.engine.procedures.update_activate import update_and_activate
from reconciler.engine.procedures.waiting import RETRIES_LATER
from reconciler.engine.steps import (
    AwaitDeletes,
    Blocked,
    Commit,
    End,
    EndProcedure,
    Failed,
    Finished,
    Left,
    Procedure,
)
from reconciler.model import transitions
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action, Change
from reconciler.model.state import LIVE, Record, Status
from reconciler.planning.provider_moves import rebound
from reconciler.protocols.provider import Unknowable

_OLD_NOT_DELETED = "its old voice could not be deleted, and create_before_destroy is false"
_UNKNOWABLE = "an earlier run was interrupted during this call, and its outcome is unknown"


def procedure(context: Context, change: Change, voice: Voice | None) -> Procedure[End]:
    """Carries out this change, and returns how it ended."""
    try:
        yield from _rebind_records(context, change)
        return (yield from _run_action(context, change, voice))
    except EndProcedure as ended:
        return ended.end


def _run_action(context: Context, change: Change, voice: Voice | None) -> Procedure[End]:
    if change.refresh:
        return (yield from refresh(context, change))
    match change.action, voice:
        case ((Action.CREATE | Action.CLONE), Voice()):
            return (yield from create(context, change, voice))
        case ((Action.RECOVER | Action.RESUME), Voice()):
            return (yield from adopt(context, change, voice))
        case Action.REPLACE, Voice():
            return (yield from replace(context, change, voice))
        case Action.UPDATE, Voice():
            return (yield from update(context, change, voice))
        case Action.DELETE, _:
            return (yield from delete(context, change, voice))
        case Action.FORGET, _:
            return (yield from forget(context, change))
        case Action.BLOCKED, _:
            return (yield from block(context, change))
        case Action.MOVE, _:
            return Finished()  # the executor writes all moves of a plan together, before all other changes
        case _:
            return Left()


def create(context: Context, change: Change, voice: Voice) -> Procedure[End]:
    """Creates a voice for an address that has none."""
    yield from _write_found(context, change)
    if not voice.lifecycle.create_before_destroy:
        # An interrupted replace may have left the old voice: its deletion comes first.
        ended = yield from AwaitDeletes(voice.address)
        if ended is not None:
            raise EndProcedure(Left() if isinstance(ended, Left) else Failed(_OLD_NOT_DELETED, RETRIES_LATER))
    made = yield from new_voice(context, change, voice)
    return (yield from _use(context, change, voice, made))


def replace(context: Context, change: Change, voice: Voice) -> Procedure[End]:
    """Creates the new voice before it deletes the old one, unless `create_before_destroy` is false.

    If the run is killed before the new voice is bound, the next run looks it up by its key and continues. If it is
    killed later, the old voice is already deposed, by the same write: the next plan deletes it once `keep_old` is
    over. Where the old voice is deleted first, it is deposed before that, so the next plan is a `create`, which waits
    for that deletion.
    """
    old = yield from _write_found(context, change)
    if change.made is not None:
        return (yield from adopt(context, change, voice))
    if old is not None and not voice.lifecycle.create_before_destroy and _deletable(context, old):
        yield from await_outputs(old, before_new=True)
        old = yield from depose(context, old, by=change.key)
        yield from delete_voice(context, old, before_new=True)
    made = yield from new_voice(context, change, voice)
    return (yield from _bind_and_delete_old(context, change, voice, made))


def adopt(context: Context, change: Change, voice: Voice) -> Procedure[End]:
    """Adopts a voice that an interrupted run or another tool has made. Makes no call."""
    remote, known = change.made, context.record(change.key)
    if remote is None:
        return Left()
    made = _adopted_record(context, change, voice, remote, known)
    if remote.status is TaskStatus.RUNNING:
        bound = {voice.address: made.external_task_id} if context.at(voice.address) is None else {}
        yield from Commit((made,), current=bound)
        made = yield from await_voice(context, voice, made)
    return (yield from _use(context, change, voice, made))


def update(context: Context, change: Change, voice: Voice) -> Procedure[End]:
    """Updates the voice that the address has: in the state, and in its cloud where the change says so."""
    record = yield from _write_found(context, change)
    if record is None:
        return Finished()
    # Without an identity it is beside a candidate, which has the declared inputs.
    record = transitions.labelled(record, voice) if change.identity is None else transitions.updated(record, voice)
    yield from Commit((record,))
    record = yield from update_and_activate(context, change, voice, record)
    return Finished(record.voice_id)


def delete(context: Context, change: Change, voice: Voice | None) -> Procedure[End]:
    """Deletes the voice of a record. `voice`: what its address declares; it may have to wait for this deletion."""
    old = yield from _write_found(context, change)
    if old is not None:
        old = yield from depose(context, old, by=old.deposed_by)
        before_new = voice is not None and not voice.lifecycle.create_before_destroy
        yield from delete_voice(context, old, before_new=before_new)
    return Finished()


def forget(context: Context, change: Change) -> Procedure[End]:
    """Releases a record without a delete call."""
    record = yield from _write_found(context, change)
    if record is not None:
        yield from release(context, record, stays=change.abandons)
    return Finished()


def refresh(context: Context, change: Change) -> Procedure[End]:
    """Writes what the account shows of a voice into its record. Makes no call."""
    if change.action is Action.BLOCKED:
        return Blocked()
    record = yield from _write_found(context, change)
    if record is not None and change.gone:
        gone = transitions.tombstone(record, now=context.now)
        bound = {record.address: None} if context.is_current(record) else {}
        yield from Commit((gone,), current=bound)
    return Finished()


def block(context: Context, change: Change) -> Procedure[End]:
    """Ends a blocked change. An intent of an earlier run that no cloud can look up is marked as uncertain."""
    record = context.record(change.record)
    if record is not None and record.status is not Status.DEPOSED:  # a deposed voice exists and is to be deleted
        record = yield from _write_found(context, change)
    if record is not None and record.status is Status.INTENDED and _is_unknowable(context, record):
        yield from Commit((transitions.uncertain(record, _UNKNOWABLE, now=context.now),))
    return Blocked()


# -- shared steps ------------------------------------------------------------------------------------------------------


def _use(context: Context, change: Change, voice: Voice, made: Record) -> Procedure[End]:
    """Makes the finished voice current, or keeps it as a candidate."""
    if change.candidate:
        return (yield from keep_as_candidate(context, change, voice, made))
    return (yield from _bind_and_delete_old(context, change, voice, made))


def _bind_and_delete_old(context: Context, change: Change, voice: Voice, made: Record) -> Procedure[End]:
    """Binds the address to the new voice, in the write that deposes the old one. Then deletes the old one."""
    made, current = transitions.updated(made, voice), context.at(voice.address)
    old = None
    if current is not None and current.external_task_id != made.external_task_id:
        old = _superseded(context, current, made, keep_old=voice.lifecycle.keep_old)
    written = (made,) if old is None else (old, made)
    urgent = _is_unknowable(context, made)
    yield from Commit(written, current={voice.address: made.external_task_id}, urgent=urgent)
    made = yield from update_and_activate(context, change, voice, made)
    if old is not None and old.status is Status.DEPOSED and not old.lifecycle.keep_old:
        yield from delete_voice(context, old)
    elif old is not None and has_no_id_yet(old):
        yield from release(context, old, stays=True)
    return Finished(made.voice_id)


def _superseded(context: Context, current: Record, by: Record, *, keep_old: float | None) -> Record:
    if current.status not in LIVE:
        return current
    if current.origin is Origin.OFFICIAL:
        return transitions.tombstone(current, now=context.now)
    if current.status is Status.INTENDED:
        return transitions.ended(current, Status.LAPSED, now=context.now)
    if _deletable(context, current):
        return transitions.deposed(current, by=by.external_task_id, keep_old=keep_old, now=context.now)
    # While its task runs, only the task can tell the voice_id: the record is released after the task has ended.
    return current if has_no_id_yet(current) else transitions.ended(current, Status.ABANDONED, now=context.now)


def _adopted_record(
    context: Context, change: Change, voice: Voice, remote: RemoteVoice, known: Record | None
) -> Record:
    if known is not None:
        adopted = dataclasses.replace(known, deposed_by=None, for_review=change.candidate, rejected=False)
        return transitions.seen(adopted, remote, now=context.now)
    account = context.clouds[change.provider].provider.account
    return transitions.bound(change, voice, remote, account=account, now=context.now)


def _write_found(context: Context, change: Change) -> Procedure[Record | None]:
    """The record that the change acts on, after its observation is written: later steps depend on it."""
    record = context.record(change.record)
    if record is not None and change.rejects:
        record = dataclasses.replace(record, rejected=True)
    if record is None or change.found is None:
        return record
    record = transitions.seen(record, change.found, now=context.now)
    yield from Commit((record,))
    return record


def _rebind_records(context: Context, change: Change) -> Procedure[None]:
    """Writes the provider's new name into the records of an account that was renamed, before any other step."""
    known = [record for key in change.rebinds if (record := context.record(key)) is not None]
    if known:
        account = context.clouds[change.provider].provider.account
        yield from Commit(tuple(rebound(record, provider=change.provider, account=account) for record in known))


def _is_unknowable(context: Context, record: Record) -> bool:
    cloud = context.clouds.get(record.provider)
    return cloud is not None and cloud.can(record.method).found == Unknowable()


def _deletable(context: Context, record: Record) -> bool:
    return context.clouds[record.provider].can(record.method).can_delete(record)

"""Deletes voices, and releases records without a delete call. Only voices that have a record come here.

The record is deposed before the call: if the run is killed in between, the next run deletes the voice.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.engine.context import Context
from reconciler.engine.procedures.waiting import RETRIES_LATER, overdue, runs_too_long
from reconciler.engine.steps import (
    AwaitOutputs,
    AwaitTask,
    Commit,
    Delete,
    EndProcedure,
    Failed,
    Held,
    Left,
    Overdue,
    Procedure,
    Stopped,
)
from reconciler.errors import CloudError, Rejected
from reconciler.model import transitions
from reconciler.model.observed import TaskStatus
from reconciler.model.state import Record, Status


def depose(context: Context, old: Record, *, by: str | None) -> Procedure[Record]:
    """Marks the record as deposed, and unbinds its address."""
    bound = {old.address: None} if context.is_current(old) else {}
    old = transitions.deposed(old, by=by, keep_old=None, now=context.now)
    yield from Commit((old,), current=bound, urgent=True)
    return old


def await_outputs(old: Record, *, before_new: bool = False) -> Procedure[None]:
    """Waits until the voice may be deleted: no file for applications names it. Raises EndProcedure if one will."""
    waited = yield from AwaitOutputs(old, before_new)
    match waited:
        case None:
            return
        case Stopped():
            raise EndProcedure(Left())
        case Held(why=why):
            raise EndProcedure(Failed(f"{old.voice_id} is not deleted: {why}", RETRIES_LATER))


def delete_voice(context: Context, old: Record, *, before_new: bool = False) -> Procedure[None]:
    """Deletes a deposed voice. A running task can't be stopped, so this waits until it has ended.

    `before_new`: files may still name it, since its new voice is made after this.
    """
    if old.voice_id is None:
        ended = yield from AwaitTask(old)
        if isinstance(ended, Overdue):
            raise EndProcedure(overdue(context, old, ended))
        if ended.status is TaskStatus.FAILED:
            yield from Commit((transitions.tombstone(old, now=context.now),))
            return
        old = replace(old, voice_id=ended.voice_id)
        yield from Commit((old,), urgent=True)
    yield from await_outputs(old, before_new=before_new)
    answer = yield from Delete(old)
    match answer:
        case None | Rejected(absent=True):
            # Absent counts as deleted: the plan deletes only what this run has seen, so an earlier try of ours did it.
            yield from Commit((transitions.tombstone(old, now=context.now),))
        case Stopped():
            raise EndProcedure(Left())
        case CloudError():
            raise EndProcedure(
                Failed(f"could not delete {old.voice_id}: {answer.detail}", answer.hint or RETRIES_LATER)
            )


def release(context: Context, old: Record, *, stays: bool) -> Procedure[None]:
    """Releases a record without a delete call. If the voice `stays` in its cloud, the record is kept as abandoned.

    While its task runs, this waits for the voice_id, so that the voice can be adopted again later.
    """
    if stays and has_no_id_yet(old):
        ended = yield from AwaitTask(old)
        if not isinstance(ended, Overdue):
            old = transitions.seen(old, ended, now=context.now)
        elif not runs_too_long(context, old):
            raise EndProcedure(overdue(context, old, ended))
    if old.status is Status.FAILED or not (stays or old.status is Status.INTENDED):
        kept = transitions.tombstone(old, now=context.now)
    else:
        kept = transitions.ended(old, Status.ABANDONED if stays else Status.LAPSED, now=context.now)
    yield from Commit((kept,), current={old.address: None} if context.is_current(old) else {})


def has_no_id_yet(record: Record) -> bool:
    """Whether the record has no voice_id yet, and only its running task can tell it."""
    return record.status is Status.RUNNING and record.task_id is not None and not record.named

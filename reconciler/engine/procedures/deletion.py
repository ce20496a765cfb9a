"""How a voice is deleted, or let go. Only voices of our own records come here.

The record is deposed before the call: killed in between, the next run deletes it, whatever the list says.
"""

from __future__ import annotations

from reconciler.engine.context import Context
from reconciler.engine.procedures.waiting import TRIES_AGAIN, is_endless, overdue
from reconciler.engine.steps import AwaitTask, Commit, Delete, Failed, Left, Over, Overdue, Procedure, Stopped
from reconciler.errors import CloudError, Rejected
from reconciler.model import transitions
from reconciler.model.observed import TaskStatus
from reconciler.model.state import Record, Status


def deposed(context: Context, old: Record, *, by: str | None) -> Procedure[Record]:
    """The address means it no more."""
    bound = {old.address: None} if context.means(old) else {}
    old = transitions.deposed(old, by=by, keep_old=None, now=context.now)
    yield from Commit((old,), current=bound, urgent=True)
    return old


def deleted(context: Context, old: Record) -> Procedure[None]:
    """A deposed voice, once there is one: a task can't be stopped, so its end is waited for."""
    if old.voice_id is None:
        ended = yield from AwaitTask(old)
        if isinstance(ended, Overdue):
            raise Over(overdue(context, old, ended))
        if ended.status is TaskStatus.FAILED:
            yield from Commit((transitions.tombstone(old, now=context.now),))
            return
        old = old.model_copy(update={"voice_id": ended.voice_id})
        yield from Commit((old,), urgent=True)
    answer = yield from Delete(old)
    match answer:
        case None | Rejected(absent=True):
            # Absent counts: the plan deletes only what this run has seen, so an earlier try of ours did it.
            yield from Commit((transitions.tombstone(old, now=context.now),))
        case Stopped():
            raise Over(Left())
        case CloudError():
            raise Over(Failed(f"could not delete {old.voice_id}: {answer.detail}", answer.hint or TRIES_AGAIN))


def let_go(context: Context, old: Record, *, stays: bool) -> Procedure[None]:
    """It leaves the state without a call. One that `stays` in its cloud stays in sight, once its task tells its id."""
    if stays and is_nameless(old):
        ended = yield from AwaitTask(old)
        if not isinstance(ended, Overdue):
            old = transitions.seen(old, ended, now=context.now)
        elif not is_endless(context, old):
            raise Over(overdue(context, old, ended))
    if old.status is Status.FAILED or not (stays or old.status is Status.INTENDED):
        kept = transitions.tombstone(old, now=context.now)
    else:
        kept = transitions.ended(old, Status.ABANDONED if stays else Status.LAPSED, now=context.now)
    yield from Commit((kept,), current={old.address: None} if context.means(old) else {})


def is_nameless(record: Record) -> bool:
    """Whether its task runs, and nothing else tells what it makes."""
    return record.status is Status.RUNNING and record.task_id is not None and not record.named

"""Ends a creation whose call provably made nothing, and takes its call back from the count of the day's paid calls."""

from __future__ import annotations

from typing import NoReturn

from reconciler.engine.context import Context
from reconciler.engine.procedures.waiting import RETRIES_LATER
from reconciler.engine.steps import Commit, EndProcedure, Failed, Left, Procedure, Stopped
from reconciler.errors import Rejected, Throttled
from reconciler.hints import hint, way
from reconciler.model import transitions
from reconciler.model.manifest import Voice
from reconciler.model.paid_calls import PaidCalls
from reconciler.model.state import Record
from reconciler.planning.blocked_change import failure_hint


def not_paid(record: Record) -> PaidCalls:
    """What takes back the last counted call of a record."""
    return PaidCalls(record.changed_at.date(), -1)


def end_without_voice(
    context: Context, voice: Voice, record: Record, rebind: str | None, answer: Stopped | Throttled | Rejected
) -> Procedure[NoReturn]:
    """Ends after a call that provably made nothing. A failure that only other inputs can cure is recorded."""
    if isinstance(answer, Rejected) and not answer.spent:
        refused = transitions.failed(record, answer.detail, cause=answer.cause, now=context.now)
        yield from Commit((refused,), paid=not_paid(record))
        raise EndProcedure(Failed(answer.detail, failure_hint(voice, answer.cause)))
    yield from _withdraw_intent(context, record, rebind)
    match answer:
        case Stopped():
            raise EndProcedure(Left())
        case Throttled():
            raise EndProcedure(Failed(answer.detail, RETRIES_LATER))
        case Rejected():
            raise EndProcedure(Failed(answer.detail, hint(way("Nothing was paid. Once that is granted", "apply"))))


def _withdraw_intent(context: Context, record: Record, rebind: str | None) -> Procedure[None]:
    """Removes the intent of a call that provably did nothing, as if it had never been written."""
    before = transitions.unsent(record)
    if before.attempts > 0:
        yield from Commit((before,), paid=not_paid(record))
        return
    bound = {record.address: rebind} if context.is_current(record) else {}
    yield from Commit(current=bound, without=(record.external_task_id,), paid=not_paid(record))

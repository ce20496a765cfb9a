"""Activates and updates an existing voice. The activation is its first use, which is paid.

The activation is recorded before its call, and the call is never repeated automatically: after a lost reply, the
cloud's list shows whether it was made. If an earlier run died in between, the list is read first, several times: the
call may never have been sent. A successful activation is looked up in the list as well: only a voice that was listed
once can later count as gone.
"""

from __future__ import annotations

from itertools import count

from reconciler.engine.context import Context
from reconciler.engine.procedures.waiting import MAX_LOOKUPS, RETRIES_LATER, backoff
from reconciler.engine.steps import (
    Activate,
    Commit,
    Doubtful,
    EndProcedure,
    Failed,
    Find,
    Left,
    Note,
    Procedure,
    Stopped,
    Update,
)
from reconciler.errors import CloudError, Rejected, Throttled
from reconciler.hints import hint, way
from reconciler.model import transitions
from reconciler.model.events import Kind
from reconciler.model.manifest import Voice
from reconciler.model.observed import Found, Observation, Unknown, Unverifiable
from reconciler.model.paid_calls import PaidCalls
from reconciler.model.plan import Change
from reconciler.model.state import MADE, Activation, Record


def update_and_activate(context: Context, change: Change, voice: Voice, record: Record) -> Procedure[Record]:
    """Makes the voice what its entry declares. Raises EndProcedure if a call fails."""
    if change.activates and record.activation not in MADE:
        record = yield from _activate(context, change, voice, record)
    if change.in_place:
        record = yield from _update(change, voice, record)
    return record


def _activate(context: Context, change: Change, voice: Voice, record: Record) -> Procedure[Record]:
    first_try, today = record.activation is None, context.paid_call()
    context.allowance.begin_planned()
    if record.activation is Activation.BEGUN:
        seen = yield from _look_up_activation(record, after=0.0)
        if seen is None:
            raise EndProcedure(_activation_unknown(change))
        if isinstance(seen, Found):
            return (yield from _write_activation(record, Activation.DONE))
        if not isinstance(seen, Unverifiable):
            raise EndProcedure(_activation_unknown(change))
        # the list was read, and does not show the voice, so it was not activated
        yield from Commit(urgent=True, paid=today)
    else:
        record = transitions.activating(record, Activation.BEGUN)
        yield from Commit((record,), urgent=True, paid=today)
    answer = yield from Activate(voice, record)
    match answer:
        case None:
            record = yield from _write_activation(record, Activation.USED)
            return (yield from _confirm_activation(record))
        case CloudError() if not isinstance(answer, Rejected | Throttled):
            yield from Note(Kind.RETRYING, f"looking whether it was used: {answer.detail}")
            if isinstance((yield from _look_up_activation(record, after=1.0)), Found):
                return (yield from _write_activation(record, Activation.DONE))
            yield from _write_activation(record, Activation.UNCERTAIN)
            raise EndProcedure(_activation_unknown(change))
        case _:
            before = (transitions.activating(record, None),) if first_try else ()
            yield from Commit(before, paid=PaidCalls(today.day, -1))
            raise EndProcedure(_not_activated(change, answer.error if isinstance(answer, Stopped) else answer))


def _look_up_activation(record: Record, *, after: float) -> Procedure[Observation | None]:
    """Looks up in the list whether the voice was activated: Found if it was. None: the run ends before the answer."""
    for looks in count(1):
        seen = yield from Find(record, after)
        if isinstance(seen, Stopped):
            return None
        if (isinstance(seen, Found) and seen.remote.active) or looks >= MAX_LOOKUPS:
            return seen if not isinstance(seen, Found) or seen.remote.active else Unknown(why="it was not used yet")
        after = backoff(looks)
    return None


def _confirm_activation(record: Record) -> Procedure[Record]:
    """Waits after an activation until the cloud lists the voice."""
    seen = yield from _look_up_activation(record, after=0.0)
    if seen is None:
        detail = "the voice exists and was used; the run ended before the cloud listed it"
        raise EndProcedure(Failed(detail, hint("The next apply goes on with it.")))
    return (yield from _write_activation(record, Activation.DONE if isinstance(seen, Found) else Activation.USED))


def _write_activation(record: Record, activation: Activation) -> Procedure[Record]:
    record = transitions.activating(record, activation)
    yield from Commit((record,), urgent=True)
    return record


def _activation_unknown(change: Change) -> Doubtful:
    detail = "the voice exists; it is unknown whether it was activated, and the cloud does not list it yet"
    return Doubtful(
        detail, hint("The next apply looks again", way("to pay for another call", "--retry", change.address))
    )


def _not_activated(change: Change, error: CloudError | None) -> Failed | Left:
    """The end of a change whose activation call provably did nothing."""
    if error is None:
        return Left()
    detail = f"the voice was not activated: {error.detail}"
    if isinstance(error, Rejected) and error.absent:
        replace_hint = way("If its cloud dropped it unused, pay for a new one", "--replace", change.address)
        return Failed(detail, hint(replace_hint))
    return Failed(detail, error.hint or RETRIES_LATER)


def _update(change: Change, voice: Voice, record: Record) -> Procedure[Record]:
    answer = yield from Update(voice, record, change.in_place)
    match answer:
        case None:
            record = transitions.changed_in_place(record, voice, change.in_place)
            yield from Commit((record,))
            return record
        case Stopped():
            raise EndProcedure(_not_updated(answer.error))
        case CloudError():
            raise EndProcedure(_not_updated(answer))


def _not_updated(error: CloudError | None) -> Failed | Left:
    if error is None:
        return Left()
    return Failed(f"could not be updated: {error.detail}", error.hint or RETRIES_LATER)

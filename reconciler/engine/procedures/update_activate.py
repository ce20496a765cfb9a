"""What a voice that stands still needs: its first use, which is paid, and keys that its cloud is told anew.

A first use is durable before its call and is never called twice by itself: after a lost reply the cloud's list tells.
Where an earlier run died in between, the list is looked at first, and for a while: the call may never have gone out.
One that was made is looked for as well: only a voice that the list has shown can look gone later.
"""

from __future__ import annotations

from itertools import count

from reconciler.engine.procedures.waiting import LOOKS, TRIES_AGAIN, backoff
from reconciler.engine.steps import (
    Activate,
    Commit,
    Doubtful,
    Failed,
    Find,
    Left,
    Note,
    Over,
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
from reconciler.model.plan import Change
from reconciler.model.state import MADE, Activation, Record


def update_and_activate(change: Change, voice: Voice, record: Record) -> Procedure[Record]:
    """The voice as it is declared. Raises Over where that can't be had."""
    if change.activates and record.activation not in MADE:
        record = yield from _activate(change, voice, record)
    if change.in_place:
        record = yield from _update(change, voice, record)
    return record


def _activate(change: Change, voice: Voice, record: Record) -> Procedure[Record]:
    unused = record.activation is None
    if record.activation is Activation.BEGUN:
        seen = yield from _listed(record, after=0.0)
        if seen is None:
            raise Over(_not_known(change))
        if isinstance(seen, Found):
            return (yield from _noted(record, Activation.DONE))
        if not isinstance(seen, Unverifiable):
            raise Over(_not_known(change))
        # the list was read, and showed no voice that was used
    else:
        record = transitions.activating(record, Activation.BEGUN)
        yield from Commit((record,), urgent=True)
    answer = yield from Activate(voice, record)
    match answer:
        case None:
            record = yield from _noted(record, Activation.USED)
            return (yield from _confirmed(record))
        case CloudError() if not isinstance(answer, Rejected | Throttled):
            yield from Note(Kind.RETRYING, f"looking whether it was used: {answer.detail}")
            if isinstance((yield from _listed(record, after=1.0)), Found):
                return (yield from _noted(record, Activation.DONE))
            yield from _noted(record, Activation.UNCERTAIN)
            raise Over(_not_known(change))
        case _:
            if unused:
                yield from Commit((transitions.activating(record, None),))
            raise Over(_not_used(change, answer.error if isinstance(answer, Stopped) else answer))


def _listed(record: Record, *, after: float) -> Procedure[Observation | None]:
    """What the list shows of a voice that may have been used: Found once it was. None: the run ends before."""
    for looks in count(1):
        seen = yield from Find(record, after)
        if isinstance(seen, Stopped):
            return None
        if (isinstance(seen, Found) and seen.remote.active) or looks >= LOOKS:
            return seen if not isinstance(seen, Found) or seen.remote.active else Unknown(why="it was not used yet")
        after = backoff(looks)
    return None


def _confirmed(record: Record) -> Procedure[Record]:
    """It was used: looked for until its cloud lists it."""
    seen = yield from _listed(record, after=0.0)
    if seen is None:
        told = "the voice is there and was used; the run ended before the cloud listed it"
        raise Over(Failed(told, hint("The next apply goes on with it.")))
    return (yield from _noted(record, Activation.DONE if isinstance(seen, Found) else Activation.USED))


def _noted(record: Record, activation: Activation) -> Procedure[Record]:
    record = transitions.activating(record, activation)
    yield from Commit((record,), urgent=True)
    return record


def _not_known(change: Change) -> Doubtful:
    told = "the voice is there; whether its activation was done is not known, and the cloud does not list it yet"
    return Doubtful(told, hint("The next apply looks again", way("to pay for another call", "--retry", change.address)))


def _not_used(change: Change, error: CloudError | None) -> Failed | Left:
    """The call provably did nothing."""
    if error is None:
        return Left()
    told = f"the voice was not activated: {error.detail}"
    if isinstance(error, Rejected) and error.absent:
        another = way("If its cloud dropped it unused, pay for a new one", "--replace", change.address)
        return Failed(told, hint(another))
    return Failed(told, error.hint or TRIES_AGAIN)


def _update(change: Change, voice: Voice, record: Record) -> Procedure[Record]:
    answer = yield from Update(voice, record, change.in_place)
    match answer:
        case None:
            record = transitions.changed_in_place(record, voice, change.in_place)
            yield from Commit((record,))
            return record
        case Stopped():
            raise Over(_not_told(answer.error))
        case CloudError():
            raise Over(_not_told(answer))


def _not_told(error: CloudError | None) -> Failed | Left:
    if error is None:
        return Left()
    return Failed(f"could not be updated: {error.detail}", error.hint or TRIES_AGAIN)

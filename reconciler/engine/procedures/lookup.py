"""What a lost call left, looked for: when that is proof, and when a person has to say."""

from __future__ import annotations

from itertools import count
from typing import NoReturn

from reconciler.engine.context import Context
from reconciler.engine.procedures.waiting import GOES_ON, LOOKS, NOT_KNOWN, backoff
from reconciler.engine.steps import Commit, Doubtful, Failed, Find, Over, Procedure, Stopped
from reconciler.model import transitions
from reconciler.model.observed import Absent, Found, RemoteVoice, Unknown, Unverifiable
from reconciler.model.state import Record
from reconciler.planning.blocked_change import resolve_hint
from reconciler.protocols import ByKey, ByList, Unknowable

_LOOKS_FOR_A_PROOF = 2


def looked_up(
    context: Context, record: Record, *, pauses: tuple[float, float], hidden: str
) -> Procedure[RemoteVoice | None]:
    """What the call left; None where two looks say that there is nothing. `hidden`: why there must be, all the same.

    `pauses`: seconds before the first look, and at least between the two. A look that failed says nothing.
    """
    (after, between), absent = pauses, 0
    for looks in count(1):
        seen = yield from Find(record, after)
        match seen:
            case Stopped():
                raise Over(Failed(NOT_KNOWN, GOES_ON))
            case Found(remote=remote):
                return remote
            case Absent() if not hidden:
                absent += 1
                if absent >= _LOOKS_FOR_A_PROOF:
                    return None
                after = between
            case Absent() if looks >= LOOKS:
                yield from unknowable(context, record, hidden)
            case Unknown(why=why) | Unverifiable(why=why) if looks >= LOOKS:
                raise Over(Failed(f"{NOT_KNOWN}: {why}", GOES_ON))
            case _:
                after = max(backoff(looks), between if absent else 0.0)
    return None


def waits(context: Context, record: Record, *, lost: str) -> tuple[float, float]:
    """The pauses of a look-up: where only a list shows it, the call's own time-out, then how late the list may be."""
    match finding(context, record):
        case ByList(lag=lag):
            return context.clouds[record.provider].task_timeout, lag or 0.0
        case _:
            return (1.0 if lost else 0.0), 1.0


def finding(context: Context, record: Record) -> ByKey | ByList | Unknowable:
    return context.clouds[record.provider].can(record.method).found


def unknowable(context: Context, record: Record, why: str) -> Procedure[NoReturn]:
    """Nobody can tell what the call left: a person has to."""
    record = transitions.uncertain(record, why, now=context.now)
    yield from Commit((record,), urgent=True)
    raise Over(Doubtful(why, resolve_hint(record)))

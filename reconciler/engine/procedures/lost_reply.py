"""Looks up what a call whose reply was lost has made: when the answer is proof, and when the user has to decide."""

from __future__ import annotations

from itertools import count
from typing import NoReturn

from reconciler.engine.context import Context
from reconciler.engine.procedures.waiting import LOOKS_UP_LATER, MAX_LOOKUPS, OUTCOME_UNKNOWN, backoff
from reconciler.engine.steps import Commit, Doubtful, EndProcedure, Failed, Find, Procedure, Stopped
from reconciler.model import transitions
from reconciler.model.observed import Absent, Found, RemoteVoice, Unknown, Unverifiable
from reconciler.model.state import Record
from reconciler.planning.blocked_change import resolve_hint
from reconciler.protocols.provider import ByKey, ByList, Unknowable

_LOOKUPS_FOR_PROOF = 2


def look_up(
    context: Context, record: Record, *, pauses: tuple[float, float], hidden: str
) -> Procedure[RemoteVoice | None]:
    """What the call has made; None if two look-ups find nothing. A failed look-up proves nothing.

    `hidden`: why the call must have made a voice although none is found. `pauses`: seconds before the first look-up,
    and the shortest time between two.
    """
    (after, between), absent = pauses, 0
    for looks in count(1):
        seen = yield from Find(record, after)
        match seen:
            case Stopped():
                raise EndProcedure(Failed(OUTCOME_UNKNOWN, LOOKS_UP_LATER))
            case Found(remote=remote):
                return remote
            case Absent() if not hidden:
                absent += 1
                if absent >= _LOOKUPS_FOR_PROOF:
                    return None
                after = between
            case Absent() if looks >= MAX_LOOKUPS:
                yield from end_as_uncertain(context, record, hidden)
            case Unknown(why=why) | Unverifiable(why=why) if looks >= MAX_LOOKUPS:
                raise EndProcedure(Failed(f"{OUTCOME_UNKNOWN}: {why}", LOOKS_UP_LATER))
            case _:
                after = max(backoff(looks), between if absent else 0.0)
    return None


def lookup_pauses(context: Context, record: Record, *, lost: str) -> tuple[float, float]:
    """The pauses of a look-up. Where only a list can find the voice: the call's time-out, then the list's lag."""
    match find_capability(context, record):
        case ByList(lag=lag):
            return context.clouds[record.provider].task_timeout, lag or 0.0
        case _:
            return (1.0 if lost else 0.0), 1.0


def find_capability(context: Context, record: Record) -> ByKey | ByList | Unknowable:
    """How the record's cloud can find a creation."""
    return context.clouds[record.provider].can(record.method).found


def end_as_uncertain(context: Context, record: Record, why: str) -> Procedure[NoReturn]:
    """Ends the procedure with an uncertain record, because no cloud can tell what the call has made."""
    record = transitions.uncertain(record, why, now=context.now)
    yield from Commit((record,), urgent=True)
    raise EndProcedure(Doubtful(why, resolve_hint(record)))

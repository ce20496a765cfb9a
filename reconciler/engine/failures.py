"""How a run reacts to a failed call: decided once, by what the error proves and by the call's own traits."""

from __future__ import annotations

from enum import Enum, auto

from reconciler.engine.steps import Activate, Call, Delete, Find, Prove, Submit, Update
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled

TRIES = 4  # of a call that may be repeated; the second deletion finds nothing, the second update changes nothing


class Reaction(Enum):
    ANSWER = auto()  # the procedure decides
    SLOW_DOWN = auto()  # nothing happened; the same call goes out later
    NOT_CONNECTED = auto()  # no connection opened; the same call goes out again, unless that was too often
    STOP_RUN = auto()  # nothing happened, and every other call would end the same
    RETRY = auto()  # it may have happened, and may be repeated


_REPEATS = frozenset({Reaction.SLOW_DOWN, Reaction.RETRY, Reaction.NOT_CONNECTED})


def is_paid(call: Call) -> bool:
    return isinstance(call, Submit | Activate)


def is_look(call: Call) -> bool:
    return isinstance(call, Find | Prove)


def is_repeatable(call: Call) -> bool:
    """Whether a second one does no harm whatever became of the first."""
    return isinstance(call, Delete | Update)


def reaction(error: CloudError, call: Call, *, tries: int, timed_out: bool = False) -> Reaction:
    """`tries`: how often the call went out. `timed_out`: it is not repeated any more."""
    found = _reaction(error, call, tries=tries)
    repeats = found in _REPEATS and not (found is Reaction.NOT_CONNECTED and isinstance(call, Submit))
    return Reaction.ANSWER if timed_out and repeats else found


def _reaction(error: CloudError, call: Call, *, tries: int) -> Reaction:
    match error:
        case Throttled() if not is_look(call):
            return Reaction.SLOW_DOWN
        case Rejected(absent=True) if isinstance(call, Delete):
            return Reaction.ANSWER
        case Rejected(duplicate=True):
            return Reaction.ANSWER  # the key is known there
        case CloudError() if is_paid(call) and not isinstance(error, Rejected):
            return Reaction.ANSWER  # whatever else it says, the call may have happened
        case CloudError(systemic=True):
            return Reaction.STOP_RUN
        case Rejected(unsent=True) if not is_look(call):
            return Reaction.NOT_CONNECTED
        case OutcomeUnknown() if is_repeatable(call) and tries < TRIES:
            return Reaction.RETRY
        case _:
            return Reaction.ANSWER

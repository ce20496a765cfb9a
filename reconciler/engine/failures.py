"""Decides how a run reacts to a failed call, from what the error proves and from the kind of call."""

from __future__ import annotations

from enum import Enum, auto

from reconciler.engine.steps import Activate, Call, Delete, Find, Prove, Submit, Update
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled

PAID = (Submit, Activate)  # the calls that cost money
TRIES = 4  # of a call that may be repeated: a second deletion or update has no further effect


class Reaction(Enum):
    """What the scheduler does after a failed call."""

    ANSWER = auto()  # the procedure decides
    SLOW_DOWN = auto()  # nothing happened; the same call is sent later
    NOT_CONNECTED = auto()  # no connection opened; the same call is sent again, unless too many have failed
    STOP_RUN = auto()  # nothing happened, and every other call would fail in the same way
    RETRY = auto()  # it may have happened, and may be repeated


_REPEATS = frozenset({Reaction.SLOW_DOWN, Reaction.RETRY, Reaction.NOT_CONNECTED})


def is_paid(call: Call) -> bool:
    """Whether the call costs money."""
    return isinstance(call, PAID)


def is_lookup(call: Call) -> bool:
    """Whether the call only reads."""
    return isinstance(call, Find | Prove)


def is_repeatable(call: Call) -> bool:
    """Whether the call may be repeated safely, whatever the outcome of the first one."""
    return isinstance(call, Delete | Update)


def reaction(error: CloudError, call: Call, *, tries: int, timed_out: bool = False) -> Reaction:
    """The reaction to a failed call. `tries`: how often it was sent. `timed_out`: it must not be repeated."""
    found = _reaction(error, call, tries=tries)
    repeats = found in _REPEATS and not (found is Reaction.NOT_CONNECTED and isinstance(call, Submit))
    return Reaction.ANSWER if timed_out and repeats else found


def _reaction(error: CloudError, call: Call, *, tries: int) -> Reaction:
    match error:
        case Throttled() if not is_lookup(call):
            return Reaction.SLOW_DOWN
        case Rejected(absent=True) if isinstance(call, Delete):
            return Reaction.ANSWER
        case Rejected(duplicate=True):
            return Reaction.ANSWER  # the cloud knows the key
        case CloudError() if is_paid(call) and not isinstance(error, Rejected):
            return Reaction.ANSWER  # whatever the error says, the call may have happened
        case CloudError(systemic=True):
            return Reaction.STOP_RUN
        case Rejected(unsent=True) if not is_lookup(call):
            return Reaction.NOT_CONNECTED
        case OutcomeUnknown() if is_repeatable(call) and tries < TRIES:
            return Reaction.RETRY
        case _:
            return Reaction.ANSWER

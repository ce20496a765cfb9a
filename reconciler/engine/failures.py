"""What a failed call means, decided once, by what it proves and by the call's own traits."""

from __future__ import annotations

from enum import Enum, auto

from reconciler.engine.steps import Activate, Call, Delete, Find, Prove, Submit, Update
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled

TRIES = 4  # of a call that may be repeated; the second deletion finds nothing, the second update changes nothing


class Meaning(Enum):
    ANSWER = auto()  # the procedure decides
    SLOWER = auto()  # nothing happened; the same call goes out later
    UNOPENED = auto()  # no connection opened; the same call goes out again, unless that was too often
    ENDS_THE_RUN = auto()  # nothing happened, and every other call would end the same
    AGAIN = auto()  # it may have happened, and may be repeated


def is_paid(call: Call) -> bool:
    return isinstance(call, Submit | Activate)


def is_look(call: Call) -> bool:
    return isinstance(call, Find | Prove)


def is_repeatable(call: Call) -> bool:
    """Whether a second one does no harm whatever became of the first."""
    return isinstance(call, Delete | Update)


def meaning(error: CloudError, call: Call, *, tries: int) -> Meaning:
    """`tries`: how often the call went out."""
    match error:
        case Throttled() if not is_look(call):
            return Meaning.SLOWER
        case Rejected(absent=True) if isinstance(call, Delete):
            return Meaning.ANSWER
        case Rejected(duplicate=True):
            return Meaning.ANSWER  # the key is known there
        case CloudError() if is_paid(call) and not isinstance(error, Rejected):
            return Meaning.ANSWER  # whatever else it says, the call may have happened
        case CloudError(systemic=True):
            return Meaning.ENDS_THE_RUN
        case Rejected(unsent=True) if not is_look(call):
            return Meaning.UNOPENED
        case OutcomeUnknown() if is_repeatable(call) and tries < TRIES:
            return Meaning.AGAIN
        case _:
            return Meaning.ANSWER

"""What a procedure asks for, step by step, and what it is sent back.

A procedure is the life of one change, as a generator. It yields steps, which are values, and the scheduler sends it
their outcomes: `answer = yield from Submit(voice, record)`. What was committed before a call is durable before that
call goes out, and before anybody is told; so a procedure need not wait for the disk, only its calls and words do.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from reconciler.errors import CloudError
from reconciler.hints import NO_HINT, Hint
from reconciler.model.events import Kind
from reconciler.model.manifest import Voice
from reconciler.model.observed import Observation, RemoteVoice
from reconciler.model.state import Record
from reconciler.protocols import Accepted, Done

T = TypeVar("T")
Procedure = Generator["AnyStep", Any, T]


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """`T` is what the procedure is sent for it."""

    def __iter__(self) -> Procedure[T]:
        outcome: T = yield self  # type: ignore[misc]  # every Step is one of AnyStep
        return outcome


# -- outcomes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stopped:
    """The run ends, and this call provably did nothing: it did not go out, or `error` says so."""

    error: CloudError | None = None


@dataclass(frozen=True, slots=True)
class Overdue:
    """A task that a run waits for no longer, after so many seconds."""

    seconds: float


# -- the state and the words -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Commit(Step[None]):
    """These records written, these addresses bound (None unbinds), these keys taken out, in one append.

    `urgent`: a call waits for it, or nothing else could ever tell it. Anything else may wait for company.
    """

    records: tuple[Record, ...] = ()
    current: Mapping[str, str | None] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Note(Step[None]):
    """Something happened on the way."""

    kind: Kind
    detail: str = ""


# -- waits -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turn(Step[None]):
    """Until this creation may be begun: its intent, and soon after it the call."""

    voice: Voice


@dataclass(frozen=True, slots=True)
class After(Step["End | None"]):
    """Until all deletions at this address have ended: how one did that is no good; None if they all are done."""

    address: str


@dataclass(frozen=True, slots=True)
class AwaitTask(Step[RemoteVoice | Overdue]):
    record: Record


# -- calls -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submit(Step[Accepted | Done | CloudError | Stopped]):
    """The paid call under the record's key. Throttled: the cloud asked to wait for longer than a run waits."""

    voice: Voice
    record: Record


@dataclass(frozen=True, slots=True)
class Find(Step[Observation | Stopped]):
    """What a call left, looked for by its key, after so many seconds."""

    record: Record
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Prove(Step[Observation | Stopped]):
    """Whether what a key once made still exists, in its cloud's own words."""

    record: Record
    remote: RemoteVoice


@dataclass(frozen=True, slots=True)
class Delete(Step[CloudError | Stopped | None]):
    record: Record


@dataclass(frozen=True, slots=True)
class Update(Step[CloudError | Stopped | None]):
    """These keys of the body, told anew."""

    voice: Voice
    record: Record
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Activate(Step[CloudError | Stopped | None]):
    """A voice's first use, which is paid."""

    voice: Voice
    record: Record


Call = Submit | Find | Prove | Delete | Update | Activate
AnyStep = Commit | Note | Turn | After | AwaitTask | Call


# -- how a procedure ends ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finished:
    voice_id: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    detail: str
    hint: Hint = NO_HINT


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A person has to say what became of it."""

    detail: str
    hint: Hint


@dataclass(frozen=True, slots=True)
class Blocked:
    pass


@dataclass(frozen=True, slots=True)
class Left:
    """Not begun, or as good as that, because the run ends."""


End = Finished | Failed | Doubtful | Blocked | Left


class Over(Exception):
    def __init__(self, end: End) -> None:
        super().__init__(end)
        self.end = end

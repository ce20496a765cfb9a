"""The steps that a procedure yields, and the outcomes that it is sent back.

A procedure is a generator that carries out one change. It yields steps, which are values, and the scheduler sends it
their outcomes: `answer = yield from Submit(voice, record)`. The scheduler makes every commit durable before it sends
a later call or emits a later event, so a procedure itself never waits for the disk.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import field
from typing import Any, Generic, TypeVar

from reconciler.errors import CloudError
from reconciler.hints import NO_HINT, Hint
from reconciler.model.events import Kind
from reconciler.model.manifest import Voice
from reconciler.model.observed import Observation, RemoteVoice
from reconciler.model.paid_calls import PaidCalls
from reconciler.model.state import Record
from reconciler.protocols.provider import Accepted, Done
from reconciler.values import value

T = TypeVar("T")
Procedure = Generator["AnyStep", Any, T]


@value
class Step(Generic[T]):
    """One step of a procedure. `T` is the type of its outcome."""

    def __iter__(self) -> Procedure[T]:
        outcome: T = yield self  # type: ignore[misc]  # every Step is one of AnyStep
        return outcome


# -- outcomes ----------------------------------------------------------------------------------------------------------


@value
class Stopped:
    """The run ends, and this call provably did nothing: it was not sent, or `error` proves it."""

    error: CloudError | None = None


@value
class Held:
    """The voice must not be deleted: a file for applications names it, and could not be written."""

    why: str


@value
class Overdue:
    """The run stopped waiting for a task, after so many seconds. `missing`: polls saw it, and later ones did not."""

    seconds: float
    missing: bool = False


# -- the state and the events ------------------------------------------------------------------------------------------


@value
class Commit(Step[None]):
    """Writes these records, binds these addresses (None unbinds) and removes the keys of `without`, in one append.

    `urgent`: a call waits for this write, or no cloud could report the fact again. Other writes may wait and be
    batched. `paid`: how the count of the day's paid calls changes. A paid call is counted with its intent, before it is
    sent, and not any more once it is proven that it was not made.
    """

    records: tuple[Record, ...] = ()
    current: Mapping[str, str | None] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    urgent: bool = False
    paid: PaidCalls | None = None


@value
class Note(Step[None]):
    """Emits an event about the change, such as a retry."""

    kind: Kind
    detail: str = ""


# -- waits -------------------------------------------------------------------------------------------------------------


@value
class AwaitTurn(Step[None]):
    """Waits until this creation may begin: the intent is written, and the call follows soon."""

    voice: Voice


@value
class AwaitDeletes(Step["End | None"]):
    """Waits until all deletions at this address have ended. The outcome is the end of one that failed, else None."""

    address: str


@value
class AwaitOutputs(Step[Held | Stopped | None]):
    """Waits until no file for applications names the record's voice; until then it must not be deleted.

    `before_new`: its new voice is made after the deletion, so it only waits until the files can be written at all.
    """

    record: Record
    before_new: bool = False


@value
class AwaitTask(Step[RemoteVoice | Overdue]):
    """Waits until the record's task has ended. With `or_missing`, also until the cloud shows the task no more."""

    record: Record
    or_missing: bool = False


# -- calls -------------------------------------------------------------------------------------------------------------


@value
class Submit(Step[Accepted | Done | CloudError | Stopped]):
    """Sends the paid call under the record's key. Throttled: the cloud asked to wait longer than a run waits."""

    voice: Voice
    record: Record


@value
class Find(Step[Observation | Stopped]):
    """Looks up by its key what a call has made, after so many seconds."""

    record: Record
    after: float = 0.0


@value
class Prove(Step[Observation | Stopped]):
    """Asks the cloud whether the voice that a key once made still exists."""

    record: Record
    remote: RemoteVoice


@value
class Delete(Step[CloudError | Stopped | None]):
    """Deletes the record's voice."""

    record: Record


@value
class Update(Step[CloudError | Stopped | None]):
    """Updates these keys of the body in the cloud."""

    voice: Voice
    record: Record
    keys: tuple[str, ...]


@value
class Activate(Step[CloudError | Stopped | None]):
    """Activates a voice by its first use, which is paid."""

    voice: Voice
    record: Record


Call = Submit | Find | Prove | Delete | Update | Activate
AnyStep = Commit | Note | AwaitTurn | AwaitDeletes | AwaitOutputs | AwaitTask | Call


# -- how a procedure ends ----------------------------------------------------------------------------------------------


@value
class Finished:
    """The change is done."""

    voice_id: str | None = None


@value
class Failed:
    """The change failed, and the outcome is known."""

    detail: str
    hint: Hint = NO_HINT


@value
class Doubtful:
    """The outcome is unknown: the user has to resolve it."""

    detail: str
    hint: Hint


@value
class Blocked:
    """The plan blocked this change."""


@value
class Left:
    """Not begun, or withdrawn without effect, because the run ends."""


End = Finished | Failed | Doubtful | Blocked | Left


class EndProcedure(Exception):
    """Raised inside a procedure to end it at once with this end."""

    def __init__(self, end: End) -> None:
        super().__init__(end)
        self.end = end

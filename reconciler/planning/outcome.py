"""What has become of a creation: its record and what was seen of it, put together once for every verdict.

Three ask: an entry of its own record, an entry of what a run began for it, and what no entry wants any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Cause
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.state import Record, Status
from reconciler.planning.plan_context import PlanContext


@dataclass(frozen=True, slots=True)
class There:
    """The voice, or its task, which runs."""

    remote: RemoteVoice


@dataclass(frozen=True, slots=True)
class Failed:
    """`remote` says so now, or the record says that it did. `unseen`: why nobody could look whether that is so."""

    remote: RemoteVoice | None = None
    unseen: str = ""


@dataclass(frozen=True, slots=True)
class NeverArrived:
    """The call that was begun: proven, so the same may be sent once more."""


@dataclass(frozen=True, slots=True)
class Gone:
    """It was accepted or there, and is not any more."""


@dataclass(frozen=True, slots=True)
class NotKnown:
    """It can't be told now; another time it may be."""

    why: str


@dataclass(frozen=True, slots=True)
class OutOfSight:
    """Its cloud took it, and can't be asked for it."""

    why: str


@dataclass(frozen=True, slots=True)
class ForAPerson:
    """Nobody can tell whether it was made. `message` is what the run said of it, if it said something."""

    message: str | None


Outcome = There | Failed | NeverArrived | Gone | NotKnown | OutOfSight | ForAPerson


def outcome(context: PlanContext, record: Record) -> Outcome:
    observed = context.observation(record)
    if record.status is Status.FAILED:
        return _failed(record, observed)
    match observed:
        case Found(remote=remote):
            return Failed(remote) if remote.status is TaskStatus.FAILED else There(remote)
        case _ if record.status is Status.UNCERTAIN or (record.status is Status.INTENDED and context.too_old(record)):
            return ForAPerson(record.message)
        case Unknown(why=why):
            return NotKnown(why)
        case Absent():
            return NeverArrived() if record.status is Status.INTENDED else Gone()
        case Unverifiable(why=why):
            return ForAPerson(record.message) if record.status is Status.INTENDED else OutOfSight(why)


def _failed(record: Record, observed: Observation) -> Outcome:
    match observed:
        case Found() if record.cause is Cause.KEY_IN_USE:  # what is listed under its key was not made by its call
            return Failed()
        case Found(remote=remote):
            return Failed(remote) if remote.status is TaskStatus.FAILED else There(remote)
        case Unknown(why=why):
            return Failed(unseen=why)
        case Absent() | Unverifiable():
            return Failed()

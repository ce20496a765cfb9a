"""Combines a record and its observation into one outcome, which all changes are planned from.

It is used for an entry's own record, for a creation that a run began for it, and for records no longer needed.
"""

from __future__ import annotations

from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.state import Record, Status
from reconciler.planning.plan_context import PlanContext
from reconciler.values import value


@value
class Exists:
    """The voice exists, or its task is running."""

    remote: RemoteVoice


@value
class Failed:
    """The creation failed: `remote` says so now, or else the record. `unseen`: why the cloud could not be read."""

    remote: RemoteVoice | None = None
    unseen: str = ""


@value
class NeverArrived:
    """The call provably did not reach the cloud, so the same call may be sent again."""


@value
class Gone:
    """The creation was accepted or the voice existed, and the cloud has neither now."""


@value
class NotKnown:
    """The cloud could not be read now. A later run may read it."""

    why: str


@value
class NotObservable:
    """The cloud accepted the creation, and has no call that looks it up."""

    why: str


@value
class NeedsUser:
    """No cloud can tell whether the voice was made: the user has to. `message` is the earlier run's, if it left one."""

    message: str | None


Outcome = Exists | Failed | NeverArrived | Gone | NotKnown | NotObservable | NeedsUser


def outcome(context: PlanContext, record: Record) -> Outcome:
    """The outcome of the creation that this record describes."""
    observed = context.observation(record)
    if record.status is Status.FAILED:
        return _failed(record, observed)
    match observed:
        case Found(remote=remote):
            return Failed(remote) if remote.status is TaskStatus.FAILED else Exists(remote)
        case _ if record.status is Status.UNCERTAIN or (
            record.status is Status.INTENDED and context.is_too_old_to_find(record)
        ):
            return NeedsUser(record.message)
        case Unknown(why=why):
            return NotKnown(why)
        case Absent():
            return NeverArrived() if record.status is Status.INTENDED else Gone()
        case Unverifiable(why=why):
            return NeedsUser(record.message) if record.status is Status.INTENDED else NotObservable(why)


def _failed(record: Record, observed: Observation) -> Outcome:
    match observed:
        case Found() if record.key_was_used:  # another run's call made what is listed under this key
            return Failed()
        case Found(remote=remote):
            return Failed(remote) if remote.status is TaskStatus.FAILED else Exists(remote)
        case Unknown(why=why):
            return Failed(unseen=why)
        case Absent() | Unverifiable():
            return Failed()

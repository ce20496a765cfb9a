"""Resolves a first call that is refused because its key was used before, by a run that this state does not know.

A rebuilt state does not know which voices were deleted or moved. So the voice that the key once made is adopted only
if it provably exists: a cloud may list the tasks of voices that were deleted long ago.
"""

from __future__ import annotations

from datetime import datetime
from itertools import count

from reconciler.engine.context import Context
from reconciler.engine.procedures.waiting import MAX_LOOKUPS, OUTCOME_UNKNOWN, backoff
from reconciler.engine.steps import EndProcedure, Failed, Find, Procedure, Prove, Stopped
from reconciler.errors import Cause
from reconciler.hints import Hint
from reconciler.model import transitions
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus
from reconciler.model.state import LIVE, Record
from reconciler.planning.blocked_change import failure_hint
from reconciler.values import value

_UNKNOWN_RUN = "the cloud knows this entry's key: an earlier run, which this state does not know,"
DELETED = "its key was used for a voice that was deleted since: the next generation is made"


@value
class Unproven:
    """It is not proven whose voice the key made. The user decides: import it, or pay for another one."""

    why: str


def as_refused(record: Record, *, now: datetime) -> Record:
    """The record after its call was refused because of its key."""
    return as_unproven(record, f"{_UNKNOWN_RUN} made a voice with it", now=now)


def as_unproven(record: Record, why: str, *, now: datetime) -> Record:
    """The record as failed, because its key is in use."""
    return transitions.failed(record, why, cause=Cause.KEY_IN_USE, now=now)


def hint(voice: Voice) -> Hint:
    """The hint for an entry whose key is in use."""
    return failure_hint(voice, Cause.KEY_IN_USE)


def made_by_key(context: Context, voice: Voice, record: Record) -> Procedure[RemoteVoice | Unproven | None]:
    """The voice that the key once made, as far as the cloud shows it; None if it was deleted."""
    after = 0.0
    for looks in count(1):
        seen = yield from Find(record, after)
        match seen:
            case Stopped():
                raise EndProcedure(Failed(OUTCOME_UNKNOWN, hint(voice)))
            case Found(remote=remote) if remote.deleted:
                return None
            case Found(remote=remote) if remote.status is TaskStatus.READY:
                return (yield from _listed_voice(context, voice, record, remote))
            case Found(remote=remote) if not remote.voiceless:
                return remote  # it is running, so it is not deleted; or it failed
            case _ if looks >= MAX_LOOKUPS:
                break
        after = backoff(looks)
    return Unproven(f"{_UNKNOWN_RUN} used it, and the cloud does not show for what")


def _listed_voice(
    context: Context, voice: Voice, record: Record, remote: RemoteVoice
) -> Procedure[RemoteVoice | Unproven | None]:
    """The voice that is listed under the key, if it provably exists and no other address has it."""
    holder = context.state.by_voice_id.get((record.account, remote.voice_id or ""))
    if holder is not None and holder.status in LIVE and holder.external_task_id != record.external_task_id:
        return Unproven(f"{_UNKNOWN_RUN} made the voice {remote.voice_id} with it, now managed as {holder.address}")
    cloud = context.clouds[record.provider]
    if not cloud.can(record.method).deletes or remote.active:
        return remote
    seen = (yield from Prove(record, remote)) if cloud.proves else None
    match seen:
        case Found():
            return remote
        case Absent():
            return None
        case Stopped():
            raise EndProcedure(Failed(OUTCOME_UNKNOWN, hint(voice)))
        case _:
            return Unproven(
                f"{_UNKNOWN_RUN} made the voice {remote.voice_id} with it, and nothing proves that it still exists"
            )

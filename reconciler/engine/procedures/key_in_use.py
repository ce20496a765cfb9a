"""A first call that is refused because its key was used before: by a run that this state has forgotten.

A state that was rebuilt knows neither what was deleted nor what was moved. So what the key once made is taken only
when it is proven to be there: a cloud may list the tasks of voices that were deleted long ago.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count

from reconciler.engine.context import Context
from reconciler.engine.procedures.waiting import LOOKS, NOT_KNOWN, backoff
from reconciler.engine.steps import Failed, Find, Over, Procedure, Prove, Stopped
from reconciler.errors import Cause
from reconciler.hints import Hint
from reconciler.model import transitions
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus
from reconciler.model.state import LIVE, Record
from reconciler.planning.blocked_change import failure_hint

_FORGOTTEN = "the cloud knows this entry's key: an earlier run, which this state does not know,"
DELETED = "its key was used for a voice that was deleted since: the next generation is made"


@dataclass(frozen=True, slots=True)
class Unproven:
    """A person decides: it is this voice, or another one is paid for."""

    why: str


def refused(record: Record, *, now: datetime) -> Record:
    return unproven(record, f"{_FORGOTTEN} made a voice with it", now=now)


def unproven(record: Record, why: str, *, now: datetime) -> Record:
    return transitions.failed(record, why, cause=Cause.KEY_IN_USE, now=now)


def hint(voice: Voice) -> Hint:
    return failure_hint(voice, Cause.KEY_IN_USE)


def shown(context: Context, voice: Voice, record: Record) -> Procedure[RemoteVoice | Unproven | None]:
    """What the key once made, as far as it is shown; None if that was deleted."""
    after = 0.0
    for looks in count(1):
        seen = yield from Find(record, after)
        match seen:
            case Stopped():
                raise Over(Failed(NOT_KNOWN, hint(voice)))
            case Found(remote=remote) if remote.deleted:
                return None
            case Found(remote=remote) if remote.status is TaskStatus.READY:
                return (yield from _there(context, voice, record, remote))
            case Found(remote=remote) if not remote.voiceless:
                return remote  # it runs, so it is not deleted; or it failed
            case _ if looks >= LOOKS:
                break
        after = backoff(looks)
    return Unproven(f"{_FORGOTTEN} used it, and the cloud does not show for what")


def _there(
    context: Context, voice: Voice, record: Record, remote: RemoteVoice
) -> Procedure[RemoteVoice | Unproven | None]:
    """A voice is listed under the key: it is this one if it still exists, and nobody else has it."""
    holder = context.state.by_voice_id.get((record.account, remote.voice_id or ""))
    if holder is not None and holder.status in LIVE and holder.external_task_id != record.external_task_id:
        return Unproven(f"{_FORGOTTEN} made the voice {remote.voice_id} with it, now managed as {holder.address}")
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
            raise Over(Failed(NOT_KNOWN, hint(voice)))
        case _:
            return Unproven(
                f"{_FORGOTTEN} made the voice {remote.voice_id} with it, and nothing proves that it still exists"
            )

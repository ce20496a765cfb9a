"""Keeps a new voice as a candidate beside the current one: `lifecycle: {replace: review}`.

The address stays bound to the current voice. A third voice takes the place of the candidate before it, which is deposed
by the same write, and then deleted: until that write both exist, so a failed creation loses nothing.
"""

from __future__ import annotations

from reconciler.engine.context import Context
from reconciler.engine.procedures.deletion import delete_voice
from reconciler.engine.procedures.update_activate import update_and_activate
from reconciler.engine.steps import Commit, End, Finished, Procedure
from reconciler.model import transitions
from reconciler.model.manifest import Voice
from reconciler.model.plan import Change
from reconciler.model.state import Record, Status


def keep_as_candidate(context: Context, change: Change, voice: Voice, made: Record) -> Procedure[End]:
    """Writes the finished voice as a candidate, and deletes the candidate that it replaces."""
    current, earlier = context.at(voice.address), context.record(change.supersedes)
    kept = () if current is None else (transitions.labelled(current, voice),)
    if earlier is None or earlier.status is not Status.CANDIDATE:
        yield from Commit((*kept, made), urgent=True)
        made = yield from update_and_activate(context, change, voice, made)
        return Finished(made.voice_id)
    earlier = transitions.tombstone(earlier, now=context.now) if change.gone else _superseded(context, earlier, made)
    yield from Commit((*kept, earlier, made), urgent=True)
    made = yield from update_and_activate(context, change, voice, made)
    if earlier.status is Status.DEPOSED:
        yield from delete_voice(context, earlier)
    return Finished(made.voice_id)


def _superseded(context: Context, old: Record, by: Record) -> Record:
    if context.clouds[old.provider].can(old.method).can_delete(old):
        return transitions.deposed(old, by=by.external_task_id, keep_old=None, now=context.now)
    return transitions.ended(old, Status.ABANDONED, now=context.now)

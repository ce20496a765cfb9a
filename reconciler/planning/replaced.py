"""Tells the user what happens to the old voice_id in a replace, because applications may still use it."""

from __future__ import annotations

from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, RemoteVoice
from reconciler.model.state import Record
from reconciler.model.time_format import duration
from reconciler.planning.plan_context import PlanContext

LONGEST_KEEP = 3650 * 86400  # seconds; a longer keep_old has no date


def old_id_note(
    context: PlanContext, voice: Voice, old: Record, *, found: RemoteVoice | None, made: RemoteVoice | None
) -> str:
    """One sentence about the old voice_id; empty if there is none in use, or if it stays the same.

    `found` is what was observed of the old record. `made` is the new voice, if it exists already.
    """
    voice_id = old.voice_id or (found.voice_id if found is not None else None)
    same = made is not None and made.voice_id == voice_id
    if voice_id is None or same or old.origin is Origin.OFFICIAL or isinstance(context.observation(old), Absent):
        return ""
    if not context.deletable(old):
        return "The old voice_id keeps working: its cloud can't delete it"
    if not voice.lifecycle.create_before_destroy and made is None:
        return "The old voice_id stops working with this apply, before the new voice is there"
    if keep := voice.lifecycle.keep_old:
        if keep > LONGEST_KEEP:
            return "The old voice_id keeps working: lifecycle.keep_old keeps it for ever"
        kept = f"The old voice_id keeps working for {duration(keep)} (lifecycle.keep_old)"
        return f"{kept}; the first apply after that deletes it"
    return "The old voice_id stops working with this apply; lifecycle.keep_old: 24h keeps it a day"

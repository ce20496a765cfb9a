"""Asks before a paid call makes a voice that may exist: its entry was `existing`, and says now how to make the voice.

The cloud can't tell what a voice was made from, so only the user knows whether the two are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from reconciler.hints import hint, operands, way
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Found
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.state import Record, Status
from reconciler.planning.blocked_change import blocked
from reconciler.planning.change import make_change
from reconciler.planning.diff import shown_inputs
from reconciler.planning.plan_context import PlanContext

_NAMES = ("voice_name", "name")  # the keys of a body that name the voice


def blocked_by_own_voice(voice: Voice, record: Record, fields: tuple[FieldChange, ...]) -> Change | None:
    """The blocked change of an entry whose voice was made elsewhere; None for any other entry."""
    if voice.origin is not Origin.MADE or record.origin is not Origin.ELSEWHERE or record.provider != voice.provider:
        return None
    reason = (
        f"{voice.address} has the voice {record.voice_id}, which voicectl did not make: "
        "is it what the entry declares now?"
    )
    ways = hint(
        way("If it is, keep it without a call", "import", *operands(voice.address, record.voice_id)),
        way("to pay for a new voice and delete this one", "--replace", voice.address),
    )
    cause = "their voices were not made by voicectl: are they what the entries declare now?"
    return blocked(voice, record, reason, ways, fields=fields, cause=cause)


def blocked_by_renamed_entry(context: PlanContext, voice: Voice) -> Change | None:
    """The blocked change of a new entry, if a voice of its name was made elsewhere and lost its entry."""
    if voice.address in context.options.retry:
        return None
    found = next(_candidates(context, voice), None)
    if found is None:
        return None
    theirs = f"the voice {found.voice_id} of {found.address}"
    reason = f"{theirs}, which voicectl did not make, has the same name: is it this one?"
    ways = hint(
        way("If it is, keep it without a call", "import", *operands(voice.address, found.voice_id)),
        way("to pay for another", "--retry", voice.address),
    )
    cause = "voices of their names, made elsewhere, were declared under other addresses: are they these?"
    return blocked(voice, None, reason, ways, cause=cause)


def awaited(context: PlanContext, entries: Mapping[str, Voice], unchanged: Collection[str]) -> Mapping[str, Voice]:
    """Key of a record without an entry -> the new entry that asks for its voice."""
    if not context.state.made_elsewhere:
        return {}
    new = (v for v in entries.values() if v.address not in unchanged and v.address not in context.state.current)
    asking = [voice for voice in new if voice.address not in context.options.retry]
    return {
        record.external_task_id: voice
        for voice in asking
        for record in _of_its_name(context, voice)
        if record.status is Status.READY
    }


def kept(record: Record, voice: Voice) -> Change:
    """Keeps the voice until the user has said whether it is the one of the new entry."""
    reason = f"no longer declared, and {voice.address} has the name of its voice: is it that one now?"
    leave = hint(way("To leave the voice in its account", "state rm", record.address))
    return make_change(record, Action.BLOCKED, reason, leave, record=record, before=shown_inputs(record))


def _candidates(context: PlanContext, voice: Voice) -> Iterator[Record]:
    for record in _of_its_name(context, voice):
        if record.status is Status.READY or isinstance(context.observation(record), Found):
            yield record


def _of_its_name(context: PlanContext, voice: Voice) -> Iterator[Record]:
    """The voices of the entry's name that were made elsewhere, and that no entry declares; also released ones."""
    if voice.origin is not Origin.MADE or not context.state.made_elsewhere:
        return
    for name in (voice.inputs.get(key) for key in _NAMES):
        for record in context.state.made_elsewhere.get((voice.provider, name or ""), ()) if name else ():
            bound = context.state.current.get(record.address) == record.external_task_id
            declared = record.address in context.manifest.voices
            if record.voice_id is not None and not declared and (bound or record.status is Status.ABANDONED):
                yield record

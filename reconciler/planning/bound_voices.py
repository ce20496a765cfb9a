"""Presets and existing voices: looked for and taken as they are, never made."""

from __future__ import annotations

from reconciler.hints import Hint
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Found, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.plan import Change
from reconciler.planning import markers
from reconciler.planning.blocked_change import blocked, official_voices
from reconciler.planning.plan_context import PlanContext
from reconciler.planning.replacement import Replacement, to_take


def bind(context: PlanContext, voice: Voice, replacement: Replacement) -> Change:
    voice_id = str(voice.inputs["voice_id"])
    key, generation = markers.following(context.state, voice)
    found = (
        _official(context, voice, voice_id)
        if voice.origin is Origin.OFFICIAL
        else _existing(context, voice, voice_id, key)
    )
    if isinstance(found, RemoteVoice):
        aside = "" if replacement.stands else _TAKEN[voice.origin]
        return to_take(context, voice, replacement, found, key=key, generation=generation, aside=aside)
    return blocked(voice, replacement.record, *found, found=replacement.found)


_TAKEN = {
    Origin.OFFICIAL: "an official voice: checked to exist",
    Origin.ELSEWHERE: "made elsewhere, managed from now on",
}


def _official(context: PlanContext, voice: Voice, voice_id: str) -> RemoteVoice | tuple[str, Hint | str]:
    """The official voice; or why it can't be had, and what to type."""
    presets = context.seen[voice.provider].presets
    if presets is None:
        return "the official voices can't be listed now", ""
    if voice_id not in presets:
        return f"there is no official voice {voice_id}", official_voices(voice.provider)
    return RemoteVoice(
        status=TaskStatus.READY, voice_id=voice_id, voice_name=presets[voice_id] or None, owned_by=voice.type
    )


def _existing(context: PlanContext, voice: Voice, voice_id: str, key: str) -> RemoteVoice | tuple[str, Hint | str]:
    match context.seen[voice.provider].of.get(key):
        case Found(remote=remote):
            return remote
        case Unknown(why=why) | Unverifiable(why=why):
            return f"could not tell whether the voice {voice_id} exists: {why}", ""
        case _:
            return (
                f"there is no voice {voice_id} on this account",
                "Correct the voice_id; or declare a create in its place, and a new voice is made.",
            )

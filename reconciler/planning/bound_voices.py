"""Plans the binding of official and existing voices. They are looked up and bound, never created."""

from __future__ import annotations

from reconciler.hints import Hint, hint, way
from reconciler.model.cloud_types import cloud_type
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Found, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.plan import Change
from reconciler.planning import markers
from reconciler.planning.blocked_change import blocked, official_voices_hint
from reconciler.planning.plan_context import PlanContext
from reconciler.planning.replacement import Replacement, adoption_change


def bind(context: PlanContext, voice: Voice, replacement: Replacement) -> Change:
    """The change that binds the voice which the entry names; blocked if its cloud does not have it."""
    voice_id = str(voice.inputs["voice_id"])
    key, generation = markers.next_key(context.state, voice)
    found = (
        _official(context, voice, voice_id)
        if voice.origin is Origin.OFFICIAL
        else _existing(context, voice, voice_id, key)
    )
    if isinstance(found, RemoteVoice):
        extra_reason = "" if replacement.old_voice_exists else _REASONS[voice.origin]
        return adoption_change(
            context, voice, replacement, found, key=key, generation=generation, extra_reason=extra_reason
        )
    return blocked(voice, replacement.record, *found, found=replacement.found)


_REASONS = {
    Origin.OFFICIAL: "an official voice, which exists",
    Origin.ELSEWHERE: "made elsewhere, managed from now on",
}


def _official(context: PlanContext, voice: Voice, voice_id: str) -> RemoteVoice | tuple[str, Hint | str]:
    """The official voice; or the reason why it can't be bound, and a hint."""
    presets = context.observations[voice.provider].presets
    if presets is None:
        return "the official voices can't be listed now", ""
    if voice_id not in presets:
        return f"the official voice {voice_id} does not exist", official_voices_hint(voice.provider)
    return RemoteVoice(
        status=TaskStatus.READY,
        voice_id=voice_id,
        voice_name=presets[voice_id] or None,
        owned_by=cloud_type(voice.type).account.official_owner,
    )


def _existing(context: PlanContext, voice: Voice, voice_id: str, key: str) -> RemoteVoice | tuple[str, Hint | str]:
    match context.observations[voice.provider].of.get(key):
        case Found(remote=remote):
            return remote
        case Unknown(why=why) | Unverifiable(why=why):
            return f"could not determine whether the voice {voice_id} exists: {why}", ""
        case _:
            return (
                f"the voice {voice_id} does not exist on this account",
                hint(
                    way("Correct the voice_id. To list the ids of the account", "voices", voice.provider),
                    "to make a new voice, declare a create instead",
                ),
            )

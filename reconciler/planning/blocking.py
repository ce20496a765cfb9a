"""The verdict that stops at one voice, and the words of its ways on. When to give it is decided elsewhere."""

from __future__ import annotations

from reconciler.errors import Cause
from reconciler.model.manifest import AUDIO, Manifest, Voice
from reconciler.model.observed import RemoteVoice
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.state import Record
from reconciler.model.urls import is_url
from reconciler.planning.change import verdict
from reconciler.planning.diff import face


def blocked(
    voice: Voice,
    record: Record | None,
    reason: str,
    hint: str = "",
    *,
    found: RemoteVoice | None = None,
    about: Record | None = None,
    fields: tuple[FieldChange, ...] = (),
) -> Change:
    """`record` is what the address means now. `about` is the record in the way, if another; `found` is what it is."""
    before = face(record) if record else None
    return verdict(
        voice, Action.BLOCKED, reason, hint, record=about or record, before=before, found=found, fields=fields
    )


def undeclared(record: Record) -> tuple[str, str]:
    return (
        f"its voice is at the provider {record.provider}, which the manifest does not declare any more",
        f"Declare {record.provider} again; if it was renamed: voicectl state rebind NEW --from {record.provider}; "
        f"to leave the voice where it is: voicectl state rm {record.address}",
    )


def to_allow(manifest: Manifest, address: str) -> str:
    """The way on from prevent_destroy: where it stands decides what to write."""
    if manifest.protects:
        return f"To allow it, write lifecycle: {{prevent_destroy: false}} in {address}; defaults say true."
    return f"To allow it, take lifecycle.prevent_destroy from {address}."


def resolve_hint(record: Record, *, which: str | None = None) -> str:
    """`which` names it where its address would name another."""
    which = which or record.address
    named = "URL_OR_FILE_ID" if record.address.startswith(AUDIO) else "ID"
    return (
        f"Look in the cloud's console. It is there: voicectl resolve {which} --voice-id {named}; "
        f"it is not, so pay again: voicectl resolve {which} --retry; "
        f"to let it go: voicectl resolve {which} --forget"
    )


def failure_hint(voice: Voice, cause: Cause | None) -> str:
    """What can help after a creation that failed. To pay for the same again is offered only where that can help."""
    retry = f"--retry {voice.address}"
    match cause:
        case Cause.ID_TAKEN if "voice_id" in voice.inputs:
            chosen = voice.inputs["voice_id"]
            mine = f"if the voice of this id is yours: voicectl import {voice.address} {chosen}"
            return f"Choose another voice_id; {mine}"
        case Cause.NAME_TAKEN:
            key = "name" if "name" in voice.inputs else "voice_name"
            mine = f"if the voice of this name is yours: voicectl import {voice.address} VOICE_ID"
            return f"Choose another {key}; {mine}"
        case Cause.SAMPLE if _is_linked(voice):
            return f"{_REFUSED_AGAIN}; if there is another file behind its link now: {retry}"
        case Cause.SAMPLE | Cause.REQUEST:
            return f"{_REFUSED_AGAIN}."
        case Cause.ACCOUNT:
            return f"Once the account allows it: {retry}"
        case Cause.KEY_IN_USE:
            return f"If it is there: voicectl import {voice.address} VOICE_ID; to pay for another: {retry}"
        case Cause.DEFECT:
            return "The same would be refused again: please report this."
        case Cause.ID_TAKEN | None:
            return f"Change its inputs; or, to pay for the same again: {retry}"


_REFUSED_AGAIN = "Change its inputs: the same would be refused again"


def _is_linked(voice: Voice) -> bool:
    """Whether a sample comes from a link, behind which another file may be put without a change of the manifest."""
    given = [v for value in voice.inputs.values() for v in (value.values() if isinstance(value, dict) else [value])]
    return any(isinstance(value, str) and is_url(value) for value in given)


def official_voices(provider: str) -> str:
    return f"The official voices: voicectl voices {provider} --presets"

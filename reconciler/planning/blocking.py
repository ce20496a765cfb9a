"""The verdict that stops at one voice, and the words of its ways on. When to give it is decided elsewhere."""

from __future__ import annotations

from reconciler.model.manifest import AUDIO, Manifest, Voice
from reconciler.model.observed import RemoteVoice
from reconciler.model.plan import Action, Change
from reconciler.model.state import Record
from reconciler.planning import keys
from reconciler.planning.diff import face, shown


def blocked(
    voice: Voice,
    record: Record | None,
    reason: str,
    hint: str = "",
    *,
    found: RemoteVoice | None = None,
    about: Record | None = None,
) -> Change:
    """`record` is what the address means now. `about` is the record in the way, if another; `found` is what it is."""
    subject = about or record
    return Change(
        address=voice.address,
        provider=voice.provider,
        action=Action.BLOCKED,
        reason=reason,
        hint=hint,
        before=face(record) if record else None,
        after=shown(voice),
        method=voice.method,
        record=subject.external_task_id if subject else None,
        identity=keys.digest_of(voice),
        found=found,
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


def official_voices(provider: str) -> str:
    return f"The official voices: voicectl voices {provider} --presets"

"""Makes blocked changes and their hints. Other modules decide when a change is blocked."""

from __future__ import annotations

from reconciler.errors import Cause
from reconciler.hints import Hint, operands, way
from reconciler.hints import hint as hint_of
from reconciler.model.manifest import AUDIO, Manifest, Voice
from reconciler.model.observed import RemoteVoice
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.request_ids import unmarked
from reconciler.model.state import Record
from reconciler.model.urls import is_url
from reconciler.planning.change import make_change
from reconciler.planning.diff import shown_inputs


def blocked(
    voice: Voice,
    record: Record | None,
    reason: str,
    hint: Hint | str = "",
    *,
    found: RemoteVoice | None = None,
    about: Record | None = None,
    fields: tuple[FieldChange, ...] = (),
    cause: str | None = None,
) -> Change:
    """A blocked change. `record` is the current record of the address.

    `about` is the record that blocks it, if that is another one, and `found` is what was observed of it.
    """
    before = shown_inputs(record) if record else None
    return make_change(
        voice,
        Action.BLOCKED,
        reason,
        hint,
        record=about or record,
        before=before,
        found=found,
        fields=fields,
        cause=cause if cause is not None else unmarked(reason),
    )


def provider_undeclared(record: Record) -> tuple[str, Hint]:
    """The reason and the hint for a record whose provider the manifest does not declare."""
    return (
        f"its voice is at the provider {record.provider}, which the manifest no longer declares",
        hint_of(
            f"Declare {record.provider} again",
            way("if it was renamed", "state rebind NEW --from", record.provider),
            way("to leave the voice where it is", "state rm", record.address),
        ),
    )


def how_to_allow(manifest: Manifest) -> str:
    """The hint that says how to turn off prevent_destroy, at the place where it is set."""
    if manifest.protects:
        return "To allow it, write lifecycle: {prevent_destroy: false} in the entry; defaults say true."
    return "To allow it, remove lifecycle.prevent_destroy from the entry."


def resolve_hint(record: Record, *, which: str | None = None) -> Hint:
    """The hint to run `resolve`. `which` is the record's key, where the address would name another record."""
    which = which or record.address
    named = "URL_OR_FILE_ID" if record.address.startswith(AUDIO) else "ID"
    return hint_of(
        way("Check the cloud's console. If it exists", "resolve", which, "--voice-id", named),
        way("if it does not exist, pay again", "resolve", which, "--retry"),
        way("to forget it", "resolve", which, "--forget"),
    )


def failure_hint(voice: Voice, cause: Cause | None) -> Hint:
    """The hint after a failed creation. It offers `--retry` only where the same call may succeed."""
    address = voice.address
    match cause:
        case Cause.ID_TAKEN if "voice_id" in voice.inputs:
            chosen = voice.inputs["voice_id"]
            mine = way("if the voice of this id is yours", "import", *operands(address, chosen))
            return hint_of("Choose another voice_id", mine)
        case Cause.NAME_TAKEN:
            key = "name" if "name" in voice.inputs else "voice_name"
            mine = way("if the voice of this name is yours", "import", address, "VOICE_ID")
            return hint_of(f"Choose another {key}", mine)
        case Cause.SAMPLE if _is_linked(voice):
            another = way("if there is another file behind its link now", "--retry", address)
            return hint_of(_REFUSED_AGAIN, another)
        case Cause.SAMPLE | Cause.REQUEST:
            return hint_of(f"{_REFUSED_AGAIN}.")
        case Cause.ACCOUNT:
            return hint_of(way("Once the account allows it", "--retry", address))
        case Cause.KEY_IN_USE:
            there = way("If it exists", "import", address, "VOICE_ID")
            return hint_of(there, way("to pay for another", "--retry", address))
        case Cause.DEFECT:
            return hint_of("The cloud would refuse the same request again. Please report this.")
        case Cause.ID_TAKEN | None:
            return hint_of("Change its inputs", way("or, to pay for the same again", "--retry", address))


_REFUSED_AGAIN = "Change its inputs: the cloud would refuse the same inputs again"


def _is_linked(voice: Voice) -> bool:
    """Whether a sample comes from a URL: its file may be replaced without a change of the manifest."""
    given = [v for value in voice.inputs.values() for v in (value.values() if isinstance(value, dict) else [value])]
    return any(isinstance(value, str) and is_url(value) for value in given)


def official_voices_hint(provider: str) -> Hint:
    """The hint to list the official voices of a provider."""
    return hint_of(way("The official voices", "voices", provider, "--presets"))

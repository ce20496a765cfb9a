"""What of a voice's inputs may be kept and shown: no secret, no signature of a link, of digested keys no text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from reconciler.model.base import Inputs
from reconciler.model.link_alignment import aligned
from reconciler.model.link_notes import links as links_in
from reconciler.model.link_notes import notes
from reconciler.model.manifest import Voice
from reconciler.model.signatures import TODAY, Rules
from reconciler.model.state import Record
from reconciler.model.urls import without_secrets


def redacted(voice: Voice) -> Inputs:
    """The voice's inputs as they may be kept and shown."""
    digested, rules = voice.body.digested, rules_of(voice)
    if not digested:
        return {key: without_secrets(value, rules) for key, value in voice.inputs.items()}
    return {k: _digest(v) if k in digested else without_secrets(v, rules) for k, v in voice.inputs.items()}


def link_notes_of(voice: Voice) -> dict[str, str] | None:
    """The notes of the voice's links, kept beside what `redacted` says of them; None for none."""
    told = {key: value for key, value in voice.inputs.items() if key not in voice.body.digested}
    return notes(told, rules_of(voice)) or None


def with_current_notes(voice: Voice, record: Record) -> tuple[Inputs, dict[str, str] | None]:
    """What was sent, and the notes of its links, with every link that is the same noted as it is declared now."""
    links = aligned(record.sent, record.links or {}, voice.inputs, rules_of(voice))
    return links.sent, kept_notes(links.sent, record.links, link_notes_of(voice))


def kept_notes(sent: Inputs, *known: Mapping[str, str] | None) -> dict[str, str] | None:
    """The notes of the links that were sent, the last known of each."""
    if not any(known):
        return None
    every = {link: note for notes in known for link, note in (notes or {}).items()}
    return {link: every[link] for link in links_in(sent) if link in every} or None


def rules_of(voice: Voice) -> Rules:
    """By what rules its links are compared."""
    return Rules(named=frozenset(voice.signing_parameters)) if voice.signing_parameters else TODAY


def _digest(value: object) -> str:
    text = str(value)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]} ({len(text)} characters)"

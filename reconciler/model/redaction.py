"""Redacts a voice's inputs before they are saved or shown.

Removes secrets and the signatures of links, and replaces the text of digested keys by a digest.
"""

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
    """The voice's redacted inputs, safe to save and to show."""
    digested, rules = voice.body.digested, rules_of(voice)
    if not digested:
        return {key: without_secrets(value, rules) for key, value in voice.inputs.items()}
    return {k: _digest(v) if k in digested else without_secrets(v, rules) for k, v in voice.inputs.items()}


def link_notes_of(voice: Voice) -> dict[str, str] | None:
    """The notes about the voice's links, saved beside the redacted inputs; None if there are none."""
    inputs = {key: value for key, value in voice.inputs.items() if key not in voice.body.digested}
    return notes(inputs, rules_of(voice)) or None


def with_current_notes(voice: Voice, record: Record) -> tuple[Inputs, dict[str, str] | None]:
    """The record's inputs and link notes. Every link that still means the same is written as it is declared now."""
    links = aligned(record.sent, record.links or {}, voice.inputs, rules_of(voice))
    return links.sent, kept_notes(links.sent, record.links, link_notes_of(voice))


def kept_notes(sent: Inputs, *known: Mapping[str, str] | None) -> dict[str, str] | None:
    """The notes about the links in `sent`. Where several mappings know a link, the last one counts."""
    if not any(known):
        return None
    every = {link: note for notes in known for link, note in (notes or {}).items()}
    return {link: every[link] for link in links_in(sent) if link in every} or None


def rules_of(voice: Voice) -> Rules:
    """The rules for comparing the voice's links."""
    return Rules(named=frozenset(voice.signing_parameters)) if voice.signing_parameters else TODAY


def _digest(value: object) -> str:
    text = str(value)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]} ({len(text)} characters)"

"""Voices whose consent has expired: they are blocked or deleted, and never paid for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from reconciler.hints import Hint, hint
from reconciler.model.manifest import Voice


def has_expired(voice: Voice, now: datetime) -> bool:
    """Whether the entry has a consent that no longer holds."""
    return voice.consent is not None and voice.consent.has_expired(now)


def expired(voices: Mapping[str, Voice], now: datetime) -> frozenset[str]:
    """The addresses of the entries whose consent no longer holds."""
    return frozenset(
        address for address, voice in voices.items() if voice.consent is not None and has_expired(voice, now)
    )


def reason(voice: Voice) -> str:
    """Why nothing is made for this entry."""
    consent = voice.consent
    if consent is None:
        return ""
    written = f" ({consent.document})" if consent.document else ""
    return f"the consent of {consent.owner}{written} ended with {consent.expires}"


def ways_on() -> Hint:
    """What can be done about an expired consent."""
    return hint("Once it is renewed, change consent.expires", "or remove the entry, or write when_expired: delete.")


def notes(voices: Mapping[str, Voice], changed: Iterable[str], now: datetime) -> tuple[str, ...]:
    """A note for each entry that has no voice because its consent has expired: no change would say so."""
    said = frozenset(changed)
    return tuple(
        f"{address}: {reason(voices[address])}, so it has no voice." for address in sorted(expired(voices, now) - said)
    )

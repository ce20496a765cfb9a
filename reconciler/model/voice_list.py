"""The voices that an account lists, with the addresses that the state has for them."""

from __future__ import annotations

from dataclasses import field

from reconciler.model.observed import RemoteVoice
from reconciler.values import value


@value
class VoiceList:
    """Listed voices, with their addresses."""

    voices: tuple[RemoteVoice, ...] = ()
    addresses: dict[str, str] = field(default_factory=dict)  # voice_id -> address
    managed: int = 0  # number of voices left out because they are in the state

    def address(self, voice: RemoteVoice) -> str | None:
        """The address of the voice; None if it is not in the state."""
        return self.addresses.get(voice.voice_id or "")

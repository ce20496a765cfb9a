"""What an account lists, and what the state knows of it."""

from __future__ import annotations

from reconciler.model.base import Frozen
from reconciler.model.observed import RemoteVoice


class VoiceList(Frozen):
    voices: tuple[RemoteVoice, ...] = ()
    addresses: dict[str, str] = {}  # voice_id -> the address whose voice it is
    managed: int = 0  # voices that are left out, because the state holds them

    def address(self, voice: RemoteVoice) -> str | None:
        return self.addresses.get(voice.voice_id or "")

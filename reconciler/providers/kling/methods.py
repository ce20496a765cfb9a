"""The methods of Kling: the inputs of voices. Limits are checked before any call."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, ClassVar

from pydantic import Field

from reconciler.model.method import MethodInputs, exactly_one
from reconciler.model.scalars import Digits, OneLine, Url, suffix_of

SampleUrl = Annotated[Url, suffix_of(".mp3", ".wav", ".mp4", ".mov")]  # Kling, custom-voices, voice_url


class KlingCreate(MethodInputs):
    """POST /v1/general/custom-voices. Limits: Kling, Create Custom Voice."""

    request_only: ClassVar[frozenset[str]] = frozenset({"callback_url"})
    samples: ClassVar[tuple[str, ...]] = ("voice_url", "video_id")
    links: ClassVar[tuple[str, ...]] = ("voice_url", "callback_url")

    voice_name: OneLine = Field(min_length=1, max_length=20, description="1 to 20 characters.")
    voice_url: SampleUrl | None = Field(
        default=None, description="A public .mp3, .wav, .mp4 or .mov of 5 to 30 seconds with one clean voice."
    )
    video_id: OneLine | None = Field(
        default=None, min_length=1, max_length=256, description="A video made with V2.6 and sound, Avatar or Lip-Sync."
    )
    callback_url: Url | None = Field(default=None, description="Where Kling reports the task. Said once, at creation.")

    @classmethod
    def fault(cls, given: Collection[str]) -> str | None:
        return exactly_one(given, "voice_url", "video_id")


class Preset(MethodInputs):
    """An official voice: voicectl checks that it exists and exports it, and never creates or deletes it."""

    voice_id: Digits = Field(description="Decimal digits; quote it.")


class Existing(MethodInputs):
    """A voice made elsewhere and managed from now on: deleted when it leaves the manifest, never created."""

    voice_id: Digits = Field(description="Decimal digits; quote it.")

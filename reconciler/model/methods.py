"""The methods that make a voice: one model for each method's body, every limit with its source.

`METHODS[type][method]` is the model. Where one key of a body selects another API call, the method has its own name:
`clone` with `model: minimax` is the method `clone-minimax`. A new cloud adds its bodies here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from pydantic import Field

from reconciler.model.method import MethodInputs, Origin, exactly_one
from reconciler.model.scalars import AudioUrl, Digits, OneLine, Url
from reconciler.model.tencent_methods import AudioTask, MinimaxClone, TrtcClone, VodClone, VodCreate


class KlingCreate(MethodInputs):
    """POST /v1/general/custom-voices. Limits: Kling, Create Custom Voice."""

    request_only: ClassVar[frozenset[str]] = frozenset({"callback_url"})
    samples: ClassVar[tuple[str, ...]] = ("voice_url", "video_id")
    links: ClassVar[tuple[str, ...]] = ("voice_url", "callback_url")

    voice_name: OneLine = Field(min_length=1, max_length=20, description="1 to 20 characters.")
    voice_url: AudioUrl | None = Field(
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

    origin: ClassVar[Origin] = Origin.OFFICIAL

    voice_id: Digits = Field(description="Decimal digits; quote it.")


class Existing(MethodInputs):
    """A voice made elsewhere and managed from now on: deleted when it leaves the manifest, never created."""

    origin: ClassVar[Origin] = Origin.ELSEWHERE

    voice_id: Digits = Field(description="Decimal digits; quote it.")


MethodInputsType = type[MethodInputs]  # inside Voice, `type` is a field

METHODS: Mapping[str, Mapping[str, MethodInputsType]] = {
    "kling": {"create": KlingCreate, "preset": Preset, "existing": Existing},
    "tencent-vod": {"create": VodCreate, "clone": VodClone, "clone-minimax": MinimaxClone, "task": AudioTask},
    "tencent-trtc": {"clone": TrtcClone},
}
METHOD_NAMES = ("create", "clone", "preset", "existing")  # a voice has exactly one
AUDIO_METHOD = "task"  # the method of an entry of `audio:`


_ORIGINS = {name: body.origin for methods in METHODS.values() for name, body in methods.items()}


def origin_of(method: str) -> Origin:
    """Where a voice of this method comes from. Methods of the same name have the same origin in all types."""
    return _ORIGINS.get(method, Origin.MADE)


def keyword_of(method: str) -> str:
    """The manifest key of a method: `clone` for `clone-minimax`."""
    return method.partition("-")[0]


def method_of(kind: str, keyword: str, inside: object) -> str:
    """The method of a body under this key; its `model` may select another one."""
    model = inside.get("model") if isinstance(inside, dict) else None
    chosen = f"{keyword}-{model}"
    return chosen if chosen in METHODS[kind] else keyword


def keys_under(keyword: str) -> set[str]:
    """The keys of all bodies that are allowed under this key."""
    return {key for body in models_under(keyword).values() for key in body.model_fields}


def models_under(keyword: str) -> dict[tuple[str, str], MethodInputsType]:
    """(type, method) -> model, for all methods that are allowed under this key."""
    return {
        (kind, method): body
        for kind, made in METHODS.items()
        for method, body in made.items()
        if keyword_of(method) == keyword
    }

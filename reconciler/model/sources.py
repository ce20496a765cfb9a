"""Where a sound comes from: a link, a cloud's own media, or a local file. Knows no call's other keys."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from reconciler.model.base import Frozen
from reconciler.model.scalars import OneLine, SpeechUrl, Url


class Source(Frozen):
    """One sound, told in one way."""  # the loader puts a sha256 beside a file: its bytes, wherever they lie

    takes: ClassVar[tuple[str, ...]] = ("url", "file_id", "file")

    url: SpeechUrl | None = Field(default=None, description="A public .mp3, .m4a or .wav.")
    file_id: OneLine | None = Field(default=None, min_length=1, max_length=128, description="Media of VOD.")
    file: str | None = Field(default=None, min_length=1, description="A local file, relative to the manifest's file.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        given = [name for name in Source.takes if getattr(self, name) is not None]
        wrong = [name for name in given if name not in self.takes]
        if wrong:
            raise ValueError(_NOT_TAKEN[wrong[0]].format(" or ".join(self.takes)))
        if len(given) != 1:
            *first, last = self.takes
            needed = f"exactly one of {', '.join(first)} and {last}" if first else last
            raise ValueError(f"{needed} is needed, {' and '.join(given) or 'none'} given")
        return self


_NOT_TAKEN = {
    "file": "this API takes no local file: host it, and name its {}",
    "url": "this API takes no link, only the bytes of a local {}",
    "file_id": "this API takes no media of VOD, only the bytes of a local {}",
}


class HostedSource(Source):
    """A sound that the cloud fetches."""

    takes: ClassVar[tuple[str, ...]] = ("url", "file_id")


class LocalSource(Source):
    """A sound that is sent as bytes."""

    takes: ClassVar[tuple[str, ...]] = ("file",)


class ReferenceVideo(HostedSource):
    """A video that the sound is made for."""

    url: Url | None = Field(default=None, description="A public video.")


class ReferenceAudio(HostedSource):
    """A sound to begin with."""

    url: Url | None = Field(default=None, description="A public sound.")

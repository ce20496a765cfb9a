"""The source of a sound: a link, a file of VOD's media library, or a local file."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from reconciler.model.base import Frozen
from reconciler.model.scalars import OneLine, Url, suffix_of

SpeechUrl = Annotated[Url, suffix_of(".mp3", ".m4a", ".wav")]  # VOD, CreateAigcAudioClone, AudioFileInfo


class Source(Frozen):
    """One sound, given by exactly one key."""  # the loader adds the sha256 of a local file to the inputs

    takes: ClassVar[tuple[str, ...]] = ("url", "file_id", "file")

    url: SpeechUrl | None = Field(default=None, description="A public .mp3, .m4a or .wav.")
    file_id: OneLine | None = Field(default=None, min_length=1, max_length=128, description="A file of VOD's media.")
    file: str | None = Field(default=None, min_length=1, description="A local file, relative to the manifest's file.")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema names only the keys that this API takes."""
        schema = handler.resolve_ref_schema(handler(core))
        schema["properties"] = {key: inner for key, inner in schema["properties"].items() if key in cls.takes}
        return schema

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
    "file_id": "this API takes no file of VOD's media library, only the bytes of a local {}",
}


class HostedSource(Source):
    """A sound that the cloud downloads, given by exactly one key."""

    takes: ClassVar[tuple[str, ...]] = ("url", "file_id")


class LocalSource(Source):
    """A local file whose bytes voicectl sends."""

    takes: ClassVar[tuple[str, ...]] = ("file",)


class ReferenceVideo(HostedSource):
    """A video for which the cloud makes the sound."""

    url: Url | None = Field(default=None, description="A public video.")


class ReferenceAudio(HostedSource):
    """A sound that the cloud starts from."""

    url: Url | None = Field(default=None, description="A public sound.")

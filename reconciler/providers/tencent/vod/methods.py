"""The methods of Tencent Cloud VOD: the inputs of voices and sounds. Limits are checked before any call."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from reconciler.model.base import Frozen, Inputs
from reconciler.model.method import MethodInputs, exactly_one
from reconciler.model.scalars import ON_ONE_LINE, OneLine, Quoted, Url, is_json_word, suffix_of
from reconciler.providers.tencent.sources import HostedSource, ReferenceAudio, ReferenceVideo, Source
from reconciler.providers.tencent.undocumented import undocumented

TASKS_SHOWN_FOR = timedelta(hours=72)  # DescribeTasks, DescribeTaskDetail: tasks of the last three days
_CHOSEN_ID = r"^[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]$"
_EXPIRE_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$"

SampleUrl = Annotated[Url, suffix_of(".mp3", ".wav", ".mp4", ".mov")]  # CreateAigcCustomVoice, VoiceUrl
SessionContext = Annotated[str, StringConstraints(max_length=1000)]
Priority = Annotated[int, Field(ge=-10, le=10)]


class VodCreate(MethodInputs):
    """CreateAigcCustomVoice. Limits: Tencent Cloud VOD, that page."""

    samples: ClassVar[tuple[str, ...]] = ("voice_url", "video_id")
    links: ClassVar[tuple[str, ...]] = ("voice_url",)
    watched: ClassVar[bool] = False
    proven_for: ClassVar[timedelta] = TASKS_SHOWN_FOR
    request_only: ClassVar[frozenset[str]] = frozenset({"disable_moderation", "session_context", "tasks_priority"})

    voice_name: OneLine | None = Field(default=None, min_length=1, max_length=20, description="1 to 20 characters.")
    voice_url: SampleUrl | None = Field(
        default=None, description="A public .mp3, .wav, .mp4 or .mov of 5 to 30 seconds with one clean voice."
    )
    video_id: OneLine | None = Field(
        default=None, min_length=1, max_length=256, description="An earlier generated work."
    )
    disable_moderation: bool | None = Field(
        default=None, description="Use the overseas custom voice library, where the account has it."
    )
    session_context: SessionContext | None = Field(default=None, description="Yours, echoed by the task.")
    tasks_priority: Priority | None = Field(default=None, description="-10 to 10; 0 unless said.")

    @classmethod
    def fault(cls, given: Collection[str]) -> str | None:
        return exactly_one(given, "voice_url", "video_id")


def _ends_with_punctuation(text: str) -> str:
    if not text or unicodedata.category(text.rstrip()[-1:] or " ")[0] != "P":
        raise ValueError("should end with punctuation")
    return text


class VodClone(MethodInputs):
    """CreateAigcAudioClone. Limits: Tencent Cloud VOD, that page; of VoiceId: its SDK."""

    clones: ClassVar[bool] = True
    samples: ClassVar[tuple[str, ...]] = ("audio",)
    links: ClassVar[tuple[str, ...]] = ("audio", "prompt_audio")
    watched: ClassVar[bool] = False
    proven_for: ClassVar[timedelta] = TASKS_SHOWN_FOR
    request_only: ClassVar[frozenset[str]] = frozenset(
        {"text", "payload", "session_context", "tasks_priority", "ext_info"}
    )
    digested: ClassVar[frozenset[str]] = frozenset({"payload"})
    patterns: ClassVar[Mapping[str, str]] = {
        _CHOSEN_ID: "letters, digits, - and _; a letter first, and neither - nor _ last"
    }
    always: ClassVar[frozenset[str]] = frozenset({"model"})

    model: Literal["vidu", "minimax"] = Field(  # `minimax` selects the method MinimaxClone
        default="vidu", description="Which service clones: vidu (default) or minimax."
    )
    voice_id: Annotated[str, StringConstraints(min_length=8, max_length=256, pattern=_CHOSEN_ID), ON_ONE_LINE] = Field(
        description="Chosen by you, unique on the account: 8 to 256 letters, digits, - and _; a letter first."
    )
    audio: HostedSource = Field(description="mp3, m4a or wav of 10 seconds to 5 minutes, at most 20 MB.")
    text: str = Field(min_length=1, max_length=1000, description="Read aloud as an audition; its characters are paid.")
    prompt_audio: HostedSource | None = Field(
        default=None, description="A short sample: mp3, m4a or wav under 8 seconds, at most 20 MB."
    )
    prompt_text: Annotated[str, AfterValidator(_ends_with_punctuation)] | None = Field(
        default=None, description="What the sample says; ends with punctuation."
    )
    payload: str | None = Field(default=None, max_length=1_048_576, description="Passed through.")
    session_context: SessionContext | None = Field(default=None, description="Yours, echoed by the task.")
    tasks_priority: Priority | None = Field(default=None, description="-10 to 10; 0 unless said.")
    ext_info: str | None = Field(default=None, description="Reserved by the vendor.")


def _within_2000_bytes(text: str) -> str:
    size = len(text.encode())
    if size > 2000:
        raise ValueError(f"{size} bytes, at most 2000")
    return text


class Activation(Frozen):
    """The one paid TextToSpeechSync call that makes a voice listable, changeable and deletable."""

    text: Annotated[str, AfterValidator(_within_2000_bytes)] = Field(
        min_length=1, description="Read aloud once, and paid; at most 2,000 bytes."
    )


_Words = Annotated[list[Annotated[str, StringConstraints(min_length=1), ON_ONE_LINE]], Field(max_length=100)]


class MinimaxClone(MethodInputs):
    """CloneVoiceAsync. Limits: Tencent Cloud VOD's SDK, ExtParam and voice_profile."""

    clones: ClassVar[bool] = True
    samples: ClassVar[tuple[str, ...]] = ("audio",)
    links: ClassVar[tuple[str, ...]] = ("audio",)
    request_only: ClassVar[frozenset[str]] = frozenset({"language_boost", "text", "text_lang", "tts_model"})
    updatable: ClassVar[frozenset[str]] = frozenset(
        {"name", "description", "gender", "age", "languages", "labels", "scenes"}
    )
    ours: ClassVar[frozenset[str]] = frozenset({"activate"})
    always: ClassVar[frozenset[str]] = frozenset({"model"})

    model: Literal["minimax"] = Field(description="Which service clones: vidu (default) or minimax.")
    audio: Source = Field(description="A link, a file of VOD's media library, or a local file.")
    language_boost: Literal["zh", "en", "auto"] | None = Field(default=None, description="zh, en or auto.")
    text: str | None = Field(default=None, min_length=1, max_length=1000, description="An audition; needs tts_model.")
    text_lang: OneLine | None = Field(default=None, min_length=1, description="The audition's language.")
    tts_model: (
        Literal[
            "minimax-speech-2.8-hd",
            "minimax-speech-2.8-turbo",
            "minimax-speech-2.6-hd",
            "minimax-speech-2.6-turbo",
            "minimax-speech-02-hd",
            "minimax-speech-02-turbo",
        ]
        | None
    ) = Field(default=None, description="What reads the audition.")
    name: OneLine | None = Field(default=None, min_length=1, description="Can be changed later.")
    description: str | None = Field(default=None, description="Can be changed later.")
    gender: Literal["male", "female", "unknown"] | None = Field(default=None, description="Can be changed later.")
    age: Literal["child", "teenager", "youth", "middle_aged", "senior", "unknown"] | None = Field(
        default=None, description="Can be changed later."
    )
    languages: _Words | None = Field(default=None, description="Can be changed later.")
    labels: _Words | None = Field(default=None, description="Can be changed later; voicectl adds its own marker.")
    scenes: _Words | None = Field(default=None, description="Can be changed later.")
    activate: Activation | None = Field(
        default=None, description="One paid TTS call after the clone, without which it can't be listed or deleted."
    )

    @classmethod
    def fault(cls, given: Collection[str]) -> str | None:
        return "text needs tts_model, which reads it" if "text" in given and "tts_model" not in given else None

    @classmethod
    def remarks(cls, inputs: Inputs) -> tuple[str, ...]:
        if "activate" in inputs:
            return ()
        return (
            "without activate the voice can't be listed, changed or deleted until its first use, and may expire unused",
        )


class VodExisting(MethodInputs):
    """A voice of MiniMax made elsewhere: deleted when it leaves the manifest, never created. VOD lists no others."""

    voice_id: OneLine = Field(min_length=1, max_length=256, description="Of a MiniMax voice that was used once.")


# --- generated sounds ---

SCENES = ("sfx", "music")


class AudioOutput(Frozen):
    """OutputConfig: where the sound is kept."""

    storage_mode: Literal["Temporary", "Permanent"] | None = Field(
        default=None, description="Temporary (default): its URL lasts 7 days. Permanent: a file of the media library."
    )
    media_name: OneLine | None = Field(default=None, min_length=1, max_length=64, description="At most 64 characters.")
    class_id: int | None = Field(default=None, ge=0, description="A class of the media library; 0 unless said.")
    expire_time: str | None = Field(
        default=None,
        pattern=_EXPIRE_TIME,
        description="When a Permanent file is deleted, as 2027-01-01T00:00:00Z.",
    )
    duration: int | None = Field(default=None, ge=0, le=60, description="0 to 60 seconds.")
    format: OneLine | None = Field(default=None, min_length=1, description="Such as mp3.")


def _as_json(value: Any) -> Any:
    """The manifest's values as JSON values: text that was not quoted becomes a number, a boolean or null."""
    match value:
        case dict():
            return {key: _as_json(inner) for key, inner in value.items()}
        case list():
            return [_as_json(inner) for inner in value]
        case Quoted():
            return str(value)
        case str() if is_json_word(value):
            return json.loads(value)
        case _:
            return value


class AudioTask(MethodInputs):
    """CreateAigcAudioTask. Limits: Tencent Cloud VOD, that page. `on_expiry` is declared beside it, in the entry."""

    links: ClassVar[tuple[str, ...]] = ("videos", "audios")
    watched: ClassVar[bool] = False
    ours: ClassVar[frozenset[str]] = frozenset({"on_expiry"})
    patterns: ClassVar[Mapping[str, str]] = {_EXPIRE_TIME: "a time such as 2027-01-01T00:00:00Z"}

    model_name: OneLine | None = Field(default=None, min_length=1, description="Kling or MiniMaxMusic.")
    model_version: OneLine | None = Field(default=None, min_length=1, description="The stable one unless said.")
    scene_type: OneLine | None = Field(default=None, min_length=1, description="sfx or music; the list grows.")
    prompt: str | None = Field(default=None, min_length=1, description="What should be heard.")
    videos: list[ReferenceVideo] | None = Field(default=None, description="Videos that the sound is made for.")
    audios: list[ReferenceAudio] | None = Field(default=None, description="Sounds to begin with.")
    output: AudioOutput | None = Field(default=None, description="Where the sound is kept, and how long it is.")
    additional_parameters: Annotated[dict[str, Any], AfterValidator(_as_json)] | None = Field(
        default=None, description='The model\'s own; sent as JSON, in which 120 is a number, true a yes and "120" text.'
    )

    @classmethod
    def remarks(cls, inputs: Inputs) -> tuple[str, ...]:
        return undocumented("scene_type", inputs.get("scene_type"), SCENES)

"""The method of Tencent Cloud TRTC: the inputs of a cloned voice. Limits are checked before any call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from reconciler.model.base import Inputs
from reconciler.model.method import MethodInputs
from reconciler.model.scalars import ON_ONE_LINE, EnvName, OneLine
from reconciler.providers.tencent.sources import LocalSource
from reconciler.providers.tencent.undocumented import undocumented

_NAME = r"^[A-Za-z0-9_]+$"
_LANGUAGE = r"^[a-z]{2}$"
_MODELS = ("flow_01_turbo", "flow_01_ex")


class TrtcClone(MethodInputs):
    """VoiceClone. Limits: Tencent Cloud TRTC, that page."""

    clones: ClassVar[bool] = True
    samples: ClassVar[tuple[str, ...]] = ("prompt_audio",)
    watched: ClassVar[bool] = False
    proven_for: ClassVar[timedelta] = timedelta(hours=72)  # as VOD's, so that applications treat both alike
    request_only: ClassVar[frozenset[str]] = frozenset({"api_key_env"})
    patterns: ClassVar[Mapping[str, str]] = {
        _NAME: "letters, digits and _ only",
        _LANGUAGE: "two letters of ISO 639-1, such as en",
    }
    variables: ClassVar[str] = "TRTC"
    keys_go: ClassVar[str] = "export TRTC_API_KEY=... and write api_key_env: TRTC_API_KEY"

    voice_name: Annotated[str, StringConstraints(min_length=1, max_length=36, pattern=_NAME), ON_ONE_LINE] = Field(
        description="Letters, digits and underscores; at most 36."
    )
    prompt_audio: LocalSource = Field(description="10 to 180 seconds; sent as a 16 kHz mono WAV.")
    prompt_text: str | None = Field(default=None, min_length=1, description="What the sample says.")
    model: OneLine | None = Field(
        default=None, min_length=1, description="flow_01_turbo or flow_01_ex; the list grows."
    )
    language: Annotated[str, StringConstraints(pattern=_LANGUAGE), ON_ONE_LINE] | None = Field(
        default=None, description="Two letters of ISO 639-1."
    )
    api_key_env: EnvName | None = Field(default=None, description="The variable that holds the call's APIKey.")

    @classmethod
    def remarks(cls, inputs: Inputs) -> tuple[str, ...]:
        return undocumented("model", inputs.get("model"), _MODELS)

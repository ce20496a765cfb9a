"""The base class of models that check what is read from files. For what voicectl makes itself, see `values`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from reconciler.hints import Hint, hint

Inputs = dict[str, Any]  # a voice's inputs: JSON values under the manifest's keys


def _as_hint(given: Any) -> Any:
    return hint(given) if isinstance(given, str) else given


AnyHint = Annotated[Hint, BeforeValidator(_as_hint)]  # plans saved by an older voicectl hold a string


class Frozen(BaseModel):
    """An immutable model that checks its values and refuses unknown keys. It is built at its first use."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

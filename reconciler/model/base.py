"""The base class of all models: frozen, and unknown keys are errors."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from reconciler.hints import Hint, hint

Inputs = dict[str, Any]  # a voice's inputs: JSON values under the manifest's keys


def _as_hint(given: Any) -> Any:
    return hint(given) if isinstance(given, str) else given


AnyHint = Annotated[Hint, BeforeValidator(_as_hint)]  # plans saved by an older voicectl hold a string


class Frozen(BaseModel):
    """An immutable model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=BaseModel)
_ALL_FIELDS: dict[type[BaseModel], set[str]] = {}


def lean(value: Model) -> Model:
    """Saves 0.7 kB of memory in this value, and returns it.

    pydantic keeps the set of given fields for each value; here all values of a class share one set. Use it for values
    that exist by the ten thousand and whose `model_fields_set` no code reads.
    """
    kind = type(value)
    if kind not in _ALL_FIELDS:
        _ALL_FIELDS[kind] = set(kind.model_fields)
    object.__setattr__(value, "__pydantic_fields_set__", _ALL_FIELDS[kind])
    return value

"""The two kinds of models: `Frozen` checks what is read from files, `value` is for what voicectl makes itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import BaseModel, BeforeValidator, ConfigDict, with_config

from reconciler.hints import Hint, hint

Inputs = dict[str, Any]  # a voice's inputs: JSON values under the manifest's keys


def _as_hint(given: Any) -> Any:
    return hint(given) if isinstance(given, str) else given


AnyHint = Annotated[Hint, BeforeValidator(_as_hint)]  # plans saved by an older voicectl hold a string


class Frozen(BaseModel):
    """An immutable model that checks its values and refuses unknown keys. It is built at its first use."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


Class = TypeVar("Class")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def value(cls: type[Class]) -> type[Class]:
    """Makes a class of immutable values with slots: quick to import and to construct, and small in memory.

    Type checkers enforce that nobody changes a value. At run time nothing is checked: a frozen dataclass takes five
    times as long to construct. Where pydantic reads such a value from JSON, unknown keys are errors.
    """
    return with_config(ConfigDict(extra="forbid"))(dataclass(slots=True, kw_only=True, unsafe_hash=True)(cls))

"""The inputs of Acme's voices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from reconciler.model.method import MethodInputs
from reconciler.model.scalars import OneLine, Url

_ACCENT = r"^[a-z]{2}-[A-Z]{2}$"


class AcmeCreate(MethodInputs):
    """POST /voices."""

    samples: ClassVar[tuple[str, ...]] = ("sample",)
    links: ClassVar[tuple[str, ...]] = ("sample",)
    patterns: ClassVar[Mapping[str, str]] = {_ACCENT: "a language and a country, such as en-GB"}

    name: OneLine = Field(min_length=1, max_length=40, description="1 to 40 characters.")
    sample: Url = Field(description="A public recording.")
    accent: Annotated[str, StringConstraints(pattern=_ACCENT)] | None = Field(
        default=None, description="Such as en-GB."
    )

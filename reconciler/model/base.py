"""What every noun is: frozen, and strict about the keys it does not know."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

Inputs = dict[str, Any]  # what a voice is made from: JSON values under the manifest's own keys


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

"""A variable that a manifest declares under `variables:`. Its value is no secret; text from the environment is."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.base import Frozen

VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"
VARIABLE_LIMIT = "a letter or _, then at most 62 letters, digits or _"
_VARIABLE = re.compile(VARIABLE.removesuffix("$"))
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


_Text = Annotated[str, Field(json_schema_extra={"type": ["string", "number", "boolean"]})]  # as YAML has it unquoted


class InputVariable(Frozen):
    """The declaration of a variable."""

    default: _Text | None = Field(default=None, description="Its value where nothing else sets it.")
    description: str = Field(default="", description="What it is for; yours.")
    type: Literal["string", "number", "bool"] = Field(default="string", description="What its values have to be.")
    one_of: tuple[_Text, ...] | None = Field(default=None, min_length=1, description="The values that are allowed.")

    def type_fault(self, text: str) -> str | None:
        """What the text should be; None if it has the type."""
        if self.type == "number" and _NUMBER.fullmatch(text) is None:
            return "a number"
        if self.type == "bool" and text not in ("true", "false"):
            return "true or false"
        return None


def is_variable_name(text: str) -> bool:
    """Whether the text is a valid name of a variable."""
    return _VARIABLE.fullmatch(text) is not None

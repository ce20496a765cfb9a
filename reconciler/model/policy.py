"""The section `policy:`: what a team asks of its voices and of plans."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from reconciler.model.base import Frozen
from reconciler.model.finding import Level
from reconciler.model.name_patterns import NamePattern
from reconciler.model.prices import Amount

RULE_NAME = r"^[A-Za-z][A-Za-z0-9 _-]{0,62}$"
HOST = r"^\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$"


class Rule(Frozen):
    """A rule: its name, what it asks for, and what happens where that is not so."""

    patterns: ClassVar[dict[str, str]] = {
        RULE_NAME: "a letter, then at most 62 letters, digits, blanks, - or _",
        HOST: "a host such as cdn.example.com, or a domain such as .example.com, without https:// and paths",
    }

    name: str = Field(default="", pattern=RULE_NAME, description="What a finding says; a command may have none.")
    level: Level = Field(default=Level.DENY, description="warn: only say it. deny: stop the plan.")
    message: str = Field(default="", max_length=500, description="What to do about it; added to each finding.")
    require_labels: tuple[Annotated[str, StringConstraints(min_length=1, max_length=128)], ...] = Field(
        default=(), description="Labels that each entry must have."
    )
    address_pattern: NamePattern | None = Field(
        default=None, description="What the name of each entry looks like: a simple regular expression."
    )
    voice_name_pattern: NamePattern | None = Field(
        default=None, description="What each voice_name, or name, looks like: a simple regular expression."
    )
    sample_hosts: tuple[Annotated[str, StringConstraints(pattern=HOST)], ...] = Field(
        default=(), description="The only hosts of samples: cdn.example.com, or .example.com with all below it."
    )
    require_consent: bool = Field(default=False, description="Each voice must have a consent; official ones need none.")
    max_paid_calls: int | None = Field(default=None, ge=0, description="The most paid calls that a plan may make.")
    max_cost: Amount | None = Field(
        default=None, description="The most that a plan may cost, such as 50 USD; an unknown cost is too much."
    )
    command: tuple[Annotated[str, StringConstraints(min_length=1)], ...] | None = Field(
        default=None,
        min_length=1,
        description="A program that reads the plan as JSON and answers with findings; needs --allow-commands.",
    )

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        checks = [name for name in _CHECKS if getattr(self, name)]
        checks += [name for name in ("max_paid_calls",) if self.max_paid_calls is not None]
        if not checks:
            raise ValueError(f"the rule asks for nothing: add one of {', '.join(_CHECKS[:-1])} or {_CHECKS[-1]}")
        if not self.name and checks != ["command"]:
            raise ValueError("name is missing: findings say which rule it was")
        return self

    @property
    def title(self) -> str:
        """The name of the rule; for a command without one, its program."""
        return self.name or (self.command or ("",))[0]


_CHECKS = (
    "require_labels",
    "address_pattern",
    "voice_name_pattern",
    "sample_hosts",
    "require_consent",
    "max_paid_calls",
    "max_cost",
    "command",
)

"""What a rule of `policy:` finds in a manifest or a plan."""

from __future__ import annotations

from enum import StrEnum

from reconciler.values import value


class Level(StrEnum):
    """What a finding does: a warning is shown, a denial stops the plan."""

    WARN = "warn"
    DENY = "deny"


@value
class Finding:
    """One thing that a rule found. `address` is None where it is about the plan as a whole."""

    rule: str
    level: Level
    message: str
    address: str | None = None

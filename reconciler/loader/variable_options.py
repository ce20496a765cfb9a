"""The values of variables that a command line sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from reconciler.values import value


@value
class VariableOptions:
    """Name -> value of --var, and the files of --var-file in their order."""

    values: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()


NO_OPTIONS = VariableOptions()

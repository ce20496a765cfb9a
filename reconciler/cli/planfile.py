"""Saved plans as files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.subcommand import name_it_with_f
from reconciler.errors import PlanUnreadable, UsageError
from reconciler.hints import hint, way

if TYPE_CHECKING:
    from reconciler.model.plan import Plan

_MANIFEST = re.compile(rb"(?:^|[{,])\s*[\"']?(?:providers|voices)[\"']?\s*:", re.MULTILINE)  # keys that no plan has


def read_plan(path: Path) -> Plan:
    """Reads a saved plan. Raises PlanUnreadable, and UsageError if the file does not exist."""
    from reconciler.model import planfile

    content = b""
    try:
        content = path.read_bytes()
        return planfile.load(content)
    except (OSError, PlanUnreadable) as error:
        if path.is_dir() or path.suffix.lower() in (".yaml", ".yml") or _MANIFEST.search(content):
            raise UsageError(name_it_with_f(str(path), click.get_current_context())) from None
        if isinstance(error, PlanUnreadable):
            raise
        raise UsageError(f"{path}: {error.strerror}.", hint(way("", "plan --out FILE", after=" makes one."))) from None


def write_plan(path: Path, content: bytes) -> None:
    """Writes a saved plan, over an older plan or a new file only. Raises UsageError."""
    from reconciler.atomic_write import write_temporary
    from reconciler.model import planfile

    try:
        if path.is_file() and path.stat().st_size:
            planfile.load(path.read_bytes())  # an older plan may be written over, nothing else
        if path.exists() and not path.is_file():  # a pipe or a device
            path.write_bytes(content)
            return
        workspace = path.resolve()
        # Half a plan would be refused, and be in the way of the next one. Only its owner may read it, whatever the
        # umask is: it holds all inputs of its voices.
        beside = write_temporary(workspace.with_name(f".{workspace.name}.tmp"), content, mode=0o600)
        beside.replace(workspace)
    except PlanUnreadable:
        raise UsageError(f"{path} exists and is not a saved plan.", "Another name: --out NAME.plan") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from None

"""Saved plans as files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.context import options
from reconciler.cli.state_access import settings_here
from reconciler.cli.subcommand import name_it_with_f
from reconciler.errors import KeyMissing, PlanUnreadable, StateDamaged, StateError, UsageError
from reconciler.hints import hint, way

if TYPE_CHECKING:
    from reconciler.model.plan import Plan

_MANIFEST = re.compile(rb"(?:^|[{,])\s*[\"']?(?:providers|voices)[\"']?\s*:", re.MULTILINE)  # keys that no plan has


def read_plan(path: Path) -> Plan:
    """Reads a saved plan. Raises PlanUnreadable, and UsageError if the file does not exist."""
    from reconciler.model import envelope, planfile

    content = b""
    try:
        content = path.read_bytes()
        return planfile.load(_decrypted(content) if envelope.is_envelope(content) else content)
    except (OSError, PlanUnreadable) as error:
        if path.is_dir() or path.suffix.lower() in (".yaml", ".yml") or _MANIFEST.search(content):
            raise UsageError(name_it_with_f(str(path), click.get_current_context())) from None
        if isinstance(error, PlanUnreadable):
            raise
        raise UsageError(f"{path}: {error.strerror}.", hint(way("", "plan --out FILE", after=" makes one."))) from None


def _decrypted(content: bytes) -> bytes:
    """An encrypted plan, with the keys that the manifest names. Raises PlanUnreadable."""
    from reconciler import state_wiring
    from reconciler.model.planfile import MAKE_ANOTHER

    try:
        cipher = state_wiring.file_cipher(options().workspace(), settings_here(), os.environ)
        return cipher.decrypt(content, "plan")
    except KeyMissing as missing:
        raise PlanUnreadable(missing.detail, missing.hint) from None
    except StateDamaged as damaged:
        raise PlanUnreadable(f"The file is damaged: {damaged.detail}.", MAKE_ANOTHER) from None


def write_plan(path: Path, content: bytes) -> None:
    """Writes a saved plan, over an older plan or a new file only. Raises UsageError."""
    from reconciler.atomic_write import write_temporary

    try:
        if path.is_file() and path.stat().st_size:
            _refuse_other_files(path.read_bytes())
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


def _refuse_other_files(content: bytes) -> None:
    """Raises PlanUnreadable unless it is an older plan, encrypted or not, which may be written over."""
    from reconciler.model import envelope, planfile

    try:
        if envelope.is_envelope(content) and envelope.parse(content).kind == "plan":
            return
    except StateError:
        pass
    planfile.load(content)

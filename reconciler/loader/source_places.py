"""Where a manifest declares its entries, and which environment variables it names. For reviews of a plan only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.loader.entry_sections import SOUNDS, VOICES
from reconciler.loader.files import sources
from reconciler.loader.source_map import Position, source_tree

_REFERENCE = re.compile(rb"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")


def entry_positions(manifest: Path) -> dict[str, tuple[str, Position]]:
    """Address -> its file, and line and column of its key. Empty if the manifest does not exist."""
    found: dict[str, tuple[str, Position]] = {}
    for file, data in _files(manifest):
        root = source_tree(data)
        for entries in (VOICES, SOUNDS):
            section = root.inside.get(entries.section) if root is not None else None
            for name, node in section.inside.items() if section is not None else ():
                found.setdefault(f"{entries.prefix}{name}", (file, node.key_position))
    return found


def named_variables(manifest: Path) -> frozenset[str]:
    """The variables that the manifest names by `${env:NAME}`. Empty if it does not exist."""
    return frozenset(name.decode() for _, data in _files(manifest) for name in _REFERENCE.findall(data))


def _files(manifest: Path) -> Iterator[tuple[str, bytes]]:
    try:
        found, _ = sources(manifest)
    except UsageError:
        return
    for source in found:
        yield source.file, source.data

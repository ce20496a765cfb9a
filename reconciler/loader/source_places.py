"""Where a manifest declares its entries, and which environment variables it names. For reviews of a plan only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.loader.entry_sections import SOUNDS, VOICES
from reconciler.loader.files import Source, named_file, sources
from reconciler.loader.source_map import Position, source_tree

_REFERENCE = re.compile(rb"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")

_INCLUDE = re.compile(rb"\binclude\b")


def entry_positions(manifest: Path) -> dict[str, tuple[str, Position]]:
    """Name of an entry, as an address -> its file, and line and column of its key. Empty without a manifest."""
    found: dict[str, tuple[str, Position]] = {}
    for source in _files(manifest):
        root = source_tree(source.data)
        for entries in (VOICES, SOUNDS):
            section = root.inside.get(entries.section) if root is not None else None
            for name, node in section.inside.items() if section is not None else ():
                found.setdefault(f"{entries.prefix}{name}", (source.file, node.key_position))
    return found


def named_variables(manifest: Path, value_files: Iterable[Path] = ()) -> frozenset[str]:
    """The variables that the manifest, and these files of --var-file, name by `${env:NAME}`."""
    values = [source for source in map(named_file, value_files) if isinstance(source, Source)]
    every = (*_files(manifest), *values)
    return frozenset(name.decode() for source in every for name in _REFERENCE.findall(source.data))


def _files(manifest: Path) -> Iterator[Source]:
    """The files of the manifest, also those that it includes."""
    try:
        found, unread = sources(manifest)
    except UsageError:
        return
    if not any(_INCLUDE.search(source.data) for source in found):
        yield from found  # without reading their YAML
        return
    from reconciler.loader.includes import read_documents

    yield from read_documents(found, unread, {}, []).sources

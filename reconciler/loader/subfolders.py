"""Finds manifest files in the sub-folders of a folder manifest, to warn that they are not read.

Files are not parsed as YAML: a file counts as a manifest if it contains one of a manifest's sections.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from reconciler.loader.file_names import is_manifest_name, shown

_DEEPEST = 4  # levels below the folder
_MOST_SEARCHED = 1000  # folders, and files; a manifest's folder has fewer
_MOST_NAMED = 3
_BEGINNING = 65_536  # bytes of a file that are searched
_SECTION = re.compile(rb"""(?:^|[{,])\s*["']?(?:providers|voices|audio)["']?\s*:""", re.MULTILINE)


def manifests_below(folder: Path) -> list[str]:
    """The manifest files below the folder, as paths relative to it; without those of dot-folders."""
    files = islice(_yaml_files(folder), _MOST_SEARCHED)
    return sorted(os.path.relpath(file, folder) for file in files if looks_like_a_manifest(file))


def note(folder: Path) -> str | None:
    """The warning that manifests in sub-folders are not read; None if there are none."""
    below = manifests_below(folder)
    if not below:
        return None
    not_read = "it is not read" if len(below) == 1 else "they are not read"
    return f"{listed(below)}; {not_read}, because a folder's manifest is only the files directly in it"


def listed(files: list[str]) -> str:
    """Which sub-folders have manifests: `the sub-folder prod has a manifest (prod/a.yaml)`."""
    folders = list(dict.fromkeys(shown(Path(file).parent) for file in files))
    holder = f"the sub-folder{'s' * (len(folders) > 1)} {_some(folders)} {'has' if len(folders) == 1 else 'have'}"
    return f"{holder} {'a manifest' if len(files) == 1 else 'manifests'} ({_some(list(map(shown, files)))})"


def looks_like_a_manifest(file: Path) -> bool:
    """Whether the beginning of the file contains a manifest's section. Opens regular files only."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            return _SECTION.search(opened.read(_BEGINNING)) is not None
    except (OSError, ValueError):
        return False


def _yaml_files(folder: Path) -> Iterator[Path]:
    levels = os.walk(folder, followlinks=True)  # a loop of links ends at _DEEPEST
    for here, folders, files in islice(levels, _MOST_SEARCHED):
        depth = 0 if here == str(folder) else os.path.relpath(here, folder).count(os.sep) + 1
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if depth < _DEEPEST else []
        if depth:
            yield from (Path(here, name) for name in sorted(files) if is_manifest_name(name))


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

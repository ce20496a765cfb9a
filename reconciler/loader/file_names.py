"""Names of files: which are a manifest's, and how they are shown."""

from __future__ import annotations

import os

_SUFFIXES = (".yaml", ".yml")


def is_manifest_name(name: str) -> bool:
    """Whether a file of this name in a folder manifest is read: `*.yaml` or `*.yml` in any case, and no dot-file."""
    return name.lower().endswith(_SUFFIXES) and not name.startswith(".")


def shown(path: os.PathLike[str] | str) -> str:
    """A file's name for people, also where its bytes are not valid text."""
    return os.fsencode(path).decode(errors="replace")

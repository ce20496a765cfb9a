"""File names: which ones are manifests, and how to show them."""

from __future__ import annotations

import os

_SUFFIXES = (".yaml", ".yml")


def is_manifest_name(name: str) -> bool:
    """Whether a folder manifest includes a file of this name: `*.yaml` or `*.yml` in any case, but no dot-files."""
    return name.lower().endswith(_SUFFIXES) and not name.startswith(".")


def shown(path: os.PathLike[str] | str) -> str:
    """A file's name as text, even if its bytes are not valid text."""
    return os.fsencode(path).decode(errors="replace")

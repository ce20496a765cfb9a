"""Resolves the path of a file that must lie below a folder. For paths that a manifest names, which may be foreign."""

from __future__ import annotations

from pathlib import Path

FORBIDDEN = frozenset((".git", ".voicectl"))  # folders of others; compared ignoring case, as some disks do


def file_below(folder: Path, path: str) -> Path:
    """The file that `path` names in the folder, with all links followed.

    Raises ValueError, with the reason, if it does not lie below the folder, or lies in a folder of FORBIDDEN.
    """
    try:
        root, found = folder.resolve(), (folder / path).resolve()
    except (OSError, RuntimeError, ValueError):  # RuntimeError: links in a circle
        raise ValueError("its links can't be followed") from None
    if root == found or not found.is_relative_to(root):
        raise ValueError("it leads out of the folder of the manifest")
    for part in found.relative_to(root).parts:
        if part.casefold() in FORBIDDEN:
            raise ValueError(f"it leads into {part}")
    return found

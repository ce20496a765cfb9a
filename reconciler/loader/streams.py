"""Refuses a manifest that is neither a regular file nor a folder: the state could not be saved beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from reconciler.errors import UsageError

STDIN = "-"
_MOST_LINKS = 40  # Linux, path_resolution(7)
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def refuse_stream(path: str) -> None:
    """Raises UsageError for stdin, a pipe, a socket, a device, and a link to one of these. Opens nothing.

    A path that does not exist is allowed, except in the folders of devices and file descriptors.
    """
    what = stream(path)
    if what is not None:
        shown = os.fsencode(path).decode(errors="replace")
        raise UsageError(
            f"-f {shown}: {what} can't be a manifest. The state is saved beside the manifest, so the manifest has to "
            "be a regular file or a folder.",
            "Save it as a file, such as voices.yaml, and name that file: -f voices.yaml",
        )


def stream(path: str) -> str | None:
    """The kind of file in words (`a pipe`); None for a regular file, a folder, or a path that does not exist."""
    if path == STDIN:
        return "standard input"
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        mode = 0
    if stat.S_ISDIR(mode):
        return None
    if (kind := _KINDS.get(stat.S_IFMT(mode))) is not None:
        return kind
    # With `< voices.yaml`, /dev/stdin is a regular file, but the next run may find another file there.
    return "a file descriptor" if any(map(_is_descriptor, _hops(Path(path)))) else None


def _hops(path: Path) -> Iterator[Path]:
    """The path, and the target of each symbolic link in the chain."""
    for _ in range(_MOST_LINKS):
        yield path
        try:
            path = path.parent / path.readlink()
        except (OSError, ValueError):
            return


def _is_descriptor(path: Path) -> bool:
    try:
        folder = os.path.realpath(path.parent)
    except (OSError, ValueError):
        return False
    return folder in ("/dev", "/dev/fd", "/proc") or folder.startswith("/proc/")

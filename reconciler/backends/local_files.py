"""What the local backend asks about its files."""

from __future__ import annotations

from pathlib import Path

FileStat = tuple[int, ...] | None  # device, inode, size, times; None if the file does not exist


def stat_of(path: Path) -> FileStat:
    """What tells whether a file was written; None if it does not exist."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def bytes_of(path: Path) -> bytes | None:
    """The content; None if the file does not exist."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def temporary_of(path: Path) -> Path:
    """The name of a new content before it replaces the file."""
    return path.with_name(f"{path.name}.tmp")


def mode_of(path: Path) -> int:
    """The permissions that a new content gets: those of the file, else the owner's only."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o600

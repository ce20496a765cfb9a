"""The last snapshots of a local state: hard links in a hidden folder, named by serial. Their failures fail no save."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from reconciler.protocols.backend import Snapshot, no_snapshot


class LocalHistory:
    """The folder of the snapshots; None keeps none. It lies in a folder of ours, which git ignores."""

    def __init__(self, folder: Path | None, keep: int) -> None:
        self._folder = folder
        self._keep = keep

    def add(self, snapshot: Path, serial: int) -> None:
        """Adds the state file as it is now, and removes the oldest snapshots."""
        if self._folder is None or self._keep <= 0:
            return
        with suppress(OSError):
            _create(self._folder)
            path = _path(self._folder, serial)
            temporary = path.with_name(f"{path.name}.tmp")
            temporary.unlink(missing_ok=True)
            try:
                os.link(snapshot, temporary)
            except OSError:  # a disk without hard links
                import shutil

                shutil.copy(snapshot, temporary)
            temporary.replace(path)
            for old in self._paths()[self._keep :]:
                old.unlink(missing_ok=True)

    def take(self, folder: Path) -> None:
        """Moves the snapshots of another folder here. One whose serial is here already stays where it is."""
        if self._folder is None or folder == self._folder:
            return
        with suppress(OSError):
            for path in LocalHistory(folder, self._keep)._paths():
                _create(self._folder)
                target = _path(self._folder, _serial(path))
                if not target.exists():
                    import shutil  # also to another disk

                    shutil.move(path, target)
            folder.rmdir()

    def snapshots(self) -> Sequence[Snapshot]:
        """The snapshots that are kept, the newest first."""
        found = []
        for path in self._paths():
            with suppress(FileNotFoundError):  # another run removed it
                stat = path.stat()
                found.append(Snapshot(int(path.stem), datetime.fromtimestamp(stat.st_mtime, UTC), stat.st_size))
        return found

    def read(self, serial: int) -> bytes:
        """The snapshot with this serial. Raises StateError if it is not kept."""
        try:
            return next(path for path in self._paths() if _serial(path) == serial).read_bytes()
        except (StopIteration, FileNotFoundError):
            raise no_snapshot(serial) from None

    def _paths(self) -> list[Path]:
        with suppress(OSError):
            found = () if self._folder is None else self._folder.glob("*.json")
            return sorted((path for path in found if path.stem.isdigit()), key=_serial, reverse=True)
        return []


def _create(folder: Path) -> None:
    """Creates `.voicectl/history/NAME`, with a .gitignore in `.voicectl`."""
    ours = folder.parents[1]
    if not ours.is_dir():
        ours.mkdir(mode=0o700)
        (ours / ".gitignore").write_text("*\n")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _path(folder: Path, serial: int) -> Path:
    return folder / f"{serial:012d}.json"


def _serial(path: Path) -> int:
    return int(path.stem)

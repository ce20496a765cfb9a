"""The last snapshots of a local state, as hard links in a folder beside it. A failure here never fails a save."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from reconciler.protocols.backend import Snapshot, no_snapshot


class LocalHistory:
    """The folder of the snapshots, named by serial. Keeps the last `keep`."""

    def __init__(self, folder: Path, keep: int) -> None:
        self._folder = folder
        self._keep = keep

    def add(self, snapshot: Path, serial: int) -> None:
        """Adds the state file as it is now, and removes the oldest snapshots."""
        if self._keep <= 0:
            return
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path = self._path(serial)
            temporary = path.with_name(f"{path.name}.tmp")
            temporary.unlink(missing_ok=True)
            try:
                os.link(snapshot, temporary)
            except OSError:  # a disk without hard links
                shutil.copy(snapshot, temporary)
            temporary.replace(path)
            for old in self._paths()[self._keep :]:
                old.unlink(missing_ok=True)

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
            return self._path(serial).read_bytes()
        except FileNotFoundError:
            raise no_snapshot(serial) from None

    def _path(self, serial: int) -> Path:
        return self._folder / f"{serial:012d}.json"

    def _paths(self) -> list[Path]:
        with suppress(FileNotFoundError):
            return sorted((p for p in self._folder.glob("*.json") if p.stem.isdigit()), key=_serial, reverse=True)
        return []


def _serial(path: Path) -> int:
    return int(path.stem)

"""The files for applications on the disk. Each is replaced whole: a crash leaves the old one or the new one."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from reconciler.atomic_write import write_new
from reconciler.contained_paths import file_below
from reconciler.model.output_files import TEMPORARY

_NEW_FILE = 0o666  # without the bits of the umask, as for other files that programs of other users read
_NO_FILE = "its path is a pipe, a device or a folder"


class OutputFolder:
    """The folder below which the files are. Raises OSError, and ValueError for a path that leads out of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def shown(self, path: str) -> str:
        """The path as messages name it."""
        return str(self._folder / path)

    def read(self, path: str) -> bytes | None:
        """The content; None if there is no file. Raises ValueError for a pipe or a device, without a wait."""
        file = file_below(self._folder, path)
        try:
            opened = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno != errno.ENXIO:  # a socket
                raise
            raise ValueError(_NO_FILE) from None
        with os.fdopen(opened, "rb") as stream:
            mode = os.fstat(opened).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise ValueError(_NO_FILE)
            return stream.read()

    def write(self, path: str, content: bytes) -> None:
        """Replaces the file, or makes it and its folders. An existing file keeps its mode and its owner."""
        file = file_below(self._folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}{TEMPORARY}")
        temporary.unlink(missing_ok=True)  # left by a killed run
        try:
            before = file.stat()
        except FileNotFoundError:
            write_new(temporary, content, usual_mode=_NEW_FILE)
        else:
            write_new(temporary, content, mode=before.st_mode & 0o777)
            with suppress(OSError):  # only root may give files to others
                os.chown(temporary, before.st_uid, before.st_gid)
        try:
            temporary.replace(file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(file.parent)

    def remove(self, path: str) -> None:
        """Removes the file. It may be gone already."""
        file = file_below(self._folder, path)
        file.unlink(missing_ok=True)
        if file.parent.is_dir():
            _sync(file.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

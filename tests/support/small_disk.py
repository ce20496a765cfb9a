"""A small disk (tmpfs) that a test can fill. Only root may mount one; otherwise its tests are skipped."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

_PAGE = 4096  # a tmpfs allocates whole pages
_PAGES = 256


@dataclass(frozen=True)
class SmallDisk:
    folder: Path

    def __enter__(self) -> Self:
        self.folder.mkdir()
        made = _mount("-t", "tmpfs", "-o", f"size={_PAGES * _PAGE}", "small", str(self.folder))
        if made.returncode != 0:
            self.folder.rmdir()
            pytest.skip(f"no small disk can be mounted here: {made.stderr.strip()}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
        self.folder.rmdir()

    def fill(self, *, leave: int = 0) -> None:
        """Fills the disk, and leaves so many free pages of 4 KiB."""
        with (self.folder / "filler").open("ab", buffering=0) as filler, suppress(OSError):
            while os.statvfs(self.folder).f_bavail > leave:
                filler.write(b"x" * _PAGE)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Mounts the disk read-only. No file on it may be open for writing."""
        made = _mount("-o", "remount,ro", str(self.folder))
        assert made.returncode == 0, made.stderr
        try:
            yield
        finally:
            _mount("-o", "remount,rw", str(self.folder))

    def make_room(self) -> None:
        (self.folder / "filler").unlink()


def _mount(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(["mount"], 1, "", str(error))

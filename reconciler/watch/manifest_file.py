"""The manifest of a watch, read again when one of its files changes. While it is broken, the last good one counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from pathlib import Path

from reconciler.errors import VoicectlError
from reconciler.loader.file_names import is_manifest_name
from reconciler.model.manifest import Manifest

_UNSETTLED = 2.0  # seconds: a file that was written so shortly before it was read may change without a new time

Mark = tuple[object, ...] | None  # what tells two versions of a file apart; None: it can't be read
Marks = Mapping[str, Mark]


class Reading(Enum):
    """What a look at the files found."""

    SAME = auto()
    CHANGED = auto()  # another manifest is in force now
    BROKEN = auto()  # the files have errors that were not reported yet
    STILL_BROKEN = auto()
    REPAIRED = auto()  # the files had errors, and say the same as before them now


def mark(path: str) -> Mark:
    """The mark of a file, or of a folder of manifests. A link that leads to another file changes it."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each file of each round costs more than the call
        names = sorted(filter(is_manifest_name, os.listdir(path))) if Path(path).is_dir() else ()  # noqa: PTH208 - as above
    except OSError:
        return None
    return (os.path.realpath(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, *names)


def is_settled(marks: Marks, read_at: float) -> bool:
    """Whether the files were left alone for long enough before they were read at this time, in seconds."""
    return all(each is not None and read_at - _seconds(each) > _UNSETTLED for each in marks.values())


def _seconds(mark: tuple[object, ...]) -> float:
    written = mark[4]
    return written / 1e9 if isinstance(written, int) else 0.0


class ManifestFile:
    """The manifest at a path. `named`: more files that it is read from, such as those of --var-file.

    `now` returns the seconds of the clock that the times of files are of.
    """

    def __init__(
        self,
        path: str,
        load: Callable[[], Manifest],
        *,
        named: Iterable[str] = (),
        now: Callable[[], float],
        mark: Callable[[str], Mark] = mark,
    ) -> None:
        self._named = (path, *named)
        self._load = load
        self._now = now
        self._mark = mark
        self._reported = ""  # the errors of the files, as they were reported
        self.error: VoicectlError | None = None  # why the files are not in force
        self._manifest: Manifest | None = None
        self._settled = False
        self._marks: Marks = {}

    @property
    def manifest(self) -> Manifest:
        """The last good manifest. Reads it the first time, and raises its errors."""
        if self._manifest is None:
            self._read()
        if self._manifest is None:
            raise RuntimeError("nothing was read")
        return self._manifest

    def refresh(self) -> Reading:
        """Reads the files again if one of them has changed, or if they are broken."""
        if self._settled and self.error is None and self._marks_of(self._marks) == self._marks:
            return Reading.SAME
        before, was_broken = self._manifest, self.error is not None
        try:
            self._read()
        except VoicectlError as error:
            self.error = error
            if str(error) == self._reported:
                return Reading.STILL_BROKEN
            self._reported = str(error)
            return Reading.BROKEN
        self.error, self._reported = None, ""
        if self._manifest != before:
            return Reading.CHANGED
        return Reading.REPAIRED if was_broken else Reading.SAME

    def _read(self) -> None:
        began = self._now()
        manifest = self._load()
        samples = (path for voice in manifest.voices.values() for path in voice.files.values())
        self._marks = self._marks_of((*self._named, *manifest.files, *samples))
        self._settled = is_settled(self._marks, began)
        self._manifest = manifest

    def _marks_of(self, paths: Iterable[str]) -> Marks:
        return {path: self._mark(path) for path in paths}

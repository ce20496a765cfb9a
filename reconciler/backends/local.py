"""The state on a local disk: a snapshot, the one before it, and the journal of a run that is not folded yet.

    NAME.state.json      the snapshot: written beside it, synced, renamed over it
    NAME.state.backup    the snapshot before that one
    NAME.state.journal   what was appended since; one write and one fsync for each append
    NAME.state.lock      who is at work

At every moment the snapshot and what its journal says are the whole truth. A journal names the snapshot that it
continues: one that continues the backup was folded by a write that was killed before it could remove it. Versions are
checksums of content; the look of the files (inode, size, times) only saves reading them again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.backends import filelock, journal
from reconciler.errors import StateConflict, StateDamaged, StateError
from reconciler.hints import hint, way
from reconciler.protocols import ANY_VERSION, Blob, LockInfo

_READS = 200  # how often a reader starts again because a writer finished in between

_Look = tuple[int, ...] | None  # of a file; None when it is not there


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the files held. `end` is where the journal goes on, None when a new one is due."""

    version: str | None
    continues: str  # the snapshot's digest
    end: int | None
    looks: tuple[_Look, _Look]


class LocalBackend:
    """The state at `path`, `….json`; a link is followed. Everything it raises itself is a StateError."""

    def __init__(self, path: Path) -> None:
        self._snapshot = Path(os.path.realpath(path))  # not resolve, which raises for a link to itself
        stem = self._snapshot.name.removesuffix(".json")
        self._backup = self._snapshot.with_name(f"{stem}.backup")
        self._journal = self._snapshot.with_name(f"{stem}.journal")
        self._lock = self._snapshot.with_name(f"{stem}.lock")
        self._seen: _Seen | None = None

    @property
    def where(self) -> str:
        return str(self._snapshot)

    def read(self) -> Blob | None:
        for _ in range(_READS):
            before = self._looks()
            try:
                blob, seen = self._read()
            except StateDamaged:
                if self._looks() != before:
                    continue  # a writer was at work between two reads
                raise
            # An unmoved snapshot was there while its journal was read; a journal that grew meanwhile grew later.
            if _look(self._snapshot) == before[0]:
                self._seen = seen
                return blob
        raise StateError(f"{self.where} changes faster than it can be read.", "Try again when no other run writes it.")

    def write(self, data: bytes, expected: str | None) -> str:
        with self._turn() as folder:
            live = self._free_way() if expected == ANY_VERSION else self._unmoved(expected).end is not None
            temporary = _beside(self._snapshot, data, mode=_mode(self._snapshot))
            if not live:
                # A journal that continues the backup must go before the backup does: then it would continue nothing.
                self._drop_journal(folder)
            self._keep_backup()
            os.fsync(folder)
            temporary.replace(self._snapshot)
            os.fsync(folder)
            self._drop_journal(folder)
            continues = journal.digest(data)
            self._seen = _Seen(journal.version(continues), continues, None, self._looks())
        return journal.version(continues)

    def append(self, entries: Sequence[bytes], expected: str | None) -> str:
        with self._turn() as folder:
            seen = self._unmoved(expected)
            begins = seen.end is None
            after = journal.version(seen.continues) if begins or seen.version is None else seen.version
            line, made = journal.line(entries, after=after)
            text = journal.header(seen.continues) + line if begins else line
            end = self._appended(text, seen.end or 0)
            if begins:
                os.fsync(folder)
            self._seen = _Seen(made, seen.continues, end, self._looks())
        return made

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[None]:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        self._refuse_long_name()
        with filelock.held(self._lock, holder):
            yield

    def break_lock(self, lock_id: str) -> LockInfo:
        return filelock.break_dead(self._lock, lock_id)

    def _refuse_long_name(self) -> None:
        """Before anything is paid for: the longest names are those of files that are made at the end."""
        over = len(os.fsencode(f"{self._journal.name}.damaged")) - os.pathconf(self._lock.parent, "PC_NAME_MAX")
        if over > 0:
            raise StateError(
                f"{self.where}: its name is too long by {over} bytes for the files beside it.",
                "Give the manifest a shorter name.",
            )

    @contextmanager
    def _turn(self) -> Iterator[int]:
        self._snapshot.parent.mkdir(parents=True, exist_ok=True)
        with filelock.directory_lock(self._snapshot.parent) as folder:
            yield folder

    def _read(self) -> tuple[Blob | None, _Seen]:
        looks = self._looks()
        snapshot, lines = _content(self._snapshot), _content(self._journal)
        continues = journal.digest(snapshot)
        told = None if lines is None else journal.parse(lines)
        if told is not None and told.continues != continues:
            self._refuse_stranger(told, snapshot)
            told = None
        if told is not None:
            blob = Blob(snapshot or b"", told.version, told.entries)
            return blob, _Seen(told.version, continues, told.end, looks)
        if snapshot is None:
            return None, _Seen(None, continues, None, looks)
        version = journal.version(continues)
        return Blob(snapshot, version), _Seen(version, continues, None, looks)

    def _refuse_stranger(self, told: journal.Journal, snapshot: bytes | None) -> None:
        """A journal that continues another snapshot was folded, if that one is the backup; else something is lost."""
        if snapshot is not None and told.continues in (journal.NOTHING, journal.digest(_content(self._backup))):
            return
        what = "is gone" if snapshot is None else "was replaced"
        raise StateDamaged(
            f"{self.where} {what} while {self._journal.name} still continued it.",
            hint(
                "Put back the state file that was there",
                way(
                    "or go on with a copy",
                    "state push --force FILE",
                    after=f", with the rescue copy if the run left one, else {self._backup}. Voices that only the "
                    "journal knew are found by their keys at the next plan.",
                ),
            ),
        )

    def _unmoved(self, expected: str | None) -> _Seen:
        """What is there now, which must be `expected`. Raises StateConflict."""
        seen = self._seen
        if seen is None or seen.looks != self._looks():
            _, seen = self._read()
        if seen.version == expected:
            return seen
        if seen.version is None:
            raise StateConflict(
                f"{self.where} was removed since this run read it.",
                hint(
                    way(
                        "Put it back before the next run, or that one begins with nothing. The state before the last "
                        "apply",
                        "state push",
                        self._backup,
                    )
                ),
            )
        what = "made" if expected is None else "changed"
        raise StateConflict(
            f"{self.where} was {what} by somebody else since this run read it.",
            hint(way("See what is there", "state pull", after=", then run the command again.")),
        )

    def _free_way(self) -> bool:
        """Before a write over anything: put a journal aside that can't be read. Tells whether one is in use."""
        try:
            return self._read()[1].end is not None
        except StateDamaged:
            self._journal.replace(self._journal.with_name(f"{self._journal.name}.damaged"))
            return False

    def _keep_backup(self) -> None:
        if _look(self._snapshot) is None:
            return
        temporary = self._backup.with_name(f"{self._backup.name}.tmp")
        temporary.unlink(missing_ok=True)
        try:
            os.link(self._snapshot, temporary)
        except OSError:  # a disk without hard links
            _beside(self._backup, self._snapshot.read_bytes(), mode=_mode(self._snapshot))
        temporary.replace(self._backup)

    def _drop_journal(self, folder: int) -> None:
        with suppress(FileNotFoundError):
            self._journal.unlink()
            os.fsync(folder)

    def _appended(self, text: bytes, end: int) -> int:
        """Write `text` at `end`, over whatever was torn there; the file's new end."""
        opened = os.open(self._journal, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            if os.fstat(opened).st_size > end:
                os.ftruncate(opened, end)
                os.fsync(opened)
            os.lseek(opened, end, os.SEEK_SET)
            _write_all(opened, text)
            os.fsync(opened)
        except BaseException:
            # A line that is there after all would be news to whoever was told that it is not.
            with suppress(OSError):
                os.ftruncate(opened, end)
            raise
        finally:
            os.close(opened)
        return end + len(text)

    def _looks(self) -> tuple[_Look, _Look]:
        return _look(self._snapshot), _look(self._journal)


def _look(path: Path) -> _Look:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o600


def _beside(path: Path, content: bytes, *, mode: int) -> Path:
    """The content, durable, in a file beside `path` that is ready to be renamed over it."""
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.fchmod(opened, mode)
        _write_all(opened, content)
        os.fsync(opened)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(opened)
    return temporary


def _write_all(opened: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(opened, left) :]

"""The backend on a local disk: a snapshot, a backup, and the journal of a run that is not folded yet.

    NAME.state.json      the snapshot; a new one is written to a temporary file, synced, and renamed over it
    NAME.state.backup    the snapshot before that one
    NAME.state.journal   entries appended since; one write and one fsync for each append
    NAME.state.lock      the lock, with the name of its owner

At every moment the snapshot and its journal together are the complete state. A journal names the snapshot that it
continues. A journal that continues the backup is left from a write that folded it and was killed before it removed it.
Versions are checksums of the content. File stats (inode, size, times) are compared only to avoid reading again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.atomic_write import write_all, write_temporary
from reconciler.backends import filelock, journal
from reconciler.backends.lease import Unlimited
from reconciler.backends.local_files import FileStat, bytes_of, mode_of, stat_of, temporary_of
from reconciler.backends.local_history import LocalHistory
from reconciler.errors import StateConflict, StateDamaged, StateError
from reconciler.hints import Way, hint, way
from reconciler.protocols.backend import (
    ANY_VERSION,
    KEPT,
    Blob,
    Held,
    Lease,
    LockInfo,
    Snapshot,
    Stamp,
    Traits,
)
from reconciler.values import value

_READS = 200  # attempts of a reader; each one fails only if a writer finished in between


@value
class _Content:
    """What the files held at the last read or write. The next append is written at `end`; None: to a new journal."""

    version: str | None
    continues: str  # the digest of the snapshot
    end: int | None
    stats: tuple[FileStat, FileStat]  # of the snapshot and the journal


class LocalBackend:
    """The state at `path` (`….json`); a link is followed. Raises StateErrors.

    It keeps the last `keep` snapshots in the folder `history`; none without a folder.
    """

    traits = Traits()
    notes: tuple[str | Way, ...] = ()

    def __init__(self, path: Path, *, history: Path | None = None, keep: int = KEPT) -> None:
        self._snapshot = Path(os.path.realpath(path))  # not Path.resolve, which raises for a link to itself
        stem = self._snapshot.name.removesuffix(".json")
        self._backup = self._snapshot.with_name(f"{stem}.backup")
        self._journal = self._snapshot.with_name(f"{stem}.journal")
        self._lock = self._snapshot.with_name(f"{stem}.lock")
        self._history = LocalHistory(history, keep)
        self._last: _Content | None = None

    @property
    def where(self) -> str:
        """The path of the state file."""
        return str(self._snapshot)

    def read(self) -> Blob | None:
        """The snapshot, and the journal's entries; None if there is no state."""
        for _ in range(_READS):
            before = self._stats()
            try:
                blob, current = self._read()
            except StateDamaged:
                if self._stats() != before:
                    continue  # a writer changed the files between the two reads
                raise
            # If the snapshot did not change, it fits the journal that was read; later entries are simply not in it yet.
            if stat_of(self._snapshot) == before[0]:
                self._last = current
                return blob
        raise StateError(
            f"Other programs change {self.where} faster than voicectl can read it.",
            "Try again when no other run writes it.",
        )

    def write(self, data: bytes, expected: str | None, stamp: Stamp) -> str:
        """Replaces the state, and returns the new version. Raises StateConflict if the version is not `expected`."""
        with self._directory_locked() as folder:
            in_use = self._set_aside_damage() if expected == ANY_VERSION else self._current(expected).end is not None
            temporary = write_temporary(temporary_of(self._snapshot), data, mode=mode_of(self._snapshot))
            if not in_use:
                # A journal that continues the backup must be removed before the backup is replaced.
                self._remove_journal(folder)
            self._replace_backup()
            os.fsync(folder)
            temporary.replace(self._snapshot)
            os.fsync(folder)
            self._remove_journal(folder)
            self._history.add(self._snapshot, stamp.serial)
            continues = journal.digest(data)
            self._last = _Content(journal.version(continues), continues, None, self._stats())
        return journal.version(continues)

    def set_aside(self) -> None:
        """Renames the state to its backup, after its content was written elsewhere."""
        with self._directory_locked() as folder:
            self._snapshot.replace(self._backup)
            os.fsync(folder)
            self._remove_journal(folder)
            self._last = None

    def append(self, entries: Sequence[bytes], expected: str | None, stamp: Stamp) -> str:  # noqa: ARG002 - the files need no stamp
        """Appends to the journal, returns the new version. Raises StateConflict if the version is not `expected`."""
        with self._directory_locked() as folder:
            current = self._current(expected)
            begins = current.end is None
            after = journal.version(current.continues) if begins or current.version is None else current.version
            line, made = journal.line(entries, after=after)
            text = journal.header(current.continues) + line if begins else line
            end = self._append_at(text, current.end or 0)
            if begins:
                os.fsync(folder)
            # The snapshot's stat is from before: if a program replaced it during the append, the next call notices.
            self._last = _Content(made, current.continues, end, (current.stats[0], stat_of(self._journal)))
        return made

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[Lease]:
        """Holds the lock while the context lasts. Raises StateLocked."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        self._refuse_long_name()
        with filelock.held(self._lock, holder):
            yield Unlimited()

    def holder(self) -> Held | None:
        """Who holds the lock; None also for a lock that a dead run of this machine left."""
        return filelock.holder(self._lock)

    def break_lock(self, lock_id: str) -> LockInfo:
        """Removes the lock of a run that is not alive, and returns its owner. Raises StateError otherwise."""
        return filelock.break_dead(self._lock, lock_id)

    def history(self) -> Sequence[Snapshot]:
        """The snapshots that are kept, the newest first."""
        return self._history.snapshots()

    def snapshot(self, serial: int) -> bytes:
        """A snapshot that is kept. Raises StateError."""
        return self._history.read(serial)

    def _refuse_long_name(self) -> None:
        """Raises StateError for a name that is too long; without this a run would fail at its end, after paid calls."""
        over = len(os.fsencode(f"{self._journal.name}.damaged")) - os.pathconf(self._lock.parent, "PC_NAME_MAX")
        if over > 0:
            raise StateError(
                f"{self.where}: its name is too long by {over} bytes for the files beside it.",
                "Give the manifest a shorter name.",
            )

    @contextmanager
    def _directory_locked(self) -> Iterator[int]:
        self._snapshot.parent.mkdir(parents=True, exist_ok=True)
        with filelock.directory_lock(self._snapshot.parent) as folder:
            yield folder

    def _read(self) -> tuple[Blob | None, _Content]:
        stats = self._stats()
        snapshot, lines = bytes_of(self._snapshot), bytes_of(self._journal)
        continues = journal.digest(snapshot)
        parsed = None if lines is None else journal.parse(lines)
        if parsed is not None and parsed.continues != continues:
            self._check_continues_backup(parsed, snapshot)
            parsed = None
        if parsed is not None:
            blob = Blob(snapshot or b"", parsed.version, parsed.entries)
            return blob, _Content(parsed.version, continues, parsed.end, stats)
        if snapshot is None:
            return None, _Content(None, continues, None, stats)
        version = journal.version(continues)
        return Blob(snapshot, version), _Content(version, continues, None, stats)

    def _check_continues_backup(self, parsed: journal.Journal, snapshot: bytes | None) -> None:
        """Raises StateDamaged if the journal continues neither the snapshot nor the backup: then a snapshot is lost."""
        if snapshot is not None and parsed.continues in (journal.NOTHING, journal.digest(bytes_of(self._backup))):
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

    def _current(self, expected: str | None) -> _Content:
        """The content of the files now. Raises StateConflict if its version is not `expected`."""
        current = self._last
        if current is None or current.stats != self._stats():
            _, current = self._read()
        if current.version == expected:
            return current
        if current.version is None:
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
            f"{self.where} was {what} by another program since this run read it.",
            hint(way("See what is there", "state pull", after=", then run the command again.")),
        )

    def _set_aside_damage(self) -> bool:
        """Before an unconditional write: renames a journal that can't be read. Returns whether a journal is in use."""
        try:
            return self._read()[1].end is not None
        except StateDamaged:
            self._journal.replace(self._journal.with_name(f"{self._journal.name}.damaged"))
            return False

    def _replace_backup(self) -> None:
        if stat_of(self._snapshot) is None:
            return
        temporary = temporary_of(self._backup)
        temporary.unlink(missing_ok=True)
        try:
            os.link(self._snapshot, temporary)
        except OSError:  # a disk without hard links
            write_temporary(temporary, self._snapshot.read_bytes(), mode=mode_of(self._snapshot))
        temporary.replace(self._backup)

    def _remove_journal(self, folder: int) -> None:
        with suppress(FileNotFoundError):
            self._journal.unlink()
            os.fsync(folder)

    def _append_at(self, text: bytes, end: int) -> int:
        """Writes `text` at `end`, over a torn line if there is one. Returns the file's new end."""
        opened = os.open(self._journal, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            if os.fstat(opened).st_size > end:
                os.ftruncate(opened, end)
                os.fsync(opened)
            os.lseek(opened, end, os.SEEK_SET)
            write_all(opened, text)
            os.fsync(opened)
        except BaseException:
            # The caller gets an error, so the line must not be in the file.
            with suppress(OSError):
                os.ftruncate(opened, end)
            raise
        finally:
            os.close(opened)
        return end + len(text)

    def _stats(self) -> tuple[FileStat, FileStat]:
        return stat_of(self._snapshot), stat_of(self._journal)

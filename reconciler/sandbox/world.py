"""The database of the sandbox: accounts, tasks, voices and faults in one SQLite file. The same for every cloud.

Every request is one transaction that is committed before the answer, so a killed process loses nothing that was done.
Several processes and threads may use one world at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Self

from reconciler.errors import UsageError
from reconciler.protocols.clock import Clock
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.task import LIVING, SELECT, Task

DEFAULT_SEED = 1
_FORMAT = 2
_WAIT_SECONDS = 30.0  # for another process's transaction
_OUTSIDE = "outside"
_DELETE = "Delete it if it is an old sandbox: no real voice is lost."
_SCHEMA = f"""
CREATE TABLE world (seed INTEGER NOT NULL, faults TEXT NOT NULL);
CREATE TABLE turns (
  account TEXT NOT NULL, action TEXT NOT NULL, calls INTEGER NOT NULL DEFAULT 1,
  tokens REAL NOT NULL, refilled_at INTEGER NOT NULL, PRIMARY KEY (account, action)
) WITHOUT ROWID;
CREATE TABLE creations (
  number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, task_id TEXT NOT NULL UNIQUE, key TEXT,
  voice_id TEXT NOT NULL, voice_name TEXT NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER NOT NULL,
  ended_at INTEGER, failure TEXT, deleted_at INTEGER, action TEXT NOT NULL, told TEXT NOT NULL, used_at INTEGER
);
CREATE INDEX creations_key ON creations (account, key) WHERE key IS NOT NULL;
CREATE INDEX creations_voice ON creations (account, voice_id);
CREATE INDEX creations_recent ON creations (account, created_at);
CREATE INDEX creations_listed ON creations (account, deleted_at);
CREATE INDEX creations_ended ON creations (account, ended_at);
CREATE INDEX creations_named ON creations (account, voice_name);
PRAGMA user_version = {_FORMAT}
"""


_DISK_ERRORS = (  # sqlite.org/rescode.html: errors of the disk, not of the content
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)


def unwritable(path: str | Path, why: str) -> UsageError:
    """The error for a world whose file can't be written."""
    return UsageError(
        f"The sandbox keeps its world in {path}, which can't be written: {why}.",
        "Copy the manifest to a folder of your own, and go there: voicectl -C DIR --sandbox plan",
    )


class World:
    """One sandbox. Create it with `open`."""

    def __init__(self, db: sqlite3.Connection, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._lock = RLock()
        self._faults = ("", Faults())  # the stored JSON, and its parsed value

    @classmethod
    def open(cls, path: str | Path, clock: Clock, *, seed: int = DEFAULT_SEED) -> World:
        """Opens the world at this path, or creates it with `seed`. `:memory:` is a new world without a file.

        Raises UsageError if the file is something else, or can't be written.
        """
        try:
            if str(path) != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            with ExitStack() as opened:
                db = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
                opened.callback(db.close)
                _prepare(db, seed, clock)
                opened.pop_all()  # complete, so the connection stays open
        except OSError as error:
            raise unwritable(path, error.strerror or str(error)) from error
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DISK_ERRORS:
                raise unwritable(path, str(error)) from error
            raise UsageError(f"{path} can't be the sandbox's world: {error}.", _DELETE) from error
        return cls(db, clock)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def request(self, account: str, action: str) -> Iterator[RequestContext]:
        """The transaction of one request: committed at the end of the block, rolled back if it raises.

        `account` is empty for a caller without valid credentials.
        """
        with self._transaction():
            seed, faults_json = self._db.execute("SELECT seed, faults FROM world").fetchone()
            yield RequestContext(
                self._db, account, action=action, now=self.now(), seed=seed, faults=self._parse_faults(faults_json)
            )

    def now(self) -> int:
        """The time in Unix milliseconds: the wall clock, which several processes share, plus `clock_ahead`."""
        return int((self._clock.now().timestamp() + self.faults().clock_ahead) * 1000)

    def wait(self, seconds: float) -> None:
        """Waits. Call it outside of a request's transaction, so that other requests don't wait too."""
        if seconds > 0:
            self._clock.sleep(seconds)

    def faults(self) -> Faults:
        """The current faults."""
        with self._lock:
            return self._parse_faults(self._db.execute("SELECT faults FROM world").fetchone()[0])

    def set_faults(self, faults: Faults) -> None:
        """Replaces all faults."""
        with self._transaction():
            self._db.execute("UPDATE world SET faults = ?", (faults.model_dump_json(),))

    def reset(self, *, seed: int | None = None) -> None:
        """Deletes everything and turns every fault off. `seed` None takes the next seed, so that no id repeats."""
        with self._transaction():
            self._db.execute("DELETE FROM creations")
            self._db.execute("DELETE FROM turns")
            values = (Faults().model_dump_json(), seed)
            self._db.execute("UPDATE world SET faults = ?, seed = coalesce(?, seed + 1)", values)

    def accounts(self) -> tuple[str, ...]:
        """All accounts that ever called, such as `kling:sandbox-default`."""
        with self._lock:
            rows = self._db.execute("SELECT DISTINCT account FROM turns WHERE account != '' ORDER BY account")
            return tuple(row[0] for row in rows)

    def voices(self, account: str | None = None) -> tuple[Task, ...]:
        """The voices that exist now, oldest first, of one account or of all. The faults for lists don't apply."""
        query = f"{SELECT} {LIVING} AND voice_id != '' AND account = coalesce(:account, account) ORDER BY number"
        with self._lock:
            rows = self._db.execute(query, {"now": self.now(), "account": account})
            return tuple(Task(*row) for row in rows)

    def delete_outside(self, voice_id_or_name: str) -> Task:
        """Deletes a voice, as a user can in the console. Raises UsageError, as `rename_outside` does."""
        return self._change_outside(voice_id_or_name, new_name=None)

    def rename_outside(self, voice_id_or_name: str, new_name: str) -> Task:
        """Renames a voice, as a user can in the console. Returns the voice with its old name."""
        return self._change_outside(voice_id_or_name, new_name=new_name)

    def add_foreign(self, voice_name: str, account: str) -> Task:
        """Adds a finished voice that was not created over this API, such as a colleague's."""
        with self.request(account, _OUTSIDE) as context:
            return context.begin(voice_name, key=None, seconds=0)

    def _change_outside(self, wanted: str, *, new_name: str | None) -> Task:
        with self._lock:
            found = [v for v in self.voices() if v.voice_id == wanted]
            found = found or [v for v in self.voices() if v.voice_name == wanted]
            match found:
                case [voice]:
                    pass
                case []:
                    raise UsageError(f"No voice of the sandbox has the id or name {wanted!r}.")
                case _:
                    ids = ", ".join(v.voice_id for v in found)
                    raise UsageError(f"{len(found)} voices of the sandbox are called {wanted!r}.", f"Say the id: {ids}")
            with self.request(voice.account, _OUTSIDE) as context:
                if new_name is None:
                    context.delete(voice)
                else:
                    context.rename(voice, new_name)
            return voice

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, _write_transaction(self._db):
            yield

    def _parse_faults(self, faults_json: str) -> Faults:
        if self._faults[0] != faults_json:  # read for every request, parsed only after a change
            self._faults = (faults_json, Faults.model_validate_json(faults_json))
        return self._faults[1]


def _prepare(db: sqlite3.Connection, seed: int, clock: Clock) -> None:
    # Nothing is synced: the system's cache keeps what a killed process wrote, and a sandbox need not survive a power
    # cut. The journal mode can't wait while another process opens the new file, so it is tried again.
    db.execute("PRAGMA synchronous = OFF")
    for _ in range(100):
        with suppress(sqlite3.OperationalError):
            db.execute("PRAGMA journal_mode = WAL")
            break
        clock.sleep(0.01)
    with _write_transaction(db):
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute("INSERT INTO world VALUES (?, ?)", (seed, Faults().model_dump_json()))
        elif version != _FORMAT:
            raise sqlite3.DatabaseError("another version of voicectl made it, or something else did")


@contextmanager
def _write_transaction(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction that takes the write lock at once. A lock that is taken after a read could not be waited for."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise

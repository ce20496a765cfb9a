"""Loads, locks and writes the state. If a write fails, it leaves a rescue copy. No other module writes the state.

The serial grows by one with each write that changes the state, also with a line of the journal, but not when the
journal is folded. So a plan is out of date once a run has written, whether that run finished, died or still runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from reconciler.engine.locking import Owner, holder_of, taken
from reconciler.engine.rescue import RescueCopy, records_answered
from reconciler.engine.stored_state import NO_VOICES, StoredState, disk_errors, stamp, state_at_serial, stored_state
from reconciler.errors import KeyMissing, StateConflict, StateDamaged, StateLocked, StateMoved, StateNotEncrypted
from reconciler.hints import Way
from reconciler.model import statefile
from reconciler.model.manifest import Voice
from reconciler.model.state import State
from reconciler.planning import foreign, no_state
from reconciler.protocols.backend import ANY_VERSION, Backend, Held, Lease, LockInfo, Snapshot
from reconciler.protocols.clock import Clock
from reconciler.protocols.file_cipher import NO_CIPHER, FileCipher


class Store:
    """One state in its backend. Call `load` first; call `begin`, `commit` and `finish` only inside `locked`.

    `rescue_path` is for a copy if the state can't be saved. `place` are the global options that select this state,
    such as `-f prod.yaml`, for the commands in hints.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        clock: Clock,
        rescue_path: Path,
        cipher: FileCipher = NO_CIPHER,
        lock_owner: Owner | None = None,
        lock_id: Callable[[], str] | None = None,
        place: str = "",
    ) -> None:
        self._backend = backend
        self._clock = clock
        self.cipher = cipher  # of the files beside the state
        self._rescue = RescueCopy(rescue_path, place)
        self._lock_owner = lock_owner
        self._lock_id = lock_id
        self.place = place
        self._saved: State | None = None  # what the backend holds
        self._version: str | None = None
        self._journalled = False  # the journal has entries that are not folded
        self._missed_a_commit = False  # a commit failed, so the next one must write more than its `touched` records
        self._unclear: State | None = None  # a write of it failed, so the backend may hold it or not
        self._start: State | None = None  # the state in the backend when this run began
        self._lock: LockInfo | None = None  # that this run holds, or is releasing
        self._pays = True  # this run makes paid calls

    @property
    def where(self) -> str:
        """The path or URL for messages."""
        return self._backend.where

    @property
    def notes(self) -> tuple[str | Way, ...]:
        """Warnings of the backend, as sentences for the user."""
        return self._backend.notes

    @property
    def lock_that_stays(self) -> LockInfo | None:
        """The lock that this run holds, if it would stay after the run was killed."""
        return self._lock if self._backend.traits.lock_stays else None

    @property
    def least_gap(self) -> float:
        return self._backend.traits.least_gap

    @property
    def exists(self) -> bool:
        """Whether the last `load` found a state, or this run has written one."""
        return self._saved is not None

    def load(self, voices: Mapping[str, Voice] = NO_VOICES) -> State | None:
        """The state as it is now, with its journal. None if there is none yet. `voices`: see `statefile.load`."""
        self._remember(stored_state(self._backend, voices))
        self._start, self._unclear = self._saved, None
        return self._saved

    def check(self, state: State, manifest: str) -> None:
        """Raises StateForeign for the state of another manifest."""
        foreign.check_manifest(state, manifest, where=self.where, place=self.place)

    @contextmanager
    def locked(
        self, operation: str, *, wait: float = 0.0, waiting: Callable[[StateLocked], None] | None = None
    ) -> Iterator[Lease]:
        """Holds the lock. Waits at most `wait` seconds, and calls `waiting` now and then. Raises StateLocked."""
        info = holder_of(self._lock_owner, self._lock_id, operation, self._clock.now())
        try:
            with ExitStack() as stack:
                with disk_errors(self.where, "could not be locked"):
                    lease = taken(self._backend, info, clock=self._clock, stack=stack, wait=wait, waiting=waiting)
                self._lock = info
                yield lease
        finally:
            self._lock = None

    def begin(self, state: State | None, *, pays: bool = True) -> None:
        """Begins a run with `state`: what `load` returned under the lock, or a new one that is not written yet.

        `pays`: the run makes paid calls, so a state that can't be saved goes into a rescue copy. Any other run can be
        repeated. Raises StateConflict if the saved state is another one.
        """
        foreign.check_unchanged(self._saved, state, where=self.where)
        self._start, self._pays = self._saved, pays

    def commit(self, state: State, *, touched: Iterable[str] | None = None) -> None:
        """Appends all that differs from the last commit. It is durable when this returns.

        `touched`: the keys of all records that may differ, with the bindings of their addresses.
        Raises StateNotSaved after it wrote a rescue copy, if a cloud has answered in this run; else a StateError.
        """
        self._settle(state)
        saved = self._saved
        if saved is None or not self._backend.traits.journals:
            self.finish(state)
            return
        keys = None if touched is None or self._missed_a_commit else tuple(touched)
        numbered = state.numbered(saved.serial + 1)
        self._missed_a_commit = True
        with self._saving(numbered):
            line = statefile.entry(saved, numbered, touched=keys)
            if line == statefile.entry(saved, saved.numbered(saved.serial + 1), touched=()):
                self._missed_a_commit = False  # only the serial differs
                return
            self._send(lambda: self._backend.append([line], self._version, stamp(numbered)), numbered)
        self._saved, self._journalled, self._missed_a_commit = numbered, True, False
        self._rescue.delete()

    def finish(self, state: State) -> State:
        """Folds the run into one snapshot, if there is anything to fold. Returns the state as written."""
        self._settle(state)
        saved = self._saved
        if saved is None:
            return self._write(state.numbered(state.serial + 1))
        if statefile.entry(saved, state.numbered(saved.serial)):
            return self._write(state.numbered(saved.serial + 1))
        return self._write(saved) if self._journalled else saved

    def rewrite(self, state: State) -> State:
        """Writes a state that was loaded as one snapshot again, with the next serial. Returns it as written."""
        return self._write(state.numbered(state.serial + 1))

    def fold(self) -> None:
        """Folds the journal of a run that died. The serial stays."""
        if self._saved is not None and self._journalled:
            self._write(self._saved)

    def holder(self) -> Held | None:
        """Who holds the lock; None also where the backend can't tell."""
        with disk_errors(self.where, "could not be read"):
            return self._backend.holder()

    def history(self) -> Sequence[Snapshot]:
        """The snapshots that the backend keeps, the newest first."""
        with disk_errors(self.where, "could not be read"):
            return self._backend.history()

    def at_serial(self, serial: int) -> State:
        """The state in a snapshot that is kept. Raises StateError."""
        return state_at_serial(self._backend, serial)

    def pull(self, serial: int | None = None) -> bytes:
        """The state as one file, with its journal folded in; or as it was at a serial."""
        state = self.load() if serial is None else self.at_serial(serial)
        if state is None:
            raise no_state.nothing_known(self.where)
        return statefile.dump(state)

    def push(self, copy: bytes, *, force: bool = False, name: str = "FILE") -> State:
        """Replaces the state by a copy, the file `name`, under the lock. Returns the state as written.

        Raises StateForeign for another lineage and StateConflict for a copy that is not newer, unless `force`. A
        forced copy gets a new serial, so that no plan for the replaced state or for the copy is valid again.
        """
        pushed = statefile.load(copy)
        try:
            held = self.load()
        except (StateDamaged, KeyMissing, StateNotEncrypted, StateMoved) as unusable:
            if not force:
                raise foreign.or_by_force(unusable, name=name, place=self.place) from None
            held, self._version = None, ANY_VERSION
            if isinstance(unusable, StateMoved):
                pushed = pushed.numbered(max(pushed.serial, unusable.serial + 1))
        if held is not None:
            if pushed == held:
                return self.finish(held)
            if not force:
                foreign.check_copy(pushed, held, name=name, place=self.place)
            pushed = foreign.over(pushed, held)
        self._pays = False
        return self._write(pushed)

    def _write(self, state: State) -> State:
        with self._saving(state):
            self._send(lambda: self._backend.write(statefile.dump(state), self._version, stamp(state)), state)
        self._saved, self._journalled, self._missed_a_commit = state, False, False
        self._rescue.delete()
        return state

    def _remember(self, stored: StoredState | None) -> None:
        self._saved = None if stored is None else stored.state
        self._version = None if stored is None else stored.version
        self._journalled, self._missed_a_commit = stored is not None and stored.journalled, False

    def _send(self, write: Callable[[], str], state: State) -> None:
        """Writes `state`, and notes it if it is unclear whether the backend has it."""
        try:
            self._version = write()
        except StateConflict:
            raise
        except Exception:
            self._unclear = state
            raise

    def _settle(self, state: State) -> None:
        """If the last write failed, but was made: continues from it. `state` is what will be written next."""
        if self._unclear is None:
            return
        with self._saving(state.numbered(self._unclear.serial + 1)):
            stored = stored_state(self._backend, failure="could not be written")
        if stored is not None and statefile.dump(stored.state) == statefile.dump(self._unclear):
            self._remember(stored)
        self._unclear = None

    @contextmanager
    def _saving(self, state: State) -> Iterator[None]:
        """Writes a rescue copy if anything fails inside, and clouds have answered in this run."""
        try:
            with disk_errors(self.where, "could not be written"):
                yield
        except Exception as error:
            answered = records_answered(self._start, state) if self._pays else []
            if not answered:
                raise
            # Its serial is one above the saved state's: it can be pushed until another run has written.
            copy = self.cipher.encrypt(statefile.dump(state), stamp(state), "copy")
            raise self._rescue.write(copy, answered, error) from error

"""The one who may touch the state: takes the lock, reads, appends, folds, and leaves a rescue copy when a disk says no.

How the serial moves: every write that changes anything moves it by one, a journal's line too; folding a journal does
not. So a plan is out of date as soon as a run has written once, whether that run finished, died, or is still at work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from reconciler.engine import rescue
from reconciler.engine.lock_owner import LockOwner, new_lock_id
from reconciler.errors import (
    StateConflict,
    StateDamaged,
    StateError,
    StateLocked,
)
from reconciler.model import statefile
from reconciler.model.state import State, Status
from reconciler.planning import foreign, no_state
from reconciler.protocols import ANY_VERSION, Backend, Clock, LockInfo

_POLL = 1.0  # seconds between two looks at a lock that somebody else holds


class Store:
    """`load` first; `begin`, `commit` and `finish` only inside `locked`.

    `rescue_path` is where a copy goes when the state can't be saved. `place` are the global options that lead to
    this state, such as `-f prod.yaml`, for the commands in hints.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        clock: Clock,
        rescue_path: Path,
        lock_owner: LockOwner | None = None,
        lock_id: Callable[[], str] = new_lock_id,
        place: str = "",
    ) -> None:
        self._backend = backend
        self._clock = clock
        self._rescue_path = rescue_path
        self._runner = lock_owner or LockOwner.here()
        self._lock_id = lock_id
        self.place = place
        self._saved: State | None = None  # what the backend holds
        self._version: str | None = None
        self._journalled = False  # entries wait to be folded
        self._behind = False  # a commit failed, so more than the next one touches is to be written
        self._start: State | None = None  # what the backend held when this run began
        self._pays = True  # this run makes calls that cost something
        self._copy: Path | None = None  # the rescue copy of this run

    @property
    def where(self) -> str:
        """For people: the path or URL, without credentials."""
        return self._backend.where

    @property
    def exists(self) -> bool:
        """Whether the last `load` found a state, or this run has written one."""
        return self._saved is not None

    def load(self) -> State | None:
        """The state as it is now, journal and all. None when there is none yet."""
        with self._told("could not be read"):
            blob = self._backend.read()
        if blob is None:
            self._remember(None, None, journalled=False)
            return None
        try:
            state = statefile.fold(statefile.load(blob.data), blob.entries)
        except StateDamaged as damaged:
            raise StateDamaged(f"{self.where}: {damaged.detail}", damaged.hint) from None
        self._remember(state, blob.version, journalled=bool(blob.entries))
        return state

    def check(self, state: State, manifest: str) -> None:
        """Raises StateForeign for the state of another manifest."""
        foreign.check_manifest(state, manifest, where=self.where, place=self.place)

    @contextmanager
    def locked(
        self, operation: str, *, wait: float = 0.0, waiting: Callable[[StateLocked], None] | None = None
    ) -> Iterator[None]:
        """The lock, after at most `wait` seconds; `waiting` is called once if it has to wait. Raises StateLocked."""
        deadline = self._clock.monotonic() + wait
        with ExitStack() as stack:
            while True:
                try:
                    with self._told("could not be locked"):
                        stack.enter_context(self._backend.lock(self._holder(operation)))
                    break
                except StateLocked as locked:
                    left = deadline - self._clock.monotonic()
                    if left <= 0:
                        raise
                    if waiting is not None:
                        waiting(locked)
                        waiting = None
                self._clock.sleep(min(_POLL, left))
            yield

    def begin(self, state: State | None, *, pays: bool = True) -> None:
        """A run begins with `state`: what `load` returned under the lock, or a new one that nothing was written of.

        `pays`: clouds answer in it, so what can't be saved goes into a rescue copy; any other run is simply run again.
        Raises StateConflict when it is another.
        """
        there, mine = _version_of(self._saved), _version_of(state)
        if self._saved is not None and there != mine:
            raise StateConflict(f"This run began with {mine}; {self.where} has {there}.", "Run it again.")
        self._start, self._pays = self._saved, pays

    def commit(self, state: State, *, touched: Iterable[str] | None = None) -> None:
        """Durable when it returns: what differs from the last commit, in one append.

        `touched`: the keys of the only records that may differ, with the bindings of their addresses.
        Raises StateNotSaved after leaving a rescue copy, if a cloud has answered in this run; else a StateError.
        """
        saved = self._saved
        if saved is None:
            self._write(state.numbered(state.serial + 1))
            return
        keys = None if touched is None or self._behind else tuple(touched)
        if not statefile.entry(saved, state.numbered(saved.serial), touched=keys):
            return
        numbered = state.numbered(saved.serial + 1)
        self._behind = True
        with self._saving(numbered):
            line = statefile.entry(saved, numbered, touched=keys)
            self._version = self._backend.append([line], self._version)
        self._saved, self._journalled, self._behind = numbered, True, False
        self._withdraw_copy()

    def finish(self, state: State) -> State:
        """Fold the run into one snapshot, if there is anything to fold. Returns the state as written."""
        saved = self._saved
        if saved is None:
            return self._write(state.numbered(state.serial + 1))
        if statefile.entry(saved, state.numbered(saved.serial)):
            return self._write(state.numbered(saved.serial + 1))
        return self._write(saved) if self._journalled else saved

    def fold(self) -> None:
        """Fold what a dead run left, for a run that has nothing to do itself. Moves no serial."""
        if self._saved is not None and self._journalled:
            self._write(self._saved)

    def pull(self) -> bytes:
        """The state as one file, its journal folded."""
        state = self.load()
        if state is None:
            raise no_state.nothing_known(self.where)
        return statefile.dump(state)

    def push(self, copy: bytes, *, force: bool = False) -> State:
        """Replace the state by a copy, under the lock. Returns the state as written.

        Raises StateForeign for another lineage and StateConflict for a copy that is not newer, unless `force`. A
        forced copy gets a serial of its own, so that no plan made for what was replaced, or for the copy when it was
        the state, comes to life again.
        """
        pushed = statefile.load(copy)
        try:
            held = self.load()
        except StateDamaged:
            if not force:
                raise
            held, self._version = None, ANY_VERSION
        if held is not None:
            if pushed == held:
                return self.finish(held)
            if not force:
                foreign.check_copy(pushed, held, place=self.place)
            pushed = pushed.numbered(max(pushed.serial, held.serial + 1))
        self._pays = False
        return self._write(pushed)

    def _write(self, state: State) -> State:
        with self._saving(state):
            self._version = self._backend.write(statefile.dump(state), self._version)
        self._saved, self._journalled, self._behind = state, False, False
        self._withdraw_copy()
        return state

    def _withdraw_copy(self) -> None:
        if self._copy is not None:
            rescue.withdraw(self._copy)
            self._copy = None

    def _remember(self, state: State | None, version: str | None, *, journalled: bool) -> None:
        self._saved = self._start = state
        self._version, self._journalled, self._behind = version, journalled, False

    @contextmanager
    def _saving(self, state: State) -> Iterator[None]:
        """Whatever goes wrong inside: what clouds have answered in this run goes into a rescue copy."""
        try:
            with self._told("could not be written"):
                yield
        except Exception as error:
            answered = [
                state.records[key]
                for key in statefile.differing(self._start or _nothing_of(state), state)
                if self._pays and key in state.records and state.records[key].status is not Status.INTENDED
            ]
            if not answered:
                raise
            # Its serial is the one above what was saved: it can be pushed until another run has written.
            copy = rescue.leave(statefile.dump(state), self._rescue_path, over=self._copy)
            unsaved = rescue.not_saved(error, answered, copy, older=self._copy, place=self.place)
            self._copy = copy or self._copy
            raise unsaved from error

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StateError(
                f"{self.where} {what}: {error.strerror or error}.",
                "Look at the disk, then run it again.",
                summary=f"The state {what}",
            ) from error

    def _holder(self, operation: str) -> LockInfo:
        me = self._runner
        return LockInfo(
            lock_id=self._lock_id(),
            who=f"{me.user}@{me.host}",
            pid=me.pid,
            host=me.host,
            operation=operation,
            since=self._clock.now(),
        )


def _version_of(state: State | None) -> str:
    return "no state" if state is None else f"serial {state.serial} of {state.lineage}"


def _nothing_of(state: State) -> State:
    return State(lineage=state.lineage)

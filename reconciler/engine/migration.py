"""Moves a state from one place to another. It may be killed at any point: the same command then finishes it.

The order: the old place is marked, and holds the state in its mark; the new place gets the state; it is read back; the
state is removed from the mark. So at most one place holds a state that a run accepts. A run may use the new
place before an interrupted migration is finished: then the state in the mark is an old one, and is written nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from reconciler.engine.lock_owner import LockOwner, new_lock_id
from reconciler.engine.locking import taken
from reconciler.engine.stored_state import stamp
from reconciler.errors import StateError, StateForeign, StateLocked, UsageError
from reconciler.hints import hint, way
from reconciler.model import moved, statefile
from reconciler.model.moved import Moved
from reconciler.model.state import State
from reconciler.planning import no_state
from reconciler.protocols.backend import Backend, Stamp
from reconciler.protocols.clock import Clock
from reconciler.values import value

OPERATION = "state migrate"


@value
class Place:
    """A place of a state. `name` is what a manifest calls it: a URL, or `local`."""

    name: str
    backend: Backend


@value
class _Content:
    """What a place holds: nothing, a state, or the mark of a state that left."""

    version: str | None
    state: State | None = None
    mark: Moved | None = None

    @property
    def serial(self) -> int:
        """The serial of whatever is there; 0 for nothing."""
        held = self.state or self.mark
        return 0 if held is None else held.serial


def migrate(
    source: Place,
    target: Place,
    *,
    clock: Clock,
    owner: LockOwner,
    wait: float = 0.0,
    waiting: Callable[[StateLocked], None] | None = None,
) -> State:
    """Moves the state, with the journal of a run that died. Returns it as it is at the target.

    Raises NoState if there is nothing to move, StateMoved if it was moved elsewhere, StateForeign if the target holds
    another state, UsageError if both are one place, and StateLocked.
    """
    with ExitStack() as locks:
        first, second = (owner.holder(new_lock_id(), OPERATION, clock.now()) for _ in range(2))
        taken(source.backend, first, clock=clock, stack=locks, wait=wait, waiting=waiting)
        try:
            taken(target.backend, second, clock=clock, stack=locks, wait=0.0, waiting=None)
        except StateLocked as locked:
            if locked.lock_id == first.lock_id:
                raise UsageError(
                    f"{source.backend.where} and {target.backend.where} are one place, so there is nothing to move.",
                    "Name another place: --to URL",
                ) from None
            if wait <= 0:
                raise
            taken(target.backend, second, clock=clock, stack=locks, wait=wait, waiting=waiting)
        before, there = _content(source.backend), _content(target.backend)
        if there.state is not None and _has_left(before, there.state, target):
            return there.state
        state = _leaving(source, target, before)
        goes_on = before.mark is not None and _goes_on(state, there)
        state = there.state if goes_on and there.state is not None else state
        _refuse_other(state, target, there)
        if goes_on and there.mark is not None:
            _leave(source, target, state, before)
            raise moved.refusal(there.mark, target.backend.where)
        if there.state is None:
            state = state.numbered(max(state.serial, there.serial + 1) if there.mark is not None else state.serial)
        if before.mark is None:
            leaving = Moved(
                moved_to=target.name,
                lineage=state.lineage,
                serial=before.serial + 1,
                state=statefile.dump(state).decode(),
            )
            before = _Content(_write(source.backend, leaving, before.version), mark=leaving)
        if there.state != state:
            target.backend.write(statefile.dump(state), there.version, stamp(state))
        if _content(target.backend).state != state:
            raise StateError(
                f"{target.backend.where} holds another state than the one that was just written there.",
                hint(way("The state is still complete in the old place. Try again", "state migrate --to", target.name)),
                summary="The state could not be moved",
            )
        _leave(source, target, state, before)
    return state


def leave_mark(backend: Backend, to: str) -> None:
    """Marks a state whose content was written to another place under another name."""
    content = _content(backend)
    if content.state is not None:
        mark = Moved(moved_to=to, lineage=content.state.lineage, serial=content.serial + 1)
        _write(backend, mark, content.version)


def _has_left(before: _Content, there: State, target: Place) -> bool:
    """Whether the state is at the target already, since an earlier migration or from the beginning."""
    if before.mark is None:
        return before.state is None
    gone = before.mark
    return gone.state is None and gone.moved_to == target.name and gone.lineage == there.lineage


def _content(backend: Backend) -> _Content:
    blob = backend.read()
    if blob is None:
        return _Content(None)
    mark = moved.parse(blob.data)
    if mark is not None:
        return _Content(blob.version, mark=mark)
    return _Content(blob.version, state=statefile.fold(statefile.load(blob.data), blob.entries))


def _leaving(source: Place, target: Place, content: _Content) -> State:
    """The state that leaves the source, now or since an interrupted migration."""
    if content.state is not None:
        return content.state
    mark = content.mark
    if mark is None:
        raise no_state.nothing_known(source.backend.where)
    if mark.state is None or mark.moved_to != target.name:
        raise moved.refusal(mark, source.backend.where)
    return statefile.load(mark.state.encode())


def _goes_on(state: State, there: _Content) -> bool:
    """Whether the state of an interrupted migration arrived, and a later run changed or moved it there."""
    held = there.state or there.mark
    return held is not None and held.lineage == state.lineage and held.serial > state.serial


def _leave(source: Place, target: Place, state: State, before: _Content) -> None:
    """Removes the state from the mark at the source."""
    left = Moved(moved_to=target.name, lineage=state.lineage, serial=before.serial + 1)
    _write(source.backend, left, before.version)


def _refuse_other(state: State, target: Place, there: _Content) -> None:
    """Raises StateForeign unless the target is empty, or has what an earlier migration of this state left there."""
    held = there.state or there.mark
    if held is None:
        return
    if held.lineage != state.lineage:
        raise StateForeign(
            f"{target.backend.where} holds the state of another lineage, {held.lineage[:8]}; this one is "
            f"{state.lineage[:8]}.",
            "Choose an empty place.",
            summary="Another state is there",
        )
    if there.state is not None and there.state != state:
        raise UsageError(
            f"{target.backend.where} holds this state too, with the serial {there.state.serial}; "
            f"here it has the serial {state.serial}.",
            hint(way("Compare them", "state pull", after=", and replace the wrong one: state push --force FILE")),
        )


def _write(backend: Backend, mark: Moved, expected: str | None) -> str:
    return backend.write(moved.dump(mark), expected, Stamp(mark.lineage, mark.serial))

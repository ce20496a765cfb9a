"""What a backend holds, as a state; and the errors of its disk, as state errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from reconciler.errors import StateDamaged, StateError
from reconciler.model import moved, statefile
from reconciler.model.manifest import Voice
from reconciler.model.state import State
from reconciler.protocols.backend import Backend
from reconciler.values import value

NO_VOICES: Mapping[str, Voice] = MappingProxyType({})


@value
class StoredState:
    """A state with its journal. `journalled`: the journal has entries that are not folded."""

    state: State
    version: str
    journalled: bool


def stored_state(
    backend: Backend, voices: Mapping[str, Voice] = NO_VOICES, *, failure: str = "could not be read"
) -> StoredState | None:
    """The state as it is now; None if there is none yet. `voices`: see `statefile.load`. Raises StateErrors.

    `failure`: what an error of the disk means for the caller.
    """
    with disk_errors(backend.where, failure):
        blob = backend.read()
    if blob is None:
        return None
    gone = moved.parse(blob.data)
    if gone is not None:
        raise moved.refusal(gone, backend.where)
    try:
        state = statefile.fold(statefile.load(blob.data, voices), blob.entries)
    except StateDamaged as damaged:
        raise StateDamaged(f"{backend.where}: {damaged.detail}", damaged.hint) from None
    return StoredState(state, blob.version, bool(blob.entries))


def state_at_serial(backend: Backend, serial: int) -> State:
    """The state in a snapshot that the backend keeps. Raises StateMoved for the mark of a state that had left."""
    with disk_errors(backend.where, "could not be read"):
        snapshot = backend.snapshot(serial)
    gone = moved.parse(snapshot)
    if gone is None:
        return statefile.load(snapshot)
    if gone.state is None:
        raise moved.refusal(gone, f"{backend.where}, at the serial {serial}")
    return statefile.load(gone.state.encode())


@contextmanager
def disk_errors(where: str, what: str) -> Iterator[None]:
    """Raises a StateError for an error of the disk: the state at `where` `what`."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{where} {what}: {error.strerror or error}.",
            "Check the disk, then run the command again.",
            summary=f"The state {what}",
        ) from error

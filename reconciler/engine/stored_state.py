"""What a backend holds, as a state; and the errors of its disk, as state errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from reconciler.errors import KeyMissing, StateDamaged, StateError, StateNotEncrypted
from reconciler.hints import hint
from reconciler.model import moved, statefile
from reconciler.model.manifest import Voice
from reconciler.model.state import State
from reconciler.protocols.backend import Backend, Stamp
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
    except KeyMissing as missing:
        moved_away = "or, if the state was moved from here, name its new place: state: URL, or VOICECTL_STATE"
        raise KeyMissing(f"{backend.where}: {missing.detail}", missing.hint + hint(moved_away)) from None
    return StoredState(state, blob.version, bool(blob.entries))


def state_at_serial(backend: Backend, serial: int) -> State:
    """The state in a snapshot that the backend keeps. Raises StateMoved for the mark of a state that had left."""
    where = f"{backend.where}, snapshot {serial}"
    try:
        with disk_errors(backend.where, "could not be read"):
            snapshot = backend.snapshot(serial)
        gone = moved.parse(snapshot)
        if gone is None:
            return statefile.load(snapshot)
        if gone.state is None:
            raise moved.refusal(gone, where)
        return statefile.load(gone.state.encode())
    except KeyMissing as missing:
        raise KeyMissing(f"{where}: {missing.detail}", missing.hint, summary="No key decrypts the snapshot") from None
    except StateDamaged as damaged:
        raise StateDamaged(f"{where}: {damaged.detail}", damaged.hint, summary="The snapshot is damaged") from None
    except StateNotEncrypted as plain:
        raise StateNotEncrypted(
            f"{where}: {plain.detail}", plain.hint, summary="The snapshot is not encrypted"
        ) from None


def stamp(state: State) -> Stamp:
    """The stamp of a state."""
    return Stamp(state.lineage, state.serial)


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

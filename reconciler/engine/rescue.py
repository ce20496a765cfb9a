"""Writes a rescue copy of a state that could not be saved: beside the manifest, else in the temporary folder.

If no disk takes the copy, the error message lists the voices. `state_writer` describes how the run continues.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reconciler.atomic_write import write_new
from reconciler.errors import Fenced, StateConflict, StateDamaged, StateNotSaved, VoicectlError
from reconciler.hints import hint, way
from reconciler.model import statefile
from reconciler.model.redactor import Redactor
from reconciler.model.state import Record, State, Status

_NAMES = 100  # file names that are tried: an earlier copy is never overwritten


class RescueCopy:
    """The rescue copy of one run. `place` are the global options that select the state."""

    def __init__(self, path: Path, place: str) -> None:
        self._path = path
        self._place = place
        self._written: Path | None = None

    def write(self, copy: bytes, answered: Sequence[Record], error: Exception) -> StateNotSaved:
        """Writes the copy over an older one of this run, and returns the error to raise."""
        written = write_copy(copy, self._path, over=self._written)
        unsaved = not_saved(error, answered, written, older=self._written, place=self._place)
        self._written = written or self._written
        return unsaved

    def delete(self) -> None:
        """Deletes the copy after the state was saved after all: it must not be pushed over a newer state."""
        if self._written is not None:
            with suppress(OSError):
                self._written.unlink()
            self._written = None


def records_answered(start: State | None, state: State) -> list[Record]:
    """The records that clouds have answered about since `start`, the state in the backend when the run began."""
    keys = statefile.differing(start or State(lineage=state.lineage), state)
    return [state.records[k] for k in keys if k in state.records and state.records[k].status is not Status.INTENDED]


def write_copy(copy: bytes, path: Path, *, over: Path | None = None) -> Path | None:
    """Writes the copy and returns its path; None if no disk took it. Replaces `over`, an older copy of the same run."""
    if over is not None:
        with suppress(OSError):
            write_new(over.with_name(f"{over.name}.tmp"), copy).replace(over)
            return over
    with suppress(OSError):
        return _write_in(path.parent.absolute(), path.name, copy)
    with suppress(OSError):  # the search for a temporary folder writes too, so it fails if every disk is full
        return _write_in(Path(tempfile.gettempdir()), path.name, copy)
    return None


def not_saved(
    error: Exception, answered: Sequence[Record], copy: Path | None, *, older: Path | None, place: str
) -> StateNotSaved:
    """The error for a state that could not be saved, with the command to type next.

    `copy` is the rescue copy. Without one, `older` is an earlier copy, which lacks the last results. `place` are the
    global options that select the state.
    """
    why = error.detail if isinstance(error, VoicectlError) else f"{type(error).__name__}: {Redactor()(error)}"
    if copy is None and older is None:
        return StateNotSaved(
            _unsaved_voices(answered, f"{why} No rescue copy could be written either."), "Keep this list."
        )
    if copy is None:
        why_incomplete = f"{why} The rescue copy could not be updated: {older} lacks the latest results."
        push = way("Keep this list, and push the copy", "state push", older, place=place)
        return StateNotSaved(_unsaved_voices(answered, why_incomplete), hint(push))
    if isinstance(error, Fenced):
        return _fenced(why, copy)
    copied = f"{why} A copy with all that the clouds have answered is in {copy}."
    if isinstance(error, StateConflict | StateDamaged):  # the saved state is not the one that this run began with
        copied += " It is pushed over what is there now, so look at that first."
        return StateNotSaved(copied, hint(way("", "state push --force", copy, place=place)))
    return StateNotSaved(copied, hint(way("", "state push", copy, place=place)))


def _fenced(why: str, copy: Path) -> StateNotSaved:
    """The error for a run that was taken over: its copy is older than what the other run makes of the state."""
    return StateNotSaved(
        f"{why} What the clouds have answered since is in {copy}. The other run finds the same voices by their keys, "
        "where the cloud can look them up.",
        hint(way("Do not push the copy over its state. See first what that state lacks", "plan")),
    )


def _unsaved_voices(records: Sequence[Record], why: str) -> str:
    """The message with the voices that could be written nowhere: address, voice_id, task_id and status."""
    lines = [
        f"  {r.address}: voice {r.voice_id or 'unknown'}, task {r.task_id or 'unknown'}, {r.status}" for r in records
    ]
    return "\n".join([f"{why} What the clouds have answered:", *lines])


def _write_in(folder: Path, name: str, copy: bytes) -> Path:
    stem = name.removesuffix(".json")
    for number in range(1, _NAMES):
        path = folder / (name if number == 1 else f"{stem}.{number}.json")
        with suppress(FileExistsError):
            return write_new(path, copy)
    raise FileExistsError(f"{_NAMES} copies lie in {folder}")

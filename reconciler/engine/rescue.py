"""A copy of a state that could not be saved: beside the manifest, else in the temporary folder, else in words.

What the run does meanwhile stands in `writer`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reconciler.errors import StateConflict, StateDamaged, StateNotSaved, VoicectlError
from reconciler.hints import hint, way
from reconciler.model.redactor import Redactor
from reconciler.model.state import Record

_NAMES = 100  # copies that nobody has pushed yet are never overwritten


def leave(copy: bytes, path: Path, *, over: Path | None = None) -> Path | None:
    """Where the copy is; None when no disk took it. `over` is an older copy of the same run, which is then kept."""
    if over is not None:
        with suppress(OSError):
            _write(over.with_name(f"{over.name}.tmp"), copy).replace(over)
            return over
    with suppress(OSError):
        return _leave_in(path.parent.absolute(), path.name, copy)
    with suppress(OSError):  # to look for a temporary folder writes too: where every disk is full, there is none
        return _leave_in(Path(tempfile.gettempdir()), path.name, copy)
    return None


def withdraw(path: Path) -> None:
    """Once the state is saved after all, an older copy must not be pushed over it."""
    with suppress(OSError):
        path.unlink()


def not_saved(
    error: Exception, answered: Sequence[Record], copy: Path | None, *, older: Path | None, place: str
) -> StateNotSaved:
    """What to say where a state could not be saved. `older` is a copy that lacks the last of it, where there is no
    `copy`. `place` are the global options that lead to the state.
    """
    why = error.detail if isinstance(error, VoicectlError) else f"{type(error).__name__}: {Redactor()(error)}"
    if copy is None and older is None:
        return StateNotSaved(_last_words(answered, f"{why} No rescue copy could be written either."), "Keep this list.")
    if copy is None:
        lacks = f"{why} The rescue copy could not be written anew: {older} lacks the last of this."
        push = way("Keep this list, and push what the copy has", "state push", older, place=place)
        return StateNotSaved(_last_words(answered, lacks), hint(push))
    copied = f"{why} A copy with all that the clouds have answered is in {copy}."
    if isinstance(error, StateConflict | StateDamaged):  # what is there now is not what this run began with
        copied += " It is pushed over what is there now, so look at that first."
        return StateNotSaved(copied, hint(way("", "state push --force", copy, place=place)))
    return StateNotSaved(copied, hint(way("", "state push", copy, place=place)))


def _last_words(records: Sequence[Record], why: str) -> str:
    """What a person needs to know of the voices that nothing could be written about."""
    lines = [
        f"  {r.address}: voice {r.voice_id or 'unknown'}, task {r.task_id or 'unknown'}, {r.status}" for r in records
    ]
    return "\n".join([f"{why} What the clouds have answered:", *lines])


def _leave_in(folder: Path, name: str, copy: bytes) -> Path:
    stem = name.removesuffix(".json")
    for number in range(1, _NAMES):
        path = folder / (name if number == 1 else f"{stem}.{number}.json")
        with suppress(FileExistsError):
            return _write(path, copy)
    raise FileExistsError(f"{_NAMES} copies lie in {folder}")


def _write(path: Path, copy: bytes) -> Path:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(copy)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path

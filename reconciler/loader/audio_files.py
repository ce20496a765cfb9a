"""Reads and checks the local audio files of voices. The format is detected from the bytes, not from the name.

Paths are relative to the file of the manifest.
"""

from __future__ import annotations

import errno
import hashlib
import stat
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from reconciler.loader.environment import FromEnvironment
from reconciler.loader.file_names import shown
from reconciler.loader.missing import missing_file
from reconciler.loader.problems import RawProblem
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import Value
from reconciler.model.base import Inputs
from reconciler.model.cloud_types import cloud_type, load
from reconciler.model.methods import method_of
from reconciler.values import value

if TYPE_CHECKING:
    from reconciler.audio.limits import SampleLimits


def samples_of(kind: str) -> SampleLimits:
    """The limits for samples of a type of cloud."""
    from reconciler.audio.limits import SampleLimits

    reference = cloud_type(kind).samples
    return load(reference, SampleLimits) if reference else SampleLimits()


@value
class AudioFiles:
    """Key of the inputs -> path of its file, and remarks on the files for the user."""

    files: dict[str, str]
    remarks: tuple[str, ...] = ()


def local_files(
    inputs: Inputs, kind: str, method: str, *, file: str, path: Path, problems: list[RawProblem]
) -> AudioFiles | None:
    """Adds each file's `sha256` to its input, and reports problems. None if the inputs have no local file."""
    named = {key: value["file"] for key, value in inputs.items() if isinstance(value, dict) and "file" in value}
    if not named:
        return None
    from reconciler.audio.file import AudioFile, conversion, repair
    from reconciler.audio.inspecting import inspect
    from reconciler.audio.limits import AudioLimits, faults, size_fault

    limits_of = samples_of(kind).files
    files: dict[str, str] = {}
    remarks: list[str] = []
    for key, name in named.items():
        limits = limits_of.get((method, key)) or (AudioLimits(key=key, taker="voicectl", source=""),)
        location = FilePath(file).parent / name
        try:
            too_large = size_fault(_size(location), limits[0])
            data = b"" if too_large else location.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            problems.append(RawProblem(file, (*path, key, "file"), missing_file(location)))
            continue
        except (OSError, ValueError) as failure:
            reason = failure.strerror if isinstance(failure, OSError) and failure.strerror else "not a path"
            problems.append(RawProblem(file, (*path, key, "file"), f"{shown(location)} can't be read: {reason}"))
            continue
        if too_large:
            problems.append(RawProblem(file, (*path, key, "file"), too_large))
            continue
        inputs[key]["sha256"] = hashlib.sha256(data).hexdigest()
        files[key] = str(location.absolute())
        found = inspect(data)
        for each in limits:
            if each.unstated_by:
                remarks += [f"{fault} (not a limit that {each.unstated_by} states)" for fault in faults(found, each)]
            else:
                problems += [RawProblem(file, (*path, key, "file"), what) for what in faults(found, each)]
        if isinstance(found, AudioFile):
            changed = conversion(found) if any(each.only_16k_mono_wav for each in limits) else None
            remarks += [f"{key} is converted: {changed}"] if changed is not None else []
            repaired = repair(found)
            remarks += [f"{key}: {repaired}"] if repaired is not None else []
    return AudioFiles(files, tuple(remarks))


def add_file_problems(
    raw: Value, kind: str | None, keyword: str, *, file: str, path: Path, problems: list[RawProblem]
) -> None:
    """Reports the problems of the local files of an invalid entry, so that they are reported together with its own."""
    if kind is None or not isinstance(raw, dict):
        return
    method = method_of(kind, keyword, raw)
    keys = {key for name, key in samples_of(kind).files if name == method}
    named: Inputs = {
        key: {"file": value["file"]}
        for key, value in raw.items()
        if key in keys and isinstance(value, dict) and _is_name(value.get("file"))
    }
    local_files(named, kind, method, file=file, path=path, problems=problems)


def _is_name(value: Value) -> bool:
    return isinstance(value, str) and value != "" and not isinstance(value, FromEnvironment)  # which is secret


def _size(location: FilePath) -> int:
    """The size in bytes. Raises OSError for pipes and devices too, because reading one might never end."""
    there = location.stat()
    if stat.S_IFMT(there.st_mode) not in (stat.S_IFREG, stat.S_IFDIR):
        raise OSError(errno.EINVAL, "not a regular file")
    return there.st_size

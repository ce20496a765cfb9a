"""Which files a manifest is, and their bytes. It knows nothing of YAML but the ending of its name."""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import Problem, UsageError


@dataclass(frozen=True, slots=True)
class Source:
    """One file's bytes: UTF-8, without a byte order mark. `file` is its name as the user would type it."""

    file: str
    data: bytes


def sources(path: Path) -> tuple[list[Source], list[Problem]]:
    """The file, or the folder's `*.yaml` by name: no subfolders, no dot-files.

    Files that can't be read are problems; a path with nothing there is a UsageError.
    """
    try:
        is_folder = path.is_dir()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"{shown(path)} does not exist.", "Write a first manifest with voicectl init, or name one with -f."
        ) from None
    except (OSError, ValueError) as failure:
        raise UsageError(f"{shown(path)} can't be read: {_reason(failure)}.") from None
    if not is_folder:
        source = _read(path)
        return ([source], []) if isinstance(source, Source) else ([], [source])
    return _folder(path)


def shown(path: Path) -> str:
    """A file's name for people, also where its bytes are no text."""
    return os.fsencode(path).decode(errors="replace")


def _folder(folder: Path) -> tuple[list[Source], list[Problem]]:
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as failure:
        return [], [Problem(shown(folder), 0, 0, "", f"can't be read: {_reason(failure)}")]
    yaml_names = [name for name in names if name.endswith(".yaml")]
    if not yaml_names:
        near = next((name for name in names if name.lower().endswith((".yml", ".yaml"))), None)
        what = "no *.yaml file in this folder"
        return [], [Problem(shown(folder), 0, 0, "", f"{what}; is {near} meant to be one?" if near else what)]
    found = [_read(folder / name, in_folder=True) for name in yaml_names]
    return [s for s in found if isinstance(s, Source)], [p for p in found if isinstance(p, Problem)]


def _read(path: Path, *, in_folder: bool = False) -> Source | Problem:
    file = shown(path)
    try:
        # Only a name that the user typed may be a pipe: reading one that lies in a folder could wait for ever.
        if in_folder and path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "no regular file"
            return Problem(file, 0, 0, "", f"{kind}, where a YAML file is expected by its name")
        data = path.read_bytes()
    except OSError as failure:
        return Problem(file, 0, 0, "", f"can't be read: {_reason(failure)}")
    return _checked(file, data)


def _checked(file: str, data: bytes) -> Source | Problem:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Problem(file, 0, 0, "", "not UTF-8: this is UTF-16, save it as UTF-8")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        data.decode()
    except UnicodeDecodeError as failure:
        before = data[: failure.start].decode()
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return Problem(file, line, column, "", f"not UTF-8: byte 0x{data[failure.start]:02x} can't stand here")
    return Source(file, data)


def _reason(failure: OSError | ValueError) -> str:
    return (failure.strerror if isinstance(failure, OSError) else None) or str(failure)

"""Finds and reads the files of a manifest. Does not parse YAML."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from reconciler.errors import ManifestError, Problem, UsageError
from reconciler.loader import subfolders
from reconciler.loader.file_names import is_manifest_name, shown
from reconciler.loader.json_text import as_yaml
from reconciler.loader.missing import missing_file, missing_manifest
from reconciler.loader.source_map import Position
from reconciler.loader.streams import refuse_stream, stream
from reconciler.values import value


@value
class Source:
    """One file's bytes: UTF-8, without a byte order mark, with JSON's escapes rewritten for YAML.

    `file` is its name as the user would type it. `halves`: position of a quoted text -> the half of a surrogate pair
    in it.
    """

    file: str
    data: bytes
    halves: Mapping[Position, str] = field(default_factory=dict)


def sources(path: Path) -> tuple[list[Source], list[Problem]]:
    """The file, or the folder's `*.yaml` and `*.yml` files in any case, sorted by name; no sub-folders, no dot-files.

    Files that can't be read are problems. A path that does not exist raises UsageError.
    """
    refuse_stream(str(path))
    try:
        is_folder = path.is_dir()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise missing_manifest(path) from None
    except (OSError, ValueError) as failure:
        raise UsageError(f"{shown(path)} can't be read: {_reason(failure)}.") from None
    if not is_folder:
        source = _read(path)
        return ([source], []) if isinstance(source, Source) else ([], [source])
    return _folder(path)


def named_file(path: Path) -> Source | Problem | str:
    """A file that a manifest or an option names. Text says why it can't be opened; a problem is inside the file."""
    try:
        path.stat()
        kind = "a folder" if path.is_dir() else stream(str(path))
        if kind is not None:
            return f"{shown(path)} is {kind}, not a file"
        return _checked(shown(path), path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return missing_file(path)
    except (OSError, ValueError) as failure:
        return f"{shown(path)} can't be read: {_reason(failure)}"


def source_of(file: str, data: bytes) -> Source:
    """Bytes that were read already, or are not written yet. Raises ManifestError if they are not text."""
    checked = _checked(file, data)
    if isinstance(checked, Problem):
        raise ManifestError([checked])
    return checked


def _folder(folder: Path) -> tuple[list[Source], list[Problem]]:
    try:
        names = sorted(entry.name for entry in folder.iterdir() if is_manifest_name(entry.name))
    except OSError as failure:
        return [], [Problem(shown(folder), 0, 0, "", f"can't be read: {_reason(failure)}")]
    if not names:
        what = "no *.yaml or *.yml file in this folder"
        below = subfolders.manifests_below(folder)
        hint = f"; {subfolders.listed(below)}, so name one of them with -f" if below else ""
        return [], [Problem(shown(folder), 0, 0, "", what + hint)]
    found = [_read(folder / name, in_folder=True) for name in names]
    return [s for s in found if isinstance(s, Source)], [p for p in found if isinstance(p, Problem)]


def _read(path: Path, *, in_folder: bool = False) -> Source | Problem:
    file = shown(path)
    try:
        if in_folder and (kind := "a folder" if path.is_dir() else stream(str(path))) is not None:
            return Problem(file, 0, 0, "", f"{kind}, where a YAML file is expected by its name")
        data = path.read_bytes()
    except OSError as failure:
        return Problem(file, 0, 0, "", f"can't be read: {_reason(failure)}")
    return _checked(file, data)


def _checked(file: str, data: bytes) -> Source | Problem:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return Problem(file, 0, 0, "", "not UTF-8: this is UTF-32, save it as UTF-8")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or 0 in data[:2]:
        return Problem(file, 0, 0, "", "not UTF-8: this is UTF-16, save it as UTF-8")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        data.decode()
    except UnicodeDecodeError as failure:
        before = data[: failure.start].decode()
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return Problem(file, line, column, "", f"not UTF-8: byte 0x{data[failure.start]:02x} is not allowed here")
    text = as_yaml(data)
    return Source(file, text.data, text.halves)


def _reason(failure: OSError | ValueError) -> str:
    return (failure.strerror if isinstance(failure, OSError) else None) or str(failure)

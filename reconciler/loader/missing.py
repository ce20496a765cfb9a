"""Messages for a file that does not exist: they name a similar file, or the manifests in the folder."""

from __future__ import annotations

import os
import shlex
import unicodedata
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.hints import hint, way
from reconciler.loader import subfolders
from reconciler.loader.file_names import is_manifest_name, shown
from reconciler.model.suggestion import nearest

_MOST_NAMED = 4


def missing_manifest(path: Path) -> UsageError:
    """The error for a manifest's path that does not exist."""
    said = f"{shown(path)} does not exist"
    if path.is_symlink():
        said = f"{shown(path)} is a link to {shown(path.readlink())}, which does not exist"
    there = similar_path(path)
    if there is not None:
        return UsageError(f"{said}; {_difference(path, there)}.", f"Copy the name from here: -f {_shell_quoted(there)}")
    folder = path.parent
    beside = _manifests_in(folder, path.stem)
    if beside:
        near = _near(path.name, beside)
        where = "this folder" if folder == Path() else shown(folder)
        every = f", or all of them as one manifest: -f {_shell_quoted(folder)}" if len(beside) > 1 else ""
        return UsageError(
            f"{said}, but {where} has {_listed(beside)}.",
            f"Name one with -f, such as -f {_shell_quoted(folder / (near or beside[0]))}{every}",
        )
    below = subfolders.manifests_below(folder) if folder.is_dir() else []
    if below:
        name = f"Name a folder or a file with -f, such as -f {_shell_quoted((folder / below[0]).parent)}"
        return UsageError(f"{said}, but {subfolders.listed(below)}.", name)
    return UsageError(f"{said}.", hint(way("Write a first manifest", "init"), "or name one with -f."))


def missing_file(path: Path) -> str:
    """The message for a sample's path that does not exist."""
    there = similar_path(path)
    return f"{shown(path)} does not exist" + (f"; {_difference(path, there)}" if there is not None else "")


def similar_path(path: Path) -> Path | None:
    """The one existing path that looks the same: other case, or another Unicode form of the same letters."""
    found = Path(path.anchor)
    for part in path.parts[1 if path.anchor else 0 :]:
        if part == os.pardir or os.path.lexists(found / part):
            found /= part
            continue
        try:
            others = [entry.name for entry in found.iterdir() if _lookalike_form(entry.name) == _lookalike_form(part)]
        except (OSError, ValueError):
            return None
        if len(others) != 1:
            return None
        found /= others[0]
    return found if found != path else None


def _lookalike_form(name: str) -> str:
    """The name in a form that is equal for names that look the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _difference(path: Path, found: Path) -> str:
    """How the two paths differ: `there is Hero.wav, which differs in upper and lower case`."""
    ways, named, there = [], str(path), str(found)
    if letters := _composed(named) ^ _composed(there):
        ways.append(f"how {', '.join(sorted(letters))} is written (Unicode NFC and NFD)")
    one, other = unicodedata.normalize("NFC", named), unicodedata.normalize("NFC", there)
    if one != other:
        alike = one.casefold() == other.casefold()
        ways.append("upper and lower case" if alike else "characters that look alike, such as a no-break space")
    return f"there is {shown(there)}, which differs in {' and in '.join(ways)}"


def _composed(name: str) -> set[str]:
    """The letters that are one character together with their accent, in lower case."""
    return {letter for letter in name.casefold() if unicodedata.normalize("NFD", letter) != letter}


def _manifests_in(folder: Path, stem: str) -> list[str]:
    """The files that look like manifests, and a file that has the same name with another suffix."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if is_manifest_name(entry.name))
    except (OSError, ValueError):
        return []
    return [
        name
        for name in names
        if subfolders.looks_like_a_manifest(folder / name) or (Path(name).stem == stem and (folder / name).exists())
    ]


def _near(name: str, names: list[str]) -> str | None:
    return nearest(name, names, likeness=0.5)


def _listed(names: list[str]) -> str:
    *first, last = map(shown, names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        return f"{', '.join([*first, last])} and {len(names) - _MOST_NAMED} more manifests"
    return f"{', '.join(first)} and {last}" if first else last


def _shell_quoted(path: os.PathLike[str] | str) -> str:
    return shlex.quote(shown(path))

"""Finds state files beside a manifest, and beside the target if the manifest is a link; for manifests without a state.

A file that can't be read is reported in `Neighbour.damage`, and never raises.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from reconciler.errors import StateError
from reconciler.model import moved, statefile
from reconciler.model.methods import inputs_model
from reconciler.model.neighbour import Neighbour, Relation
from reconciler.model.state import LIVE, Record, State
from reconciler.protocols.backend import Backend
from reconciler.protocols.file_cipher import FileCipher
from reconciler.values import value

_STATE, _JOURNAL = ".state.json", ".state.journal"
_COPIES = (".state.backup", ".state.rescue.json")
_YAML = (".yaml", ".yml")
_LINKS = 40  # in a chain, as in Linux


@value
class Spot:
    """A manifest as the user typed it, and the path of its state."""

    manifest: Path
    state: Path

    @property
    def is_folder(self) -> bool:
        """Whether the manifest is a folder."""
        return self.manifest.is_dir()

    @property
    def folder(self) -> Path:
        """The folder of the manifest."""
        return self.manifest if self.is_folder else self.manifest.parent


@value
class Files:
    """How state files are read: those of a backend, and copies."""

    backend: Callable[[Path], Backend]
    cipher: FileCipher

    def read(self, path: Path) -> tuple[State | None, str | None]:
        """The state in the file, or why it can't be read; (None, None) if there is no file."""
        try:
            blob = self.backend(path).read()
            gone = None if blob is None else moved.parse(blob.data)
            if gone is not None:
                return (None if gone.state is None else statefile.load(gone.state.encode())), None
            return (None if blob is None else statefile.fold(statefile.load(blob.data), blob.entries)), None
        except StateError as error:
            return None, error.detail
        except OSError as error:
            return None, f"{error.strerror or error}."

    def moved_to(self, path: Path) -> str:
        """Where the state went that was in this file; empty if it did not leave."""
        with suppress(StateError, OSError):
            blob = self.backend(path).read()
            mark = None if blob is None else moved.parse(blob.data)
            return "" if mark is None or mark.state is not None else mark.moved_to
        return ""

    def copy(self, path: Path) -> State | None:
        """The state in a copy; None if there is none, or it can't be read."""
        try:
            return statefile.load(self.cipher.decrypt(path.read_bytes(), "copy", "state"))
        except (OSError, StateError):
            return None


def neighbours(
    here: Spot, spot: Callable[[Path], Spot], options: Callable[[Path], str], files: Files
) -> list[Neighbour]:
    """The state files that may belong to `here`. `spot` and `options` (global options) take another manifest's path."""
    reader = _Reader(options, files)
    found = list(reader.beside(here))
    found += reader.copies(here)
    for target in _targets(here.manifest):
        there = spot(target)
        if not reader.same_place(there, here):
            found += list(reader.linked(there)) or reader.orphans(there)
    return list({each.path: each for each in found}.values())


def left_behind(here: Spot, options: Callable[[Path], str], files: Files) -> list[Neighbour]:
    """The manifest's own state file, if its state is stored elsewhere now."""
    state, damage = files.read(here.state)
    moved_to = files.moved_to(here.state)
    if state is None and damage is None and not moved_to:
        return []
    return [replace(_Reader(options, files).own(here, state, damage), moved_to=moved_to)]


def held_beside(here: Spot, files: Files) -> dict[str, str]:
    """The keys of the voices that other states in the folder hold -> the manifest of that state."""
    kept = here.state.parent
    others = [name for name in _names(kept) if name.endswith(_STATE) and name != here.state.name]
    states = [state for name in others if (state := files.read(kept / name)[0]) is not None]
    return {key: state.manifest for state in states for key, r in state.records.items() if r.status in LIVE}


def _targets(manifest: Path) -> Iterator[Path]:
    """The targets of a chain of links, one by one; none if the manifest is not a link."""
    for _ in range(_LINKS):
        try:
            named = manifest.readlink()
        except (OSError, ValueError):
            return
        manifest = manifest.parent / named
        yield manifest


class _Reader:
    def __init__(self, options: Callable[[Path], str], files: Files) -> None:
        self._options = options
        self._files = files

    def beside(self, here: Spot) -> Iterator[Neighbour]:
        """Other states in the folder, except those of manifests that exist."""
        kept = here.state.parent
        files = _names(here.folder)
        for stem in sorted({_stem(name) for name in _names(kept)} - {"", here.state.name.removesuffix(_STATE)}):
            namesakes = [name for name in files if Path(name).stem == stem and name.lower().endswith(_YAML)]
            if namesakes and stem != "voices" and not here.is_folder and not _is_same_file(here, namesakes):
                continue  # it belongs to another manifest that exists
            path = kept / f"{stem}{_STATE}"
            if path.is_dir():
                continue
            state, damage = self._files.read(path)
            if state is None and damage is None:
                continue
            name = state.manifest if state is not None else (namesakes[0] if namesakes else f"{stem}.yaml")
            relation = _relation(here, name, files, namesakes)
            if relation is not None:
                manifest = here.folder / (name if name == "." or Path(name).stem == stem else f"{stem}.yaml")
                yield self._neighbour(path, manifest, relation, state, damage)

    def copies(self, here: Spot) -> Iterator[Neighbour]:
        """Copies of the missing state, unless the same state exists under another name."""
        stem = here.state.name.removesuffix(_STATE)
        for path in (here.state.with_name(stem + _COPIES[0]), here.folder / (stem + _COPIES[1])):
            copy = self._files.copy(path)
            if copy is not None and copy.lineage not in self._lineages(here):
                yield self._neighbour(path, here.manifest, Relation.COPY, copy, None)

    def linked(self, there: Spot) -> Iterator[Neighbour]:
        """The state of the link's target."""
        state, damage = self._files.read(there.state)
        if state is not None or damage is not None:
            yield self._neighbour(there.state, there.manifest, Relation.LINKED, state, damage)

    def orphans(self, there: Spot) -> list[Neighbour]:
        """States beside the link's target whose manifests no longer exist."""
        through = self._options(there.manifest)
        gone = (each for each in self.beside(there) if each.relation is Relation.GONE)
        return [replace(each, through=through) for each in gone]

    def own(self, here: Spot, state: State | None, damage: str | None) -> Neighbour:
        """The manifest's own state file."""
        return self._neighbour(here.state, here.manifest, Relation.OWN, state, damage)

    def same_place(self, there: Spot, here: Spot) -> bool:
        """Whether both manifests have the same state file."""
        return os.path.realpath(there.state) == os.path.realpath(here.state)

    def _lineages(self, here: Spot) -> set[str]:
        kept = here.state.parent
        read = [self._files.read(kept / name)[0] for name in _names(kept) if name.endswith(_STATE)]
        return {state.lineage for state in read if state is not None}

    def _neighbour(
        self, path: Path, manifest: Path, relation: Relation, state: State | None, damage: str | None
    ) -> Neighbour:
        live = [r for r in state.records.values() if r.status in LIVE] if state is not None else []
        return Neighbour(
            path=_shown(path),
            manifest=_shown(manifest),
            options=self._options(manifest),
            relation=relation,
            held=len(live),
            unlisted=sum(not _is_listed(record) for record in live),
            damage=damage,
        )


def _relation(here: Spot, name: str, files: list[str], namesakes: list[str]) -> Relation | None:
    """How the manifest `name` relates to the one at `here`; None if it is another manifest that exists."""
    if name == ".":
        if here.is_folder:
            return Relation.SAME
        others = [file for file in files if file.lower().endswith(_YAML) and file != here.manifest.name]
        return Relation.AROUND if others else Relation.ONLY
    there = here.folder / name
    if there.exists():
        if here.is_folder:
            return Relation.INSIDE if name.lower().endswith(_YAML) else None
        return Relation.SAME if _is_same_file(here, [name]) else None
    return None if namesakes and not here.is_folder else Relation.GONE


def _is_same_file(here: Spot, names: list[str]) -> bool:
    try:
        return any((here.folder / name).samefile(here.manifest) for name in names)
    except OSError:
        return False


def _is_listed(record: Record) -> bool:
    body = inputs_model(record.type, record.method)
    return body is not None and body.watched


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _stem(name: str) -> str:
    """The name of a state or journal file without its suffix; empty for other files."""
    return next((name.removesuffix(ending) for ending in (_STATE, _JOURNAL) if name.endswith(ending)), "")


def _shown(path: Path) -> str:
    """The path as text, even if its bytes are not valid text."""
    return os.fsencode(path).decode(errors="replace")

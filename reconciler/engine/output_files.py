"""Keeps the files for applications as the state is: what each should hold, and which voices each names.

A file is written whole or not at all. A file that voicectl did not write is never written over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from reconciler.model.output_files import OutputFile
from reconciler.model.outputs import Row, kept_voices, missing, outputs
from reconciler.model.state import Record, State
from reconciler.planning.named_ids import names, names_only_others
from reconciler.values import value

_NOT_OURS = "a file is there that voicectl did not write; move it away, or choose another path"


class Folder(Protocol):
    """Where the files are. Each method raises OSError, and ValueError for a path that leads elsewhere."""

    def shown(self, path: str) -> str: ...

    def read(self, path: str) -> bytes | None: ...

    def write(self, path: str, content: bytes) -> None: ...

    def remove(self, path: str) -> None: ...


@value
class Formats:
    """What a format can do. `faults`: address -> why its row can't be written."""

    render: Callable[[str, Mapping[str, Row]], str]
    faults: Callable[[str, Mapping[str, Row]], Mapping[str, str]]
    is_ours: Callable[[bytes], bool]


@value
class Content:
    """What a file should hold; None: there should be no file. `missing`: address -> why it can't be in it."""

    content: bytes | None
    keys: frozenset[str] = frozenset()  # of the records that it names
    missing: Mapping[str, str] | None = None


@value
class FileChange:
    """What became of a file: it was written or removed, or why it was not. `unwritable`: the disk refused it."""

    path: str
    removed: bool = False
    problem: str = ""
    unwritable: bool = False


class OutputFiles:
    """The declared files. `addresses` are those of the manifest, which each file has to hold as far as it selects them.

    With `destroy`, a file holds what is left, and is removed once nothing is.
    """

    def __init__(
        self, declared: Sequence[OutputFile], addresses: Sequence[str], folder: Folder, formats: Formats
    ) -> None:
        self._declared = declared
        self._addresses = addresses
        self._folder = folder
        self._formats = formats
        self._known = State(lineage="")  # the state that `contents` was last called with
        self._written: dict[str, Content] = {}  # path -> what the file held when this run last looked

    def shown(self, file: OutputFile) -> str:
        return self._folder.shown(file.path)

    def selects(self, address: str) -> bool:
        """Whether any file holds the address."""
        return any(file.selects(address) for file in self._declared)

    def contents(self, state: State, *, now: datetime, destroy: bool = False) -> list[tuple[OutputFile, Content]]:
        """What each file should hold."""
        self._known = state
        rows, kept = outputs(state, now=now), kept_voices(state)
        found: list[tuple[OutputFile, Content]] = []
        for file in self._declared:
            addresses = file.selected(self._addresses)
            if destroy:
                addresses = [address for address in addresses if address in state.current]
            lacking = missing(addresses, rows)
            usable = {address: rows[address] for address in addresses if address not in lacking}
            lacking |= self._formats.faults(file.format, usable)
            if lacking:
                found.append((file, Content(None, missing=lacking)))
            elif destroy and not addresses:
                found.append((file, Content(None)))
            else:
                keys = {state.current[address] for address in addresses}
                keys |= {kept[address].external_task_id for address in addresses if address in kept}
                text = self._formats.render(file.format, usable)
                found.append((file, Content(text.encode(errors="replace"), frozenset(keys))))
        return found

    def update(self, state: State, *, now: datetime, destroy: bool = False) -> list[FileChange]:
        """Writes each file that differs. Returns the files that were written, and those that could not be."""
        changes = [self._update(file, content) for file, content in self.contents(state, now=now, destroy=destroy)]
        return [change for change in changes if change is not None]

    def look(self, file: OutputFile, wanted: Content) -> FileChange | None:
        """What `update` would do with the file; None if it is as it should be."""
        path = self.shown(file)
        if wanted.missing:
            return FileChange(path, problem=reasons(wanted.missing))
        try:
            held = self._folder.read(file.path)
            if held == wanted.content:
                self._written[file.path] = wanted
                return None
            if held is not None and not self._formats.is_ours(held):
                return FileChange(path, problem=_NOT_OURS, unwritable=True)
            if wanted.content is None and held is not None and names_only_others(held, self._known):
                return None  # another manifest writes it too, so it is not removed with the last voice of this one
        except (OSError, ValueError) as error:
            return FileChange(path, problem=_words(error), unwritable=True)
        return FileChange(path, removed=wanted.content is None)

    def naming(self, records: Sequence[Record]) -> list[list[str]]:
        """For each record, the files on the disk that name its voice, or can't be read."""
        naming: list[list[str]] = [[] for _ in records]
        for file in self._declared:
            names_voice = self._reader(file)
            for record, files in zip(records, naming, strict=True):
                if names_voice(record):
                    files.append(self.shown(file))
        return naming

    def _update(self, file: OutputFile, wanted: Content) -> FileChange | None:
        change = self.look(file, wanted)
        if change is None or change.problem:
            return change
        try:
            if wanted.content is None:
                self._folder.remove(file.path)
            else:
                self._folder.write(file.path, wanted.content)
        except (OSError, ValueError) as error:
            return FileChange(change.path, problem=_words(error), unwritable=True)
        self._written[file.path] = wanted
        return change

    def _reader(self, file: OutputFile) -> Callable[[Record], bool]:
        """Whether the file on the disk names the voice of a record. The file is read now."""
        try:
            held = self._folder.read(file.path)
        except IsADirectoryError:
            held = None
        except (OSError, ValueError):
            return lambda _: True
        if held is None:
            return lambda _: False
        known = self._written.get(file.path)
        if known is not None and known.content == held:
            keys = known.keys
            return lambda record: record.external_task_id in keys
        content = held
        return lambda record: record.voice_id is not None and names(content, record.voice_id)


def reasons(lacking: Mapping[str, str]) -> str:
    """`hero: it is failed; villain: it has not been made yet`."""
    listed = [f"{address}: {why}" for address, why in lacking.items()]
    rest = f"; and {len(listed) - 3} more" if len(listed) > 3 else ""
    return "; ".join(listed[:3]) + rest


def _words(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)

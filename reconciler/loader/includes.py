"""Reads the files that `include:` names. Each file is read once, also if several files include it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import Problem
from reconciler.loader.environment import Unresolved, is_secret
from reconciler.loader.file_names import shown
from reconciler.loader.files import Source, named_file
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.sections import Section
from reconciler.loader.yaml_values import Value, kind_of, read

_FORM = "a list of files, such as [../cast.yaml]"


@dataclass(slots=True)
class Documents:
    """What was read of a manifest: its files as they are, their contents, and what could not be read."""

    sources: list[Source] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    unread: list[Problem] = field(default_factory=list)
    deferred: set[str] = field(default_factory=set)  # the files with `${var:…}` or `${each:…}`
    complete: bool = True  # False if a file could not be read


def read_documents(
    found: Sequence[Source],
    unread: Sequence[Problem],
    environ: Mapping[str, str],
    problems: list[RawProblem],
    *,
    added: Iterable[Source] = (),
) -> Documents:
    """The contents of these files, and of the files that they include. `added`: more parts of files, or other files."""
    documents = Documents(list(found), unread=list(unread), complete=not unread)
    reading = _Reading(documents, environ, problems)
    roots = [reading.content(source, included=False) for source in found]
    for root in roots:
        if root is not None and "include" in root.raw:
            reading.follow(root, [_identity(root.file)])
    for source in added:
        documents.sources.append(source)
        reading.content(source, included=False)
    return documents


class _Reading:
    def __init__(self, documents: Documents, environ: Mapping[str, str], problems: list[RawProblem]) -> None:
        self._documents = documents
        self._environ = environ
        self._problems = problems
        self._roots = {_identity(source.file) for source in documents.sources}
        self._read: set[str] = set()

    def content(self, source: Source, *, included: bool) -> Section | None:
        documents = self._documents
        raw = read(source, self._environ, self._problems, deferred=documents.deferred)
        if raw is None:
            documents.complete = False
            return None
        section = Section(source.file, raw, included)
        documents.sections.append(section)
        return section

    def follow(self, section: Section, above: list[str]) -> None:
        """Reads what the file includes. `above`: the file itself, and those through which it was included."""
        names = section.raw["include"]
        if not isinstance(names, list):
            at = Point.KEY if names is None else Point.VALUE
            self._report(section.file, None, f"{kind_of(names)}, should be {_FORM}", at)
            return
        for index, name in enumerate(names):
            self._include(section.file, index, name, above)

    def _include(self, including: str, index: int, name: Value, above: list[str]) -> None:
        if isinstance(name, Unresolved):
            self._documents.complete = False
            return
        if not isinstance(name, str) or not name:
            self._report(including, index, f"{kind_of(name or None)}, should be the name of a file")
            return
        if is_secret(name):
            self._report(including, index, "the name of a file has to be written here, without ${env:...}")
            return
        path = _beside(including, name)
        identity = _identity(str(path))
        if identity in above:
            through = " includes ".join(shown(Path(file).name) for file in [*above[above.index(identity) :], identity])
            self._report(including, index, f"the files include each other without end: {through}")
            return
        if identity in self._roots:
            what = f"{shown(path)} is in the folder of the manifest, so it is part of it already"
            self._report(including, index, what)
            return
        if identity in self._read:
            return
        self._read.add(identity)
        source = named_file(path)
        if isinstance(source, str):
            self._report(including, index, source)
        elif isinstance(source, Problem):
            self._documents.complete = False
            self._documents.unread.append(source)
        else:
            self._documents.sources.append(source)
            section = self.content(source, included=True)
            if section is not None and "include" in section.raw:
                self.follow(section, [*above, identity])

    def _report(self, file: str, index: int | None, what: str, at: Point = Point.VALUE) -> None:
        self._documents.complete = False
        path = ("include",) if index is None else ("include", index)
        self._problems.append(RawProblem(file, path, what, at))


def _beside(file: str, name: str) -> Path:
    """The path of a file that another one names, as short as it can be written."""
    path = Path(file).parent / name
    short = Path(os.path.normpath(path))
    return short if _identity(str(short)) == _identity(str(path)) else path  # `..` after a link leads elsewhere


def _identity(file: str) -> str:
    """What tells two files apart, whatever links lead to them."""
    name = file.encode("utf-8", "surrogateescape")  # its bytes, whatever the locale can encode
    return os.path.realpath(name).decode(errors="replace")

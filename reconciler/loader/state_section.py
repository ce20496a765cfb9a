"""Reads the section `state:`, also of a manifest whose other parts are broken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from reconciler.errors import ManifestError, UsageError
from reconciler.loader.environment import Unresolved
from reconciler.loader.files import Source, sources
from reconciler.loader.messages import unknown_key, validation_problems
from reconciler.loader.problems import Point, RawProblem, located
from reconciler.loader.sections import FREE, SECTIONS
from reconciler.loader.source_map import Position
from reconciler.loader.yaml_values import Value, kind_of, read
from reconciler.model.state_settings import StateSettings, unused_keys, url_fault
from reconciler.model.suggestion import nearest

_KEY = re.compile(rb"^(?:state|\"state\"|'state')[ \t]*:", re.MULTILINE)
_TOP_KEYS = re.compile(rb"^([A-Za-z]+)[ \t]*:", re.MULTILINE)
_NEXT_KEY = re.compile(rb"^[^\s#]", re.MULTILINE)


def settings_from(value: Value, *, file: str, problems: list[RawProblem]) -> StateSettings | None:
    """The settings that a section means, a URL or a mapping; None if it is wrong, with the problems reported."""
    path: tuple[str, ...] = ("state", "url")
    if isinstance(value, Unresolved):
        return None
    if isinstance(value, str):
        path, value = ("state",), {"url": value}
    elif not isinstance(value, dict):
        what = f"{kind_of(value)}, should be a URL, or a mapping with url"
        problems.append(RawProblem(file, ("state",), what, Point.KEY if value is None else Point.VALUE))
        return None
    url = value.get("url")
    if isinstance(url, str) and not isinstance(url, Unresolved):
        fault = url_fault(url)
        unused = unused_keys(value, url) if fault is None else {}
        problems += [RawProblem(file, path, fault)] if fault is not None else []
        problems += [RawProblem(file, ("state", key), what, Point.KEY) for key, what in unused.items()]
    try:
        return StateSettings.model_validate(value)
    except ValidationError as failure:
        problems += validation_problems(failure, StateSettings, file=file, path=("state",))
        return None


def read_settings(manifest: Path, environ: Mapping[str, str]) -> StateSettings | None:
    """The settings of a manifest, for commands that need nothing else of it; None if it has none, or does not exist.

    Raises ManifestError if `state:` itself can't be understood, since another place would be the wrong one.
    """
    try:
        found, unread = sources(manifest)
    except UsageError:
        return None
    problems: list[RawProblem] = []
    declared = [(source, value) for source in found for value in _section(source, environ, problems)]
    settings: StateSettings | None = None
    for source, value in declared:
        settings = settings_from(value, file=source.file, problems=problems)
    if len(declared) > 1:
        (first, _), (second, _), *_ = declared
        what = "state may be in one file only, but is also at"
        problems.append(RawProblem(second.file, ("state",), what, Point.KEY, other=(first.file, ("state",))))
    if unread or problems:
        raise ManifestError([*unread, *located(problems, found)])
    return settings


def _section(source: Source, environ: Mapping[str, str], problems: list[RawProblem]) -> Iterator[Value]:
    """The values of `state` in a file: none, or one."""
    others: list[RawProblem] = []
    raw = read(source, environ, others)
    if raw is not None:
        problems += [problem for problem in others if problem.path[:1] == ("state",)]
        problems += _misspelt(source.file, dict.fromkeys(raw))
        if "state" in raw:
            yield raw["state"]
        return
    found = _TOP_KEYS.finditer(source.data)
    problems += _misspelt(source.file, {k[1].decode(): (source.data.count(b"\n", 0, k.start()) + 1, 1) for k in found})
    begins = _KEY.search(source.data)
    if begins is None:
        if b"state" in source.data and source.data.lstrip()[:1] == b"{":  # JSON: its keys have no lines of their own
            problems += others
        return
    ends = _NEXT_KEY.search(source.data, begins.end())
    alone = _only_lines(source.data, begins.start(), ends.start() if ends else len(source.data))
    part = read(replace(source, data=alone), environ, problems)
    if part is not None and "state" in part:
        yield part["state"]


def _misspelt(file: str, keys: Mapping[str, Position | None]) -> list[RawProblem]:
    """The top-level keys that are probably meant to be `state`; ignored, it would be the file beside the manifest."""
    unknown = [key for key in keys if key not in SECTIONS and not key.startswith(FREE)]
    faults = {key: unknown_key(key, SECTIONS) for key in unknown if nearest(key, SECTIONS) == "state"}
    return [RawProblem(file, (key,), fault, Point.KEY, keys[key]) for key, fault in faults.items()]


def _only_lines(data: bytes, start: int, end: int) -> bytes:
    """These lines, with empty lines before them, so that their positions stay the same."""
    return b"\n" * data.count(b"\n", 0, start) + data[start:end]

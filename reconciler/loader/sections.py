"""Reads the top level of all files of a manifest into sections. The contents are checked later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.loader.environment import Unresolved
from reconciler.loader.forms import form
from reconciler.loader.messages import quote, unknown_key
from reconciler.loader.misplaced import at_top, is_part, without_last
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import Value, kind_of
from reconciler.values import value

SUPPORTED_VERSION = 1
FREE = "x-"  # the prefix of the user's own keys, which hold anchors
SECTIONS = (
    "version",
    "state",
    "include",
    "variables",
    "values",
    "providers",
    "voices",
    "audio",
    "defaults",
    "moved",
    "removed",
    "safety",
    "outputs",
    "policy",
)
_IN_INCLUDED = frozenset(("version", "include", "variables", "voices", "audio", "defaults"))

Raw = dict[str, Value]


@value
class Section:
    """One section of one file, or all of it. `included`: another file includes this one."""

    file: str
    raw: Raw
    included: bool = False


@dataclass(slots=True)
class Sections:
    """The sections of all files. Each of `safety`, `state` and `outputs` may be in one file only."""

    providers: list[Section] = field(default_factory=list)
    voices: list[Section] = field(default_factory=list)
    audio: list[Section] = field(default_factory=list)
    defaults: dict[str, Section] = field(default_factory=dict)  # by file; they are for the voices of that file
    moved: list[Section] = field(default_factory=list)  # its raw value, a list, is under the key `moved`
    removed: list[Section] = field(default_factory=list)  # as for `moved`
    safety: Section | None = None
    policy: list[Section] = field(default_factory=list)  # its raw value is a list, so it is under the key `policy`
    state: Section | None = None  # its raw value is under the key `state`, since it may be text
    outputs: Section | None = None  # its raw value is under the key `outputs`, since it is a list
    complete: bool = True  # False if a key was found at a wrong depth


def sections(documents: Sequence[Section], problems: list[RawProblem]) -> Sections:
    """Sorts the top-level keys of all files into sections, and reports unknown keys."""
    found = Sections()
    for document in documents:
        file, raw = document.file, document.raw
        unknown = [key for key in raw if key not in SECTIONS and not key.startswith(FREE)]
        misplaced = {key: what for key in unknown if (what := at_top(key, raw[key], raw)) is not None}
        problems += [
            RawProblem(file, (key,), misplaced.get(key) or unknown_key(key, SECTIONS), Point.KEY) for key in unknown
        ]
        if misplaced:  # the incomplete entries around them are dropped, so that each mistake is reported once
            found.complete = False
            raw = {key: value for key, value in raw.items() if value is not None}
            for name in ("voices", "audio") if any(map(is_part, misplaced)) else ():
                raw |= {name: without_last(raw[name])} if name in raw else {}
        if document.included:
            raw = _allowed(file, raw, problems)
        if "version" in raw:
            _check_version(file, raw["version"], problems)
        found.providers += _section(file, raw, "providers", problems)
        found.voices += _section(file, raw, "voices", problems)
        found.audio += _section(file, raw, "audio", problems)
        for section in _section(file, raw, "defaults", problems):
            found.defaults[file] = section
        for section in _section(file, raw, "safety", problems):
            found.safety = _only(found.safety, section, "safety", problems)
        if "policy" in raw:
            found.policy.append(Section(file, {"policy": raw["policy"]}))
        found.moved += [Section(file, {"moved": raw["moved"]})] if "moved" in raw else []
        found.removed += [Section(file, {"removed": raw["removed"]})] if "removed" in raw else []
        if "state" in raw:
            found.state = _only(found.state, Section(file, {"state": raw["state"]}), "state", problems)
        if "outputs" in raw:
            found.outputs = _only(found.outputs, Section(file, {"outputs": raw["outputs"]}), "outputs", problems)
    return found


def mapping(value: Value, *, file: str, path: Path, problems: list[RawProblem], of: str = "") -> Raw | None:
    """The value if it is a mapping; otherwise reports a problem and returns None."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, Unresolved):
        what = f"{kind_of(value)}, should be a mapping{of or form(path, value)}"
        problems.append(RawProblem(file, path, what, Point.KEY if value is None else Point.VALUE))
    return None


def _section(file: str, raw: Raw, name: str, problems: list[RawProblem]) -> list[Section]:
    if name not in raw:
        return []
    of = " ({} for none)" if raw[name] is None else ""
    inside = mapping(raw[name], file=file, path=(name,), problems=problems, of=of)
    return [] if inside is None else [Section(file, inside)]


def _allowed(file: str, raw: Raw, problems: list[RawProblem]) -> Raw:
    """What an included file may hold: nothing that two manifests which include it would share by accident."""
    refused = [key for key in raw if key in SECTIONS and key not in _IN_INCLUDED]
    what = "can't be in an included file, which may hold only defaults, variables, voices and audio; move it to the "
    what += "file that includes this one"
    problems += [RawProblem(file, (key,), what, Point.KEY) for key in refused]
    return {key: value for key, value in raw.items() if key not in refused}


def _only(first: Section | None, section: Section, name: str, problems: list[RawProblem]) -> Section:
    if first is None:
        return section
    what = f"{name} may be in one file only, but is also at"
    problems.append(RawProblem(section.file, (name,), what, Point.KEY, other=(first.file, (name,))))
    return first


def _check_version(file: str, value: Value, problems: list[RawProblem]) -> None:
    if isinstance(value, Unresolved) or (isinstance(value, str) and value.strip() == str(SUPPORTED_VERSION)):
        return
    found = (quote(value) or "its value") if isinstance(value, str) else kind_of(value)
    what = f"{found} is not supported, only version {SUPPORTED_VERSION} is"
    problems.append(RawProblem(file, ("version",), what))

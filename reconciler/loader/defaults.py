"""Merges `defaults:` under each voice of the same file.

A problem in the defaults is reported once, there, and not for each voice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field, ValidationError

from reconciler.loader.entry_sections import FOR_EACH
from reconciler.loader.messages import unknown_key, validation_problems
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.sections import Raw, Section
from reconciler.loader.source_map import Path, written
from reconciler.loader.yaml_values import Value
from reconciler.model.manifest import Entry
from reconciler.model.methods import METHOD_NAMES, models_under


class _DefaultEntry(Entry):
    """An entry without required keys."""

    provider: str = Field(default="", min_length=1)


def check(defaults: Section, problems: list[RawProblem]) -> None:
    """Reports the problems of the defaults."""
    try:
        _DefaultEntry.model_validate(defaults.raw)
    except ValidationError as failure:
        problems += validation_problems(failure, _DefaultEntry, file=defaults.file, path=("defaults",))
    if FOR_EACH in defaults.raw:
        what = "belongs to an entry, since each entry has instances of its own"
        problems.append(RawProblem(defaults.file, ("defaults", FOR_EACH), what, Point.KEY))
    for method in METHOD_NAMES:
        inside = defaults.raw.get(method)
        if not isinstance(inside, dict):
            continue
        bodies = models_under(method).values()
        known = list(dict.fromkeys(key for body in bodies for key in body.model_fields))
        for key in inside:
            if key not in known:
                path = ("defaults", method, key)
                problems.append(RawProblem(defaults.file, path, unknown_key(key, known), Point.KEY))


def check_use(declared: Mapping[str, Section], voices: Sequence[Section], problems: list[RawProblem]) -> None:
    """Reports defaults in a file without voices while other files have some: they would protect none of these."""
    with_voices = {section.file for section in voices if section.raw}
    for file in declared if with_voices else ():
        if file not in with_voices:
            what = "they are for the voices of their own file, and this one has none: move them to the voices"
            problems.append(RawProblem(file, ("defaults",), what, Point.KEY))


def protect(defaults: Section) -> bool:
    """Whether the defaults set prevent_destroy. They must be valid."""
    return _DefaultEntry.model_validate(defaults.raw).lifecycle.prevent_destroy


def under(defaults: Raw, voice: Raw) -> Raw:
    """The voice's entry merged over the defaults. A method's defaults apply only to voices with that method."""
    return _merged({key: value for key, value in defaults.items() if key not in METHOD_NAMES or key in voice}, voice)


def placed(problem: RawProblem, voice: Raw, defaults: Section | None) -> RawProblem:
    """The problem of a voice, moved to the defaults if its value comes from there."""
    inside = written(problem.path)[2:]
    if defaults is None or _depth(inside, defaults.raw) <= _depth(inside, voice):
        return problem
    return RawProblem(defaults.file, ("defaults", *inside), problem.what, problem.at)


def _merged(under: Mapping[str, Value], over: Raw) -> Raw:
    merged = dict(under) | over
    for key, value in over.items():
        lower = under.get(key)
        if isinstance(lower, dict) and isinstance(value, dict):
            merged[key] = _merged(lower, value)
    return merged


def _depth(path: Path, value: Value) -> int:
    """How many parts of the path exist in the value."""
    depth = 0
    for part in path:
        match value, part:
            case dict(), str() if part in value:
                value = value[part]
            case list(), int() if part < len(value):
                value = value[part]
            case _:
                break
        depth += 1
    return depth

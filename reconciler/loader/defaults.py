"""`defaults:`, merged under each voice. What is wrong in them is told once and where they stand, not at every voice."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, ValidationError

from reconciler.loader.messages import refusals, unknown_key
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.sections import Raw, Section
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import Value
from reconciler.model.manifest import Entry
from reconciler.model.methods import METHOD_NAMES, models_under


class _DefaultEntry(Entry):
    """An entry of which every key may be left to the voice."""

    provider: str = Field(default="", min_length=1)


def check(defaults: Section, problems: list[RawProblem]) -> None:
    try:
        _DefaultEntry.model_validate(defaults.raw)
    except ValidationError as failure:
        problems += refusals(failure, _DefaultEntry, file=defaults.file, path=("defaults",))
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


def protect(defaults: Section) -> bool:
    """Whether they say prevent_destroy. They are checked."""
    return _DefaultEntry.model_validate(defaults.raw).lifecycle.prevent_destroy


def under(defaults: Raw, voice: Raw) -> Raw:
    """The voice's entry with the defaults under it. A method's defaults wait for a voice made by that method."""
    return _merged({key: value for key, value in defaults.items() if key not in METHOD_NAMES or key in voice}, voice)


def placed(problem: RawProblem, voice: Raw, defaults: Section | None) -> RawProblem:
    """The finding about a voice, moved to the defaults if what it is about stands there and not in the voice."""
    inside = problem.path[2:]
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
    """How far along the path there is something."""
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

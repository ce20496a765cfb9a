"""`defaults:`, merged under each voice. What is wrong in them is told once and where they stand, not at every voice."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, ValidationError

from reconciler.loader.findings import Finding, Point
from reconciler.loader.positions import Path
from reconciler.loader.sections import Raw, Section
from reconciler.loader.wording import refusals, unknown_key
from reconciler.loader.yaml_values import Value
from reconciler.model.bodies import METHOD_NAMES, models_under
from reconciler.model.manifest import Entry


class _DefaultEntry(Entry):
    """An entry of which every key may be left to the voice."""

    provider: str = Field(default="", min_length=1)


def check(defaults: Section, findings: list[Finding]) -> None:
    try:
        _DefaultEntry.model_validate(defaults.raw)
    except ValidationError as failure:
        findings += refusals(failure, _DefaultEntry, file=defaults.file, path=("defaults",))
    for method in METHOD_NAMES:
        inside = defaults.raw.get(method)
        if not isinstance(inside, dict):
            continue
        bodies = models_under(method).values()
        known = list(dict.fromkeys(key for body in bodies for key in body.model_fields))
        for key in inside:
            if key not in known:
                path = ("defaults", method, key)
                findings.append(Finding(defaults.file, path, unknown_key(key, known), Point.KEY))


def protect(defaults: Section) -> bool:
    """Whether they say prevent_destroy. They are checked."""
    return _DefaultEntry.model_validate(defaults.raw).lifecycle.prevent_destroy


def under(defaults: Raw, voice: Raw) -> Raw:
    """The voice's entry with the defaults under it. A method's defaults wait for a voice made by that method."""
    return _merged({key: value for key, value in defaults.items() if key not in METHOD_NAMES or key in voice}, voice)


def placed(finding: Finding, voice: Raw, defaults: Section | None) -> Finding:
    """The finding about a voice, moved to the defaults if what it is about stands there and not in the voice."""
    inside = finding.path[2:]
    if defaults is None or _depth(inside, defaults.raw) <= _depth(inside, voice):
        return finding
    return Finding(defaults.file, ("defaults", *inside), finding.what, finding.at)


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

"""Reads the section `policy:`: a list of rules, in one file or in several files of a folder."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from reconciler.loader.environment import Unresolved
from reconciler.loader.messages import validation_problems
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.sections import Section
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import kind_of
from reconciler.model.policy import Rule


def rules(sections: Iterable[Section], problems: list[RawProblem]) -> tuple[Rule, ...]:
    """The valid rules. The raw value of each section is under the key `policy`."""
    found: list[Rule] = []
    named: dict[str, tuple[str, Path]] = {}
    for section in sections:
        file, raw = section.file, section.raw["policy"]
        if not isinstance(raw, list):
            if not isinstance(raw, Unresolved):
                what = f"{kind_of(raw)}, should be a list of rules"
                problems.append(RawProblem(file, ("policy",), what, Point.KEY if raw is None else Point.VALUE))
            continue
        for index, entry in enumerate(raw):
            path: Path = ("policy", index)
            if not isinstance(entry, dict):
                problems.append(RawProblem(file, path, f"{kind_of(entry)}, should be a mapping with name and a check"))
                continue
            try:
                rule = Rule.model_validate(entry)
            except ValidationError as failure:
                problems += validation_problems(failure, Rule, file=file, path=path)
                continue
            first = named.setdefault(rule.title, (file, (*path, "name")))
            if rule.name and first != (file, (*path, "name")):
                problems.append(RawProblem(file, (*path, "name"), "another rule has this name, at", other=first))
            found.append(rule)
    return tuple(found)

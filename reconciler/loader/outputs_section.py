"""Reads the section `outputs:`: the files that apply writes for applications.

A manifest may come from a pull request: no path leads out of its folder, or to a file that voicectl or git needs.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from reconciler.contained_paths import file_below
from reconciler.loader.environment import Unresolved
from reconciler.loader.file_names import is_manifest_name
from reconciler.loader.messages import validation_problems
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.sections import Section, mapping
from reconciler.loader.source_map import Path as Place
from reconciler.loader.yaml_values import Value, kind_of
from reconciler.model.output_files import OutputFile, matches, path_fault
from reconciler.model.output_names import clashes
from reconciler.model.suggestion import nearest

_FORM = ", such as - {path: voices.env, format: dotenv}"


def output_files(
    section: Section, problems: list[RawProblem], *, manifest: Path, addresses: Collection[str] | None
) -> tuple[OutputFile, ...]:
    """The valid files of the section. `addresses`: all of the manifest; None if some of them could not be read."""
    declared = section.raw["outputs"]
    if isinstance(declared, Unresolved):
        return ()
    if not isinstance(declared, list):
        what = f"{kind_of(declared)}, should be a list{_FORM}"
        problems.append(RawProblem(section.file, ("outputs",), what, Point.KEY if declared is None else Point.VALUE))
        return ()
    read = [_file(section.file, number, each, problems) for number, each in enumerate(declared)]
    valid = {number: file for number, file in enumerate(read) if file is not None}
    for number, file in valid.items():
        before = {other: valid[other] for other in valid if other < number}
        fault = (
            path_fault(file.path) or _taken(file.path, manifest, section.file) or _led_elsewhere(file.path, manifest)
        )
        fault = fault or _same_file(file.path, before)
        if fault is not None:
            problems.append(RawProblem(section.file, ("outputs", number, "path"), fault))
        if addresses is not None:
            _check_addresses(section.file, number, file, addresses, problems)
    return tuple(valid.values())


def _file(file: str, number: int, declared: Value, problems: list[RawProblem]) -> OutputFile | None:
    place: Place = ("outputs", number)
    raw = mapping(declared, file=file, path=place, problems=problems, of=_FORM)
    if raw is None:
        return None
    try:
        return OutputFile.model_validate(raw)
    except ValidationError as failure:
        problems += validation_problems(failure, OutputFile, file=file, path=place)
        return None


def _taken(path: str, manifest: Path, declared_in: str) -> str | None:
    """Why this is a file of the manifest itself; None if it is not."""
    name = path.casefold()
    if name == Path(declared_in).name.casefold() or (not manifest.is_dir() and name == manifest.name.casefold()):
        return "is the manifest itself"
    if manifest.is_dir() and "/" not in path and is_manifest_name(path):
        return "would be read as a part of the manifest, as every *.yaml and *.yml of its folder: choose a subfolder"
    return None


def _led_elsewhere(path: str, manifest: Path) -> str | None:
    folder = manifest if manifest.is_dir() else manifest.parent
    try:
        found = file_below(folder, path)
    except ValueError as error:
        return f"{error}, through a link"
    if found == manifest.resolve():
        return "leads to the manifest itself, through a link"
    if ".state." in found.name.casefold():
        return "leads to a state, through a link"
    return None


def _same_file(path: str, before: dict[int, OutputFile]) -> str | None:
    name = path.casefold()
    for number, other in before.items():
        taken = other.path.casefold()
        if name == taken:
            return f"is written by outputs[{number}] already"
        if name.startswith(f"{taken}/") or taken.startswith(f"{name}/"):
            return f"is a file and a folder at once: outputs[{number}] is {other.path}"
    return None


def _check_addresses(
    file: str, number: int, output: OutputFile, addresses: Collection[str], problems: list[RawProblem]
) -> None:
    for index, pattern in enumerate(output.addresses):
        if not any(matches(address, pattern) for address in addresses):
            near = nearest(pattern, addresses)
            what = "matches no address" + (f", did you mean {near}?" if near else "")
            problems.append(RawProblem(file, ("outputs", number, "addresses", index), what))
    for clash in clashes(output.format, output.selected(addresses)):
        what = (
            f"{clash.first} and {clash.second} would both be {clash.name} in this file: rename one, or leave one out "
            "with addresses"
        )
        problems.append(RawProblem(file, ("outputs", number), what))

"""Reads the sections `moved:` and `removed:`: entries that got another address, and voices that stay in their account.

moved:
- {from: hero, to: champion}
removed:
- {address: villain, destroy: false}
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from reconciler.loader.environment import Unresolved
from reconciler.loader.messages import quote, unknown_key
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.sections import Section
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import Value, kind_of
from reconciler.model.address import is_address
from reconciler.model.manifest import AUDIO

_FORM = 'an address, such as hero, npc["en"] or audio.intro'


def moved(sections: Sequence[Section], declared: Collection[str], problems: list[RawProblem]) -> dict[str, str]:
    """Former address -> present address. `declared`: all addresses of the manifest."""
    found: dict[str, str] = {}
    places: dict[str, tuple[str, Path]] = {}
    for file, path, entry in _entries(sections, "moved", ("from", "to"), (), problems):
        source, target = (_address(entry, key, file, path, problems) for key in ("from", "to"))
        if source is None or target is None:
            continue
        report = _Report(file, path, problems)
        if source == target:
            report("to", f"{target} is its address already")
        elif source.startswith(AUDIO) != target.startswith(AUDIO):
            report("to", f"{source} and {target} are a sound and a voice: neither can become the other")
        elif source in declared:
            report("from", f"{source} is still declared, so it did not move; remove that entry or this one")
        elif source in found:
            report("from", f"{source} can move only once, but is also at", other=places[source])
        else:
            found[source], places[source] = target, (file, (*path, "from"))
    for source in found:
        if _is_in_cycle(found, source):
            file, at = places[source]
            problems.append(RawProblem(file, at, f"{source} moves in a circle, and ends where it began"))
    return found


def released(sections: Sequence[Section], declared: Collection[str], problems: list[RawProblem]) -> frozenset[str]:
    """The addresses of removed entries whose voices stay in their accounts."""
    found: set[str] = set()
    for file, path, entry in _entries(sections, "removed", ("address",), ("destroy",), problems):
        address = _address(entry, "address", file, path, problems)
        if address is None:
            continue
        report = _Report(file, path, problems)
        destroy = entry.get("destroy", "true")
        destroy = destroy.lower() if isinstance(destroy, str) and not isinstance(destroy, Unresolved) else destroy
        if address in declared:
            report("address", f"{address} is still declared; remove that entry or this one")
        elif destroy not in ("true", "false"):
            if not isinstance(destroy, Unresolved):
                report("destroy", f"{_shown(destroy)}, should be true or false")
        elif destroy == "false":
            found.add(address)
    return frozenset(found)


class _Report:
    """Reports problems of one entry, each at one of its keys."""

    def __init__(self, file: str, path: Path, problems: list[RawProblem]) -> None:
        self._file, self._path, self._problems = file, path, problems

    def __call__(self, key: str, what: str, *, other: tuple[str, Path] | None = None) -> None:
        self._problems.append(RawProblem(self._file, (*self._path, key), what, other=other))


def _entries(
    sections: Iterable[Section], name: str, needed: tuple[str, ...], more: tuple[str, ...], problems: list[RawProblem]
) -> Iterator[tuple[str, Path, dict[str, Value]]]:
    """The entries of these lists that have the needed keys: file, path and content."""
    for section in sections:
        raw = section.raw[name]
        if not isinstance(raw, list):
            if not isinstance(raw, Unresolved):
                what = f"{kind_of(raw)}, should be a list"
                problems.append(RawProblem(section.file, (name,), what, Point.KEY if raw is None else Point.VALUE))
            continue
        for index, entry in enumerate(raw):
            path: Path = (name, index)
            if not isinstance(entry, dict):
                keys = ", ".join(needed)
                problems.append(RawProblem(section.file, path, f"{kind_of(entry)}, should be a mapping with {keys}"))
                continue
            known = (*needed, *more)
            unknown = [key for key in entry if key not in known]
            missing = [key for key in needed if key not in entry]
            problems += [RawProblem(section.file, (*path, key), unknown_key(key, known), Point.KEY) for key in unknown]
            problems += [RawProblem(section.file, path, f"{key} is missing") for key in missing]
            if not missing:
                yield section.file, path, entry


def _address(entry: dict[str, Value], key: str, file: str, path: Path, problems: list[RawProblem]) -> str | None:
    value = entry[key]
    if isinstance(value, Unresolved):
        return None
    if not isinstance(value, str) or not is_address(value):
        problems.append(RawProblem(file, (*path, key), f"{_shown(value)}, should be {_FORM}"))
        return None
    return str(value)


def _shown(value: Value) -> str:
    return (quote(value) or "its value") if isinstance(value, str) else kind_of(value)


def _is_in_cycle(moved: dict[str, str], source: str) -> bool:
    at, seen = moved[source], {source}
    while at in moved and at not in seen:
        seen.add(at)
        at = moved[at]
    return at == source

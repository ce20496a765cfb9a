"""Expands `for_each:` of an entry: an instance for each key, with `${each:key}` and `${each:value}` replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.loader.entry_sections import FOR_EACH
from reconciler.loader.environment import Unresolved, is_secret
from reconciler.loader.messages import listed, quote
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.references import EachReference, EachText, joined
from reconciler.loader.sections import Raw
from reconciler.loader.source_map import InstanceKey, Path, written
from reconciler.loader.yaml_values import Value, kind_of
from reconciler.model.address import KEY_LIMIT, is_key
from reconciler.model.suggestion import nearest

_FORM = "a list or a mapping, such as [en, de]"


def instances(entry: Raw, *, file: str, path: Path, problems: list[RawProblem]) -> Iterator[tuple[str, Raw]]:
    """The key and the entry of each instance. Reports wrong keys and references without a value."""
    template = {key: value for key, value in entry.items() if key != FOR_EACH}
    for key, value in _keys(entry[FOR_EACH], file, (*path, FOR_EACH), problems):
        filling = _Filling(key, value, file, problems)
        made = {name: filling.value(inner, (*path, InstanceKey(key), name)) for name, inner in template.items()}
        yield key, made


def without_repetition(problems: list[RawProblem], count: int) -> list[RawProblem]:
    """The problems of an entry's instances: one that all `count` instances have is reported once, for the entry."""
    repeated: dict[tuple[object, ...], list[RawProblem]] = {}
    for problem in problems:
        same = problem.file, written(problem.path), problem.what, problem.at, problem.other
        repeated.setdefault(same, []).append(problem)
    found: list[RawProblem] = []
    for group in repeated.values():
        everywhere = len(group) == count > 1
        found += [replace(group[0], path=written(group[0].path))] if everywhere else group
    return found


def _keys(given: Value, file: str, path: Path, problems: list[RawProblem]) -> Iterator[tuple[str, Value]]:
    """The valid keys with their values; the value of a list's item is the item."""
    if isinstance(given, Unresolved):
        return
    if not isinstance(given, (list, dict)):
        none = " ([] for none)" if given is None else ""
        what = f"{kind_of(given)}, should be {_FORM}{none}"
        problems.append(RawProblem(file, path, what, Point.KEY if given is None else Point.VALUE))
        return
    seen: dict[str, str] = {}
    pairs: Iterable[tuple[str | int, Value]] = given.items() if isinstance(given, dict) else enumerate(given)
    for part, value in pairs:
        at = Point.VALUE if isinstance(part, int) else Point.KEY
        key: Value = value if isinstance(part, int) else part
        if isinstance(key, Unresolved):
            continue
        if (fault := _fault(key, seen)) is not None:
            problems.append(RawProblem(file, (*path, part), fault, at))
            continue
        assert isinstance(key, str)
        seen[key.lower()] = key
        yield str(key), value


def _fault(key: Value, seen: dict[str, str]) -> str | None:
    """Why this can't be a key; None if it can."""
    if not isinstance(key, str):
        written = "; with more than a key, write a mapping: {en: {...}}" if isinstance(key, dict) else ""
        return f"{kind_of(key)}, should be text{written}"
    if is_secret(key):
        return "a key can't come from the environment, because addresses are shown"
    if not is_key(key):
        return f"{quote(key) or 'this'} can't be a key, which is {KEY_LIMIT}"
    first = seen.get(key.lower())
    if first is not None:
        return f"{key} is there twice" if first == key else f"a key is unique in any case, and {first} is there too"
    return None


class _Filling:
    """Replaces the references of one instance."""

    def __init__(self, key: str, value: Value, file: str, problems: list[RawProblem]) -> None:
        self._key = key
        self._value = value
        self._file = file
        self._problems = problems

    def value(self, value: Value, path: Path) -> Value:
        """The value with its references replaced. Unchanged lists and mappings are not copied."""
        if isinstance(value, EachText):
            return self._text(value, path)
        if isinstance(value, dict):
            made = {key: self.value(inner, (*path, key)) for key, inner in value.items()}
            return made if any(made[key] is not value[key] for key in made) else value
        if isinstance(value, list):
            items = [self.value(inner, (*path, index)) for index, inner in enumerate(value)]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        return value

    def _text(self, text: EachText, path: Path) -> str:
        pieces: list[str] = []
        for piece in text.pieces:
            found: Value = self._found(piece, path) if isinstance(piece, EachReference) else piece
            if not isinstance(found, str) or isinstance(found, Unresolved):
                return Unresolved()
            pieces.append(found)
        return joined(pieces)

    def _found(self, reference: EachReference, path: Path) -> Value:
        """The text that a reference means. If there is none, reports that and returns None."""
        if reference == "key":
            return self._key
        found = self._value
        name = "each:value"
        for part in reference.split(".")[1:]:
            if not isinstance(found, dict):
                return self._missing(f"${{{name}}} is {kind_of(found)}, so it has no {part}", found, path)
            if part not in found:
                near = nearest(part, found)
                known = f", only {listed(found)}" if found else ""
                hint = f", did you mean {near}?" if near else known
                return self._missing(f"${{{name}}} has no {part}{hint}", found, path)
            found, name = found[part], f"{name}.{part}"
        if isinstance(found, str):
            return found
        inside = f"; name a key of it: ${{{name}.KEY}}" if isinstance(found, dict) and found else ""
        return self._missing(f"${{{name}}} is {kind_of(found)}, and text is needed here{inside}", found, path)

    def _missing(self, what: str, found: Value, path: Path) -> Value:
        """Reports that a reference has no value, and returns None."""
        if not isinstance(found, Unresolved):
            self._problems.append(RawProblem(self._file, path, what))
        return None

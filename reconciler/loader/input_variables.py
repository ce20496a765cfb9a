"""Reads `variables:` and `values:`, and the values from outside: --var, --var-file and VOICECTL_VAR_name.

The strongest comes first: --var, a later --var-file, an earlier one, the environment, `values:`, `default`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from reconciler.errors import Problem
from reconciler.loader.environment import Deferred, Unresolved, is_secret, unprintable
from reconciler.loader.files import Source, named_file
from reconciler.loader.messages import choice, listed, quote, validation_problems
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.sections import Section, mapping
from reconciler.loader.source_map import Path as KeyPath
from reconciler.loader.variable_options import VariableOptions
from reconciler.loader.yaml_values import Value, kind_of, read
from reconciler.model.input_variable import VARIABLE_LIMIT, InputVariable, is_variable_name
from reconciler.model.scalars import Quoted, is_json_word
from reconciler.model.suggestion import nearest
from reconciler.values import value

PREFIX = "VOICECTL_VAR_"


@value
class _Assignment:
    """A value, and where it was set: in a file at a path, or by `file` alone: `--var take`."""

    text: str
    file: str
    path: KeyPath = ()


@dataclass(slots=True)
class InputVariables:
    """The declared variables. `complete`: all files were read, so no declaration is missing."""

    complete: bool = True
    declared: dict[str, InputVariable] = field(default_factory=dict)
    names: dict[str, tuple[str, KeyPath]] = field(default_factory=dict)  # also those of invalid declarations
    values: dict[str, str] = field(default_factory=dict)
    _reported: set[str] = field(default_factory=set)

    def value_of(self, name: str) -> tuple[str | None, str | None]:
        """The value; or None, with a message that is given once for each variable."""
        if name in self.values:
            found = self.values[name]
            return (None if isinstance(found, Unresolved) else found), None
        if name in self._reported or not self._is_missing(name):
            return None, None
        self._reported.add(name)
        if name in self.declared:
            ways = f"set it under values, with --var {name}=..., with --var-file, or as {PREFIX}{name}"
            return None, f"the variable {name} is not set: {ways}"
        return None, f"the variable {quote(name) or 'that is named here'} is not declared" + _hint(name, self.names)

    def _is_missing(self, name: str) -> bool:
        return name in self.declared or (self.complete and name not in self.names)


def input_variables(
    documents: Sequence[Section],
    options: VariableOptions,
    environ: Mapping[str, str],
    problems: list[RawProblem],
    *,
    unread: list[Problem],
    complete: bool = True,
) -> tuple[InputVariables, list[Source]]:
    """The variables with their values, and the files of --var-file; adds those that can't be read to `unread`."""
    found = InputVariables(complete)
    for document in documents:
        _declare(document, found, problems)
    sources, in_files = _files(options.files, environ, problems, unread)
    for name, set_here in _set_in(documents, problems):
        if _is_known(name, set_here, found, problems):
            _set(name, set_here, found, problems)
    given: dict[str, _Assignment] = {}
    for name in found.names:
        if environ.get(PREFIX + name):  # an empty one counts as not set
            given[name] = _Assignment(environ[PREFIX + name], PREFIX + name)
    outside = [*in_files, *((name, _Assignment(text, f"--var {name}")) for name, text in options.values.items())]
    given |= {name: set_here for name, set_here in outside if _is_known(name, set_here, found, problems)}
    for name, used in given.items():
        _set(name, used, found, problems)
    return found, sources


def _declare(document: Section, found: InputVariables, problems: list[RawProblem]) -> None:
    file = document.file
    inside = document.raw.get("variables", {})
    of = " ({} for none)" if inside is None else ', such as take: {default: "1"}'
    section = mapping(inside, file=file, path=("variables",), problems=problems, of=of)
    if section is None:
        found.complete = False
        return
    for name, raw in section.items():
        path = ("variables", name)
        if name in found.names:
            problems.append(RawProblem(file, path, "declared twice, first at", Point.KEY, other=found.names[name]))
            continue
        found.names[name] = file, path
        if not is_variable_name(name):
            problems.append(RawProblem(file, path, f"a variable's name is {VARIABLE_LIMIT}", Point.KEY))
            continue
        of = ', such as {default: "1"}'
        keys = {} if raw is None else mapping(raw, file=file, path=path, problems=problems, of=of)
        if keys is None:
            continue
        try:
            variable = found.declared[name] = InputVariable.model_validate(keys)
        except ValidationError as failure:
            problems += validation_problems(failure, InputVariable, file=file, path=path)
            continue
        for index, allowed in enumerate(variable.one_of or ()):
            if (fault := variable.type_fault(allowed)) is not None:
                what = f"{quote(allowed) or 'its value'}, should be {fault}"
                problems.append(RawProblem(file, (*path, "one_of", index), what))
        default = keys.get("default")
        if isinstance(default, str):
            _set(name, _Assignment(default, file, (*path, "default")), found, problems)


def _set_in(documents: Iterable[Section], problems: list[RawProblem]) -> list[tuple[str, _Assignment]]:
    """The values of the sections `values:`."""
    first: dict[str, _Assignment] = {}
    for document in documents:
        inside = {} if document.included else document.raw.get("values", {})  # an included file can't have them
        of = " ({} for none)" if inside is None else ', such as take: "2"'
        section = mapping(inside, file=document.file, path=("values",), problems=problems, of=of)
        for name, set_here in _assignments(section or {}, document.file, ("values",), problems):
            if name in first:
                other = first[name].file, first[name].path
                what = "set twice, first at"
                problems.append(RawProblem(document.file, set_here.path, what, Point.KEY, other=other))
            else:
                first[name] = set_here
    return list(first.items())


def _files(
    paths: Iterable[Path], environ: Mapping[str, str], problems: list[RawProblem], unread: list[Problem]
) -> tuple[list[Source], list[tuple[str, _Assignment]]]:
    sources: list[Source] = []
    found: list[tuple[str, _Assignment]] = []
    for path in paths:
        source = named_file(path)
        if isinstance(source, str):
            unread.append(Problem("--var-file", 0, 0, "", source))
        elif isinstance(source, Problem):
            unread.append(source)
        if not isinstance(source, Source):
            continue
        sources.append(source)
        raw = read(source, environ, problems, holds='values of variables, such as take: "2"')
        found += _assignments(raw or {}, source.file, (), problems)
    return sources, found


def _assignments(
    section: Mapping[str, Value], file: str, path: KeyPath, problems: list[RawProblem]
) -> Iterable[tuple[str, _Assignment]]:
    for name, text in section.items():
        if isinstance(text, Deferred):
            problems.append(RawProblem(file, (*path, name), "${var:...} can't be used in the value of a variable"))
        elif isinstance(text, str):
            yield name, _Assignment(text, file, (*path, name))
        else:
            at = Point.KEY if text is None else Point.VALUE
            what = f"{kind_of(text)}, should be text, a number, true or false"
            problems.append(RawProblem(file, (*path, name), what, at))


def _is_known(name: str, set_here: _Assignment, found: InputVariables, problems: list[RawProblem]) -> bool:
    if name in found.names:
        return True
    if found.complete:
        what = "no variable of this name is declared" + _hint(name, found.names)
        problems.append(RawProblem(set_here.file, set_here.path, what, Point.KEY))
    return False


def _set(name: str, set_here: _Assignment, found: InputVariables, problems: list[RawProblem]) -> None:
    """Sets the value, over a weaker one. One that is not allowed is reported, and has no value then."""
    sound = _check(name, set_here, found, problems)
    found.values[name] = _typed(set_here.text, found.declared.get(name)) if sound else Unresolved()


def _check(name: str, set_here: _Assignment, found: InputVariables, problems: list[RawProblem]) -> bool:
    """Whether the value is allowed. Reports the problem where the value was set."""
    variable, text = found.declared.get(name), set_here.text
    if variable is None or isinstance(text, Unresolved):
        return not isinstance(text, Unresolved)
    what = None
    if (character := unprintable(text)) is not None:
        what = f"text can't hold the control character {character}"
    elif (fault := variable.type_fault(text)) is not None:
        shown = quote(text)
        what = f"{shown}, should be {fault}" if shown is not None else f"should be {fault}"
    elif variable.one_of is not None and text not in variable.one_of:
        what = choice(text, list(variable.one_of))
    if what is not None:
        problems.append(RawProblem(set_here.file, set_here.path, what))
    return what is None


def _typed(text: str, variable: InputVariable | None) -> str:
    """The text, which JSON takes for text if the variable is a string, and for a number or boolean if it is none."""
    if is_secret(text) or variable is None:
        return text
    return Quoted(text) if variable.type == "string" and is_json_word(text) else str(text)


def _hint(name: str, names: Mapping[str, object]) -> str:
    near = nearest(name, names)
    if near is not None:
        return f", did you mean {near}?"
    return f", only {listed(names)} {'is' if len(names) == 1 else 'are'}" if names else ": declare it under variables"

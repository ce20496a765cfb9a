"""Translates pydantic's errors into voicectl's messages: what was found, and the limit. Never shows pydantic's text.

A value is quoted only where that helps (numbers, booleans, one of a few words). The quote is short, and never contains
a value from the environment or a URL's query.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reconciler.loader.environment import Unresolved, is_secret
from reconciler.loader.forms import form, list_form
from reconciler.loader.misplaced import belongs_beside, indent_less, is_entry
from reconciler.loader.problems import Point, RawProblem, quoted
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import kind_of
from reconciler.model import urls
from reconciler.model.address import LONGEST_NAME, NAME_LIMIT
from reconciler.model.method import MethodInputs
from reconciler.model.methods import AUDIO_METHOD, METHOD_NAMES, keys_under
from reconciler.model.scalars import DIGITS, ENV_NAME, PARAMETER
from reconciler.model.suggestion import nearest
from reconciler.model.variables import may_be_key

_LONGEST_QUOTE = 40
_SHOULD_BE = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
}
_MAPPING_EXPECTED = frozenset(("dict_type", "mapping_type", "model_type", "model_attributes_type"))
_QUOTED = frozenset(
    ("int_parsing", "int_parsing_size", "int_from_float", "float_parsing", "finite_number", "bool_parsing")
)
_PATTERNS = {
    DIGITS: "1 to 64 decimal digits",
    ENV_NAME: "the name of an environment variable (letters, digits and _)",
    PARAMETER: "the name of a query parameter alone, such as v, without ?, & and =",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_SECRET_KEY_NAMES = ("api_key", "access_key", "secret_key", "secret_id", "secret", "token", "key", "password")
_OF_SOUNDS = (AUDIO_METHOD, "on_expiry")
_RESERVED_KEYS = {
    "external_task_id": "is set by voicectl to find the voice again, it can't be declared",
    "session_id": "is set by voicectl to find the voice again, it can't be declared",
    "file": "this API takes no local file: host it, and name its URL",
    "signing_parameters": "belongs to an entry, beside its method, or to a provider",
    "sha256": "is read from the file, it can't be declared",
}


def validation_problems(failure: ValidationError, model: type[BaseModel], *, file: str, path: Path) -> list[RawProblem]:
    """A problem for each error of the validation. `path` is the path of the model's mapping in the file."""
    errors = [error for error in failure.errors(include_url=False) if not isinstance(error["input"], Unresolved)]
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    meant = {(*inside, nearest(str(key), _keys_at(model, inside))) for *inside, key in unknown}
    # A misspelled key is also an error "missing" at the right key: only the misspelling is reported.
    reported = [error for error in errors if error["type"] != "missing" or error["loc"] not in meant]
    return [_problem(error, model, file=file, path=path) for error in reported]


def unknown_key(key: str, known: Iterable[str], *, what: str = "unknown key", keys_go: str = "") -> str:
    """The message for a key that is not among the known ones, with a suggestion.

    `keys_go` says where the cloud's API keys are put, if the mapping is an account's or a body's.
    """
    if key in _RESERVED_KEYS:
        return _RESERVED_KEYS[key]
    names = list(known)
    names_keys = "credentials" in names or any(name.endswith("_env") for name in names)
    if keys_go and names_keys and key.lower().replace("-", "_") in _SECRET_KEY_NAMES:
        return f"{what}. {_keys_elsewhere(keys_go)}"
    near = nearest(key, names)
    if near is not None:
        return f"{what}, did you mean {near}?"
    if key in _OF_SOUNDS and "clone" in names:
        return f"{what}: {key} belongs to a sound, which is written under audio"
    if key in METHOD_NAMES and AUDIO_METHOD in names:
        return f"{what}: {key} belongs to a voice, which is written under voices"
    homes = [name for name in METHOD_NAMES if name in names and key in keys_under(name)]
    if homes:
        return f"{what}, did you mean {homes[0]}.{key}?"
    if not names:
        return what
    return f"{what}, known {'is' if len(names) == 1 else 'are'} {listed(names)}"


def _keys_elsewhere(keys_go: str) -> str:
    return f"API keys do not belong in the manifest: {keys_go}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """The words as a list: `a, b and c`."""
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final


def quote(value: object) -> str | None:
    """The value in quotes, cut to a short text; None if it must not be shown."""
    if not isinstance(value, str) or is_secret(value):
        return None
    if not urls.is_url(value) and may_be_key(value):
        return None
    text = urls.shown(value) if urls.is_url(value) else value
    return quoted(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "...")


def _problem(error: ErrorDetails, model: type[BaseModel], *, file: str, path: Path) -> RawProblem:
    kind, value = error["type"], error["input"]
    keys_go, variables = getattr(model, "keys_go", ""), getattr(model, "variables", "")
    # pydantic adds "[key]" for an error in a key; a real key may also have this name.
    marked = kind != "extra_forbidden" and "[key]" in error["loc"]
    inside = tuple(part for part in error["loc"] if part != "[key]") if marked else error["loc"]
    about_mapping = isinstance(value, dict) and kind == "value_error"
    at_key = value is None or about_mapping or marked or kind in ("missing", "extra_forbidden")
    if kind == "extra_forbidden":
        known = _keys_at(model, inside[:-1])
        what = unknown_key(str(inside[-1]), known, keys_go=keys_go)
        if issubclass(model, MethodInputs) and len(inside) == 1 and belongs_beside(str(inside[0]), known):
            what = indent_less(str(inside[0]), str(path[-1]))
        elif len(inside) == 1 and is_entry(value) and str(inside[0]) not in METHOD_NAMES:
            what = f"{what}. If it is an entry of its own, indent it less"
    elif marked:
        words = _words_of_choice(error) if kind == "literal_error" else []
        what = unknown_key(str(value), words) if words else f"the key: {_message(error, model)}"
    else:
        what = _message(error, model)
        if kind in _MAPPING_EXPECTED:
            what += form((*path, *inside), value)
        elif kind in ("list_type", "tuple_type"):
            what += list_form((*path, *inside))
        if inside[-1:] == ("credentials",) and kind in _SHOULD_BE:
            what += f"; {_keys_elsewhere(keys_go)}"
        elif kind == "string_pattern_mismatch" and error["ctx"]["pattern"] == ENV_NAME:
            name = f"{variables}_{str(inside[-1]).removesuffix('_env').upper()}"
            what += (
                f"; API keys do not belong in the manifest: export {name}=... and write {name}"
                if variables
                else "; write the name of the variable, not what it holds"
            )
    return RawProblem(file, path + inside, what, Point.KEY if at_key else Point.VALUE)


def _message(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, limits = error["type"], error["input"], error.get("ctx", {})
    shown = quote(value)
    if kind == "missing":
        return "missing, it is required"
    if kind == "value_error":
        return str(limits["error"])
    if kind in _SHOULD_BE:
        found = shown if shown is not None and kind in _QUOTED else kind_of(value)
        return f"{found}, should be {_SHOULD_BE[kind]}"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        bound = f"{words} {limits[name]:g}"
        number = shown.strip('"') if shown is not None else None
        return f"{number}, {bound}" if number is not None else f"should be {bound}"
    if isinstance(value, str) and kind in ("string_too_long", "string_too_short", "too_long", "too_short"):
        return _length(len(value), limits, unit="character")
    if kind in ("too_long", "too_short"):
        return _length(len(value), limits, unit="entry", units="entries")
    if kind == "string_pattern_mismatch":
        pattern = str(limits["pattern"])
        words = _PATTERNS.get(pattern) or getattr(model, "patterns", {}).get(pattern, "written in another way")
        return f"should be {words}"
    if kind in ("literal_error", "enum"):
        return choice(value, _words_of_choice(error))
    return "can't be used here"


def _length(length: int, limits: Mapping[str, object], *, unit: str, units: str | None = None) -> str:
    many = units or f"{unit}s"
    found = "empty" if length == 0 else f"{length} {unit if length == 1 else many}"
    if "max_length" in limits:
        return f"{found}, at most {limits['max_length']}"
    least = limits["min_length"]
    return f"{found}, at least {least} {unit if least == 1 else many}" if length == 0 else f"{found}, at least {least}"


def _words_of_choice(error: ErrorDetails) -> list[str]:
    return [word.strip("'") for word in str(error["ctx"]["expected"]).replace(" or ", ", ").split(", ")]


def choice(value: object, words: list[str]) -> str:
    """The message for a value that is not one of these words."""
    limit = f"should be {listed(words, 'or')}"
    shown = quote(value)
    if shown is None:
        return limit
    near = nearest(str(value), words) if len(words) > 1 else None
    return f"{shown}, {limit}" + (f"; did you mean {near}?" if near else "")


def _keys_at(model: type[BaseModel], inside: Iterable[str | int]) -> list[str]:
    """The keys that are allowed in the mapping at this path of the model."""
    for part in inside:
        if isinstance(part, int) or part not in model.model_fields:
            continue  # an item of a list; the list's key has already selected its model
        model = next(_models_in(model.model_fields[part].annotation), model)
    return list(model.model_fields)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def name_fault(address: str) -> str:
    """Why the name of an entry is not valid, and what it may be."""
    if any(character.isspace() for character in address):
        return f"an address can't hold a space; it is {NAME_LIMIT}"
    if len(address) > LONGEST_NAME:
        return f"{len(address)} characters, at most {LONGEST_NAME}; an address is {NAME_LIMIT}"
    return f"an address is {NAME_LIMIT}"

"""The reference of the manifest's keys as Markdown, made from the manifest's JSON Schema: a table for each mapping."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from reconciler.model.address import ADDRESS
from reconciler.model.cloud_types import known
from reconciler.model.method import KeyClass, MethodInputs
from reconciler.model.methods import keyword_of
from reconciler.model.scalars import DIGITS, ENV_NAME, Duration, Url
from reconciler.model.schema import manifest_schema
from reconciler.model.state_settings import URL_SCHEMA
from reconciler.values import value

Schema = dict[str, Any]  # JSON

_INTRODUCTION = """\
# Every key of the manifest

The command `schema manifest --format markdown` prints this page, from the models that check a manifest.

- `NAME` is a name of your own. `[]` is an entry of a list.
- The column *default* says *required* if the key has to be there, *one of these* if exactly one key of several has to,
  and *at least one* if one or more of several have to. It is empty if you may leave the key out.
- In place of text, a number, or `true` and `false`, you can write `${env:NAME}`, `${var:NAME}` or, in an entry with
  `for_each`, `${each:key}`. The keys `include`, `variables`, `values`, `moved` and `removed` take no such references.
- A duration is a number of seconds, or `30s`, `1h30m`, `7d`.
- The column *a change* says what a plan does if you change the key of a voice that exists: it *replaces* the voice (a
  new one is paid for, the old one is deleted), *updates* it in place, *keeps* it, or *changes nothing*.
- Keys of the top level that begin with `x-` are yours: for YAML anchors.
"""
_CHANGES = {
    KeyClass.IDENTITY: "replaces it",
    KeyClass.UPDATABLE: "updates it",
    KeyClass.REQUEST_ONLY: "changes nothing",
    KeyClass.OURS: "keeps it",
}
_NOT_SHOWN = frozenset(("Reference", "Defaults", "VoiceOverDefaults", "ForEach"))
_IN_WORDS = {
    "Defaults": "the keys of an entry of `voices`",
    "ForEach": "a list of keys, or a mapping of keys to values",
}


@value
class Place:
    """Where a mapping is used in the manifest. `kind`: of the account whose entries use it, if not of all."""

    path: str
    kind: str = ""


@value
class Section:
    """One mapping, and each place where it may be."""

    schema: Schema
    places: tuple[Place, ...]
    method: type[MethodInputs] | None = None

    @property
    def title(self) -> str:
        if not self.places[0].path:
            return "Top level"
        paths = ", ".join(f"`{path}`" for path in dict.fromkeys(place.path for place in self.places))
        kinds = [kind for kind in dict.fromkeys(place.kind for place in self.places) if kind]
        return f"{paths} ({'; '.join(kinds)})" if kinds else paths

    @property
    def link(self) -> str:
        return f"[{self.places[0].kind or 'these keys'}](#{_anchor(self.title)})"


def manifest_reference() -> str:
    """The reference of all keys, of all clouds that are known."""
    schema = manifest_schema()
    sections = _sections(_inlined(schema, schema["$defs"]))
    return "\n".join([_INTRODUCTION, *(_shown(section, sections) for section in sections.values())])


def _inlined(node: Any, definitions: Mapping[str, Schema]) -> Any:
    """The schema with the definitions of single values in place of the references to them."""
    match node:
        case {"$ref": str(reference), **said}:
            name = reference.rpartition("/")[2]
            if name in _NOT_SHOWN or "properties" in definitions[name]:
                return node
            return definitions[name] | said
        case dict():
            return {key: _inlined(inner, definitions) for key, inner in node.items()}
        case list():
            return [_inlined(inner, definitions) for inner in node]
        case _:
            return node


def _sections(schema: Schema) -> dict[str, Section]:
    """The name of a definition, or the path of a mapping without one -> its section, each before those inside it."""
    kinds, methods = _kinds(), _methods()
    found: dict[str, Section] = {}

    def add(name: str, body: Schema, place: Place) -> None:
        before = found.get(name)
        places = (*before.places, place) if before else (place,)
        found[name] = Section(schema=body, places=places, method=methods.get(name))
        if before is None:
            for inner, inline, inner_place in _inner(body, place):
                kind = kinds.get(inner, place.kind)
                add(inner, inline or schema["$defs"][inner], Place(path=inner_place, kind=kind))

    add("", schema | {"properties": schema["properties"] | {"voices": _of_names("Voice")}}, Place(path=""))
    return found


def _of_names(definition: str) -> Schema:
    return {
        "type": "object",
        "description": "The voices by address: unique whatever its case, and stable.",
        "additionalProperties": {"$ref": f"#/$defs/{definition}"},
    }


def _kinds() -> dict[str, str]:
    """Model -> the account's type and, where `model` selects the call, that: `tencent-vod, model: minimax`."""
    accounts = {cloud.account.__name__: cloud.name for cloud in known()}
    return accounts | {
        body.__name__: cloud.name
        if method == keyword_of(method)
        else f"{cloud.name}, model: {method.partition('-')[2]}"
        for cloud in known()
        for method, body in cloud.methods.items()
    }


def _methods() -> dict[str, type[MethodInputs]]:
    return {body.__name__: body for cloud in known() for body in cloud.methods.values()}


def _inner(schema: Schema, outer: Place) -> Iterator[tuple[str, Schema | None, str]]:
    """The mappings inside a mapping: name, schema if it has no definition, and path."""
    for key, inner in schema["properties"].items():
        yield from _mappings(inner, f"{outer.path}.{key}".removeprefix("."))


def _mappings(schema: Schema, path: str) -> Iterator[tuple[str, Schema | None, str]]:
    for choice in schema.get("anyOf", [schema]):
        match choice:
            case {"$ref": str(reference)}:
                name = reference.rpartition("/")[2]
                if name not in _NOT_SHOWN:
                    yield name, None, path
            case {"properties": _}:
                yield path, choice, path
            case {"items": dict(items)}:
                yield from _mappings(items, f"{path}[]")
            case {"additionalProperties": dict(items)}:
                yield from _mappings(items, f"{path}.NAME")
            case _:
                pass


def _anchor(title: str) -> str:
    """The anchor that GitHub and GitLab give to a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _shown(section: Section, sections: Mapping[str, Section]) -> str:
    columns = ["key", "value", "default", *(["a change"] if section.method else []), "meaning"]
    rows = [columns, ["---"] * len(columns)]
    for key, inner in section.schema["properties"].items():
        change = [_CHANGES[section.method.class_of(key)]] if section.method else []
        rows.append(
            [f"`{key}`", _values(inner, sections), _default(key, section.schema), *change, inner.get("description", "")]
        )
    table = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    about = section.schema.get("description")
    return "\n".join([f"## {section.title}", "", *([about, ""] if about else []), *table, ""])


def _default(key: str, schema: Schema) -> str:
    if key in schema.get("required", ()):
        return "required"
    if {"required": [key]} in schema.get("oneOf", ()):
        return "*one of these*"
    if {"required": [key]} in schema.get("anyOf", ()):
        return "*at least one*"
    inner = schema["properties"][key]
    given = inner.get("default")
    if given in (None, ""):
        return ""
    if isinstance(given, float):
        return f"`{_typed(given) if _DURATION in inner.get('anyOf', ()) else f'{given:g}'}`"
    return f"`{given if isinstance(given, str) else json.dumps(given)}`"


def _typed(seconds: float) -> str:
    """A duration as it is written in a manifest: `2m30s`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{count:g}{unit}" for count, unit in parts if count) or "0s"


# -- values ------------------------------------------------------------------------------------------------------------

_DURATION = TypeAdapter(Duration).json_schema()["anyOf"][1]
_PATTERNS = {
    TypeAdapter(Url).json_schema()["pattern"]: "a URL",
    URL_SCHEMA["pattern"]: "a URL",
    _DURATION["pattern"]: "a duration",
    ENV_NAME: "the name of an environment variable",
    DIGITS: "digits",
    ADDRESS: "an address",
}


def _values(schema: Schema, sections: Mapping[str, Section]) -> str:
    """What may be written for a key: `a URL, or a mapping`."""
    choices = [choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"]
    texts = [choice for choice in choices if choice.get("type") == "string" and not {"enum", "const"} & set(choice)]
    if texts:  # an unquoted number is text too
        choices = [choice for choice in choices if choice.get("type") not in ("number", "integer")]
    words = (_words(choice, sections) for choice in choices)
    return ", or ".join(dict.fromkeys(word for word in words if word))


def _words(choice: Schema, sections: Mapping[str, Section]) -> str:
    match choice:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            if name == "Reference":
                return ""
            return _IN_WORDS.get(name) or sections[name].link
        case {"const": only}:
            return f"`{only}`"
        case {"enum": list(allowed)}:
            return " or ".join(f"`{each}`" for each in allowed)
        case {"items": items}:
            return f"a list of {_values(items, sections)}"
        case {"properties": properties}:
            return f"entries with {' and '.join(f'`{key}`' for key in properties)}"
        case {"additionalProperties": dict(items), "propertyNames": {"enum": list(names)}}:
            return f"a mapping of {', '.join(f'`{name}`' for name in names)}: {_values(items, sections)}"
        case {"additionalProperties": dict(items), "propertyNames": {"const": only}}:
            return f"a mapping of `{only}`: {_values(items, sections)}"
        case {"additionalProperties": dict(items)}:
            return f"a mapping of names to {_values(items, sections)}"
        case {"type": "string", "pattern": str(pattern)} if pattern in _PATTERNS:
            return _PATTERNS[pattern]
        case {"type": str(kind)}:
            return _plain(kind) + _limits(choice)
        case {"type": list(kinds)}:
            return ", or ".join(map(_plain, kinds))
        case _:
            return "a mapping"


def _plain(kind: str) -> str:
    words = {"string": "text", "number": "a number", "integer": "a whole number", "boolean": "`true` or `false`"}
    return words.get(kind, "a mapping")


def _limits(choice: Schema) -> str:
    longest, least, most = choice.get("maxLength"), choice.get("minimum"), choice.get("maximum")
    if longest is not None:
        shortest = choice.get("minLength", 0)
        return f" of {shortest} to {longest:,} characters" if shortest > 1 else f", at most {longest:,} characters"
    above = choice.get("exclusiveMinimum")
    low = f" from {least:,}" if least is not None else f" above {above:,}" if above is not None else ""
    return low + (f" to {most:,}" if most is not None else "")

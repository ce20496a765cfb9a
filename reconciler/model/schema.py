"""The JSON Schema of the manifest, generated from the models.

The schema is for editors: it accepts whatever the loader accepts in one file. Checks that need other files or the
environment (is this provider declared?) are made by `voicectl validate` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from reconciler.model.address import ADDRESS, KEY, NAME
from reconciler.model.cloud_types import known
from reconciler.model.input_variable import VARIABLE, InputVariable
from reconciler.model.manifest import AudioEntry, Entry, Safety
from reconciler.model.method import MethodInputs
from reconciler.model.methods import AUDIO_METHOD, METHOD_NAMES, models_under
from reconciler.model.output_files import OUTPUTS_SCHEMA, OutputFile
from reconciler.model.policy import Rule
from reconciler.model.scalars import DIGITS
from reconciler.model.state_settings import URL_SCHEMA, Encryption, EncryptionKey, StateSettings

Schema = dict[str, Any]  # JSON

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = {"$ref": "#/$defs/Reference"}
_FOR_EACH = "for_each"
_PART = "Part"  # the suffix of a body's schema without required keys
_ANY_TEXT = ({"type": "string"}, {"type": "string", "minLength": 1})
_ANNOTATIONS = frozenset(("title", "description", "default", "examples"))  # keywords that describe a whole value
_METHOD_WORDS = {
    "create": "Make the voice from a sample.",
    "clone": "Clone the voice from a sample.",
    "preset": "Use an official voice, which exists, never created or deleted.",
    AUDIO_METHOD: "Generate the sound.",
    "existing": "Manage a voice that was made elsewhere: deleted once it leaves the manifest, never created.",
}


def manifest_schema() -> Schema:
    """The schema of one manifest file: draft 2020-12."""
    definitions = _definitions()
    definitions["Voice"] = _voice(definitions)
    definitions["Sound"] = _sound(definitions)
    part = _add_partials(definitions)
    definitions["VoiceOverDefaults"] = part | {"oneOf": definitions["Voice"]["oneOf"]}
    definitions["Defaults"] = part | {
        "title": "Defaults",
        "description": "Merged under each voice of this file. A method's defaults count for the voices made by it.",
        "properties": {key: schema for key, schema in part["properties"].items() if key != _FOR_EACH},
    }
    definitions["ForEach"] = _for_each()
    definitions["Reference"] = {
        "title": "Reference",
        "description": "Replaced by the value of an environment variable, of a variable, or of an instance.",
        "type": "string",
        "pattern": r"\$\{(env|var|each):[A-Za-z_][A-Za-z0-9_.-]*\}",
    }
    return {
        "$schema": DIALECT,
        "$id": "urn:voicectl:schema:manifest:1",  # 1: the version of the manifest's format
        "title": "voicectl manifest",
        "description": "The voices that should exist, and the accounts they live in.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "version": _value({"description": "Of the manifest's format.", "const": 1, "default": 1}),
            "state": {
                "title": "State",
                "description": "Where the state is stored: a URL or a mapping; beside the manifest unless said.",
                "anyOf": [dict(URL_SCHEMA), _REFERENCE, _reference(StateSettings)],
            },
            "include": {
                "title": "Include",
                "description": "Files with variables, defaults, voices and audio, relative to this file.",
                "type": "array",
                "items": {"type": "string", "minLength": 1},
            },
            "variables": {
                "title": "Variables",
                "description": "What `${var:NAME}` may name.",
                "type": "object",
                "propertyNames": {"pattern": VARIABLE},
                "additionalProperties": {"anyOf": [_reference(InputVariable), {"type": "null"}]},
            },
            "values": {
                "title": "Values",
                "description": "The values of variables; --var, --var-file and VOICECTL_VAR_NAME are stronger.",
                "type": "object",
                "propertyNames": {"pattern": VARIABLE},
                "additionalProperties": {"type": ["string", "number", "boolean"]},
            },
            "providers": {
                "title": "Providers",
                "description": "The accounts, each under a name of its own.",
                "type": "object",
                "propertyNames": {"pattern": NAME},
                "additionalProperties": _any_of([_reference(cloud.account) for cloud in known()]),
            },
            "voices": {
                "title": "Voices",
                "description": "The voices by address, which is unique whatever its case, and stable.",
                "type": "object",
                "propertyNames": {"pattern": NAME},
            },
            "audio": {
                "title": "Audio",
                "description": "Generated sounds by name; the address of each is `audio.` and its name.",
                "type": "object",
                "propertyNames": {"pattern": NAME},
                "additionalProperties": {"$ref": "#/$defs/Sound"},
            },
            "defaults": {"description": "What the voices have in common.", "$ref": "#/$defs/Defaults"},
            "moved": {
                "title": "Moved",
                "description": "Entries that got another address: their voices stay. Good for ever once applied.",
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["from", "to"],
                    "additionalProperties": False,
                    "properties": {
                        "from": {"description": "The former address.", "type": "string", "pattern": ADDRESS},
                        "to": {"description": "The address now.", "type": "string", "pattern": ADDRESS},
                    },
                },
            },
            "removed": {
                "title": "Removed",
                "description": "Entries that are no longer declared, and what becomes of their voices.",
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["address"],
                    "additionalProperties": False,
                    "properties": {
                        "address": {"description": "The former address.", "type": "string", "pattern": ADDRESS},
                        "destroy": {
                            "description": "Whether to delete the voice, or to leave it in its account.",
                            "type": "boolean",
                            "default": True,
                        },
                    },
                },
            },
            "outputs": OUTPUTS_SCHEMA,
            "policy": {
                "title": "Policy",
                "description": "What is asked of entries and plans.",
                "type": "array",
                "items": _reference(Rule),
            },
            "safety": {"description": "How much a plan may change without an explicit option."} | _reference(Safety),
        },
        "patternProperties": {"^x-": {"description": "Yours: a place for anchors, not read otherwise."}},
        "if": {"required": ["defaults"]},
        "then": _voices_property("VoiceOverDefaults"),
        "else": _voices_property("Voice"),
        "$defs": dict(sorted(definitions.items())),
    }


def _definitions() -> dict[str, Schema]:
    """Model name -> its schema, for every model."""
    bodies = [body for cloud in known() for body in cloud.methods.values()]
    models: list[type[BaseModel]] = [
        *(cloud.account for cloud in known()),
        *bodies,
        Entry,
        AudioEntry,
        OutputFile,
        Safety,
        StateSettings,
        InputVariable,
        Rule,
    ]
    _, made = models_json_schema([(model, "validation") for model in models], ref_template="#/$defs/{model}")
    definitions = {name: _as_written(schema) for name, schema in made["$defs"].items()}
    for body in bodies:
        one_of = _alternatives(body)
        if one_of:
            definitions[body.__name__]["oneOf"] = one_of
    keys = [{"required": [name]} for name in EncryptionKey.model_fields]
    definitions[EncryptionKey.__name__]["oneOf"] = keys
    definitions[Encryption.__name__]["anyOf"] = keys
    return definitions


def _voice(definitions: dict[str, Schema]) -> Schema:
    """The schema of an entry, with the schemas of the methods' bodies."""
    entry = definitions.pop("Entry")
    methods = _methods()
    kept = {name: schema for name, schema in entry["properties"].items() if name not in METHOD_NAMES}
    return entry | {
        "title": "Voice",
        "description": "One voice: its provider, and exactly one way in which it comes to be.",
        "properties": kept | methods | _instances_of(entry),
        "oneOf": [{"required": [name]} for name in methods],
    }


def _sound(definitions: dict[str, Schema]) -> Schema:
    """The schema of an entry of `audio:`; `defaults` are not merged into it."""
    entry = definitions.pop("AudioEntry")
    return entry | {
        "title": "Sound",
        "description": "One generated sound: its provider, and the task that makes it.",
        "properties": entry["properties"] | _methods(names=(AUDIO_METHOD,)) | _instances_of(entry),
        "required": [*entry["required"], AUDIO_METHOD],
    }


def _instances_of(entry: Schema) -> Schema:
    return {_FOR_EACH: {"description": entry["properties"][_FOR_EACH]["description"], "$ref": "#/$defs/ForEach"}}


def _for_each() -> Schema:
    """The keys of an entry's instances: a list, or a mapping of each key to its value."""
    key: Schema = {"type": "string", "pattern": KEY}
    items: Schema = {"anyOf": [key, {"type": "number", "minimum": 0}, {"type": "boolean"}, _REFERENCE]}
    return {
        "title": "For each",
        "description": "A list of keys, or a mapping of keys to values.",
        "anyOf": [{"type": "array", "items": items}, {"type": "object", "propertyNames": {"pattern": KEY}}],
    }


def _methods(suffix: str = "", *, names: Iterable[str] = METHOD_NAMES) -> dict[str, Schema]:
    """Method keyword -> the schema of its body, for these methods of any cloud."""
    bodies = {name: list(models_under(name).values()) for name in names}
    return {
        name: {"description": _METHOD_WORDS[name]} | _any_of([_reference(body, suffix) for body in found])
        for name, found in bodies.items()
        if found
    }


def _alternatives(body: type[MethodInputs]) -> list[Schema]:
    """The optional keys of which the body needs exactly one. Found by calling the body's `fault` for each key."""
    required = [name for name, field in body.model_fields.items() if field.is_required()]
    if body.fault(required) is None:
        return []
    optional = [name for name in body.model_fields if name not in required]
    return [{"required": [name]} for name in optional if body.fault([*required, name]) is None]


def _add_partials(definitions: dict[str, Schema]) -> Schema:
    """The voice's schema without required keys, for manifests with defaults; adds such schemas of the bodies too."""
    for cloud in known():
        for body in cloud.methods.values():
            definitions[f"{body.__name__}{_PART}"] = _partial(definitions[body.__name__])
    voice = _partial(definitions["Voice"])
    return voice | {"properties": voice["properties"] | _methods(suffix=_PART)}


def _partial(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in ("required", "oneOf")}


def _voices_property(name: str) -> Schema:
    return {"properties": {"voices": {"additionalProperties": {"$ref": f"#/$defs/{name}"}}}}


def _reference(model: type[BaseModel], suffix: str = "") -> Schema:
    return {"$ref": f"#/$defs/{model.__name__}{suffix}"}


def _any_of(choices: list[Schema]) -> Schema:
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _as_written(schema: Schema) -> Schema:
    """The schema for YAML as written: a value may be a variable, and text may be unquoted."""
    written = dict(schema)
    if "properties" in written:
        written["properties"] = {name: _value(inner) for name, inner in written["properties"].items()}
    return written


def _value(schema: Schema) -> Schema:
    outer = {key: value for key, value in schema.items() if key in _ANNOTATIONS}
    if not isinstance(outer.get("default"), (str, int, float)):
        outer.pop("default", None)  # an empty default is no use for completion
    inner = {key: value for key, value in schema.items() if key not in _ANNOTATIONS}
    for key in ("items", "additionalProperties"):
        if isinstance(inner.get(key), dict):
            inner[key] = _value(inner[key])
    choices = [choice for option in inner.get("anyOf", [inner]) for choice in _choices(option)]
    if any(choice not in _ANY_TEXT and _is_scalar(choice) for choice in choices):
        choices.append(_REFERENCE)
    return outer | _any_of(choices)


def _choices(schema: Schema) -> list[Schema]:
    """All the ways in YAML to write a value of this schema."""
    if "anyOf" in schema:
        return [choice for option in schema["anyOf"] for choice in _choices(option)]
    unquoted = schema.get("type") == "string" and not {"enum", "const"} & set(schema)
    if unquoted and schema.get("pattern") in (None, DIGITS):
        return [schema, {"type": "integer", "minimum": 0} if "pattern" in schema else {"type": "number"}]
    return [schema]


def _is_scalar(schema: Schema) -> bool:
    return schema.get("type") in ("string", "number", "integer", "boolean") or bool({"enum", "const"} & set(schema))

"""JSON Schemas of the documents `plan --json` and `apply --json`, and of the state file.

The first two accept keys that they do not name, as a reader does: a later minor version may add some.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from reconciler.model.events import Kind, Tally
from reconciler.model.finding import Level
from reconciler.model.plan import Action, DriftKind
from reconciler.model.state import STATE_VERSION, State
from reconciler.views.json_documents import COMPATIBILITY, EVENT_VERSION, PLAN_VERSION

Schema = dict[str, Any]  # a JSON Schema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_HINT: Schema = {
    "hint": {**_TEXT, "description": "What to do about it, for people; its words may change."},
    "commands": {
        "type": "array",
        "items": _TEXT,
        "description": "The commands of the hint, quoted for a shell; a person takes one of the ways.",
    },
}
_INPUTS: Schema = {"type": ["object", "null"], "description": "Inputs without secrets, and the voice_id."}


def plan_schema() -> Schema:
    """The schema of the document that `json_documents.plan_document` makes."""
    actions = [str(action) for action in Action]
    document = _object(
        {
            **_version(PLAN_VERSION),
            "plan_id": _TEXT,
            "lineage": {**_TEXT, "description": "Of the state that the plan came from."},
            "serial": {**_COUNT, "description": "Of the state that the plan came from."},
            "summary": _object(dict.fromkeys(actions, _COUNT), "How many addresses meet each verdict; zeros too."),
            "changes": {"type": "array", "items": {"$ref": "#/$defs/change"}, "description": "Without no-ops."},
            "drift": {"type": "array", "items": {"$ref": "#/$defs/drift"}},
            "calls": _object(
                {action: {"$ref": "#/$defs/calls"} for action in actions},
                "What each action costs; polls and lists aside.",
            ),
            "candidates": {
                "type": "array",
                "items": {"$ref": "#/$defs/candidate"},
                "description": "Voices that were made for review, and wait for accept or reject; absent if none does.",
            },
            "cost": {"$ref": "#/$defs/cost", "description": "What the plan costs, as far as it is known."},
            "policy": {
                "type": "array",
                "items": {"$ref": "#/$defs/finding"},
                "description": "What the rules of the manifest and the limits of the command line found.",
            },
        },
        _described("What voicectl plan --json prints."),
        optional=("candidates", "cost", "policy"),
    )
    definitions = {
        "change": _object(
            {
                "address": _TEXT,
                "provider": _TEXT,
                "action": {"enum": [action for action in actions if action != Action.NO_OP]},
                "from": {**_TEXT, "description": "Of a move only: the address that the voice had."},
                "reason": {**_TEXT, "description": "For people; its words may change."},
                "before": _INPUTS,
                "after": _INPUTS,
                "fields": _FIELDS,
                "for_review": {"const": True, "description": "Its voice is made beside the current one, for review."},
                **_HINT,
            },
            optional=("from", "for_review", "hint", "commands"),
        ),
        "candidate": _object(
            {
                "address": _TEXT,
                "provider": _TEXT,
                "external_task_id": _TEXT,
                "voice_id": _TEXT_OR_NULL,
                "current_voice_id": _TEXT_OR_NULL,
                "declared": {"type": "boolean", "description": "Whether the entry declares its inputs now."},
                "before": _INPUTS,
                "after": _INPUTS,
                "fields": _FIELDS,
            },
            "A voice that waits for review. before: the inputs of the current voice.",
        ),
        "drift": _object(
            {
                "address": _TEXT,
                "provider": _TEXT,
                "kind": {"enum": [str(kind) for kind in DriftKind]},
                "fields": _FIELDS,
            },
            "The cloud differs from the state.",
        ),
        "field": _object({"name": _TEXT, "before": {}, "after": {}}, "One difference; null where there was nothing."),
        "calls": _object({"calls": _COUNT, "paid": _COUNT}),
        "cost": _object(
            {
                "seconds": {"type": "number", "description": "The least time of the calls, at the accounts' rates."},
                "known": {"type": "array", "items": _object({"amount": _TEXT, "currency": _TEXT})},
                "paid_calls_of_unknown_price": {**_COUNT, "description": "They are not in known."},
                "sources": {"type": "array", "items": _TEXT, "description": "Where the prices come from."},
            }
        ),
        "finding": _object(
            {
                "rule": _TEXT,
                "level": {"enum": [str(level) for level in Level]},
                "address": {"type": ["string", "null"], "description": "null: about the plan as a whole."},
                "message": {**_TEXT, "description": "For people; its words may change."},
            }
        ),
    }
    return {
        "$schema": _DIALECT,
        "$id": _id("plan", PLAN_VERSION),
        "title": "voicectl plan",
        **document,
        "$defs": definitions,
    }


def event_schema() -> Schema:
    """The schema of the documents that `json_documents.event_document` makes."""
    counts: Schema = dict.fromkeys(Tally.model_fields, _COUNT) | {
        "seconds": {"type": "number", "minimum": 0},
        "charges": {
            "type": "object",
            "description": "Provider -> what its cloud says that it took, such as 0.1 units.",
        },
    }
    kinds = ", ".join(Kind)
    document = _object(
        {
            **_version(EVENT_VERSION),
            "sequence": {
                "type": "integer",
                "minimum": 1,
                "description": "1 for the first event of a run, then 2, 3, ...",
            },
            "type": {**_TEXT, "description": f"What happened: {kinds}. Readers ignore other types."},
            "address": _TEXT,
            "action": {**_TEXT, "description": "As in the plan."},
            "provider": _TEXT,
            "voice_id": _TEXT,
            "detail": {**_TEXT, "description": "For people; its words may change."},
            **_HINT,
            **counts,
        },
        _described("An event of a run: one line of JSON. The last event of a run is a summary."),
        optional=("address", "action", "provider", "voice_id", "detail", *_HINT, *counts),
    )
    return {
        "$schema": _DIALECT,
        "$id": _id("event", EVENT_VERSION),
        "title": "voicectl event",
        **document,
        "if": {"properties": {"type": {"const": str(Kind.SUMMARY)}}},
        "then": {"required": list(counts)},
    }


def state_schema() -> Schema:
    """The schema of a state file: the State, and the version of its format."""
    made = State.model_json_schema()
    made["properties"] = {"version": {"const": STATE_VERSION}, **made["properties"]}
    made["required"] = ["version", *made["required"]]
    return {
        "$schema": _DIALECT,
        "$id": f"urn:voicectl:schema:state:{STATE_VERSION}",
        **made,
        "title": "voicectl state",
    }


def _described(words: str) -> str:
    return f"{words} Readers ignore keys that they do not know."


def _id(document: str, version: tuple[int, int]) -> str:
    return f"urn:voicectl:schema:{document}:{version[0]}"


def _version(version: tuple[int, int]) -> Schema:
    minor = {**_COUNT, "description": "Grows when keys or types of events are added."}
    return {"format_version": {"const": version[0], "description": COMPATIBILITY}, "format_minor": minor}


_FIELDS: Schema = {"type": "array", "items": {"$ref": "#/$defs/field"}}


def _object(properties: Schema, description: str = "", *, optional: Collection[str] = ()) -> Schema:
    """An object with these keys; the `optional` ones may be missing."""
    fields = {"description": description} if description else {}
    return fields | {
        "type": "object",
        "properties": properties,
        "required": [key for key in properties if key not in optional],
    }

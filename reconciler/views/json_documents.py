"""JSON documents for programs. Their keys are a promise, which format_version counts: see COMPATIBILITY.

Values are whole and unescaped; `dumps` writes what a terminal could stumble over as JSON's own escapes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from reconciler.errors import ManifestError
from reconciler.hints import Hint
from reconciler.model.cost import Cost
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.finding import Finding
from reconciler.model.manifest import AUDIO, Manifest
from reconciler.model.notes import notes
from reconciler.model.outputs import Row
from reconciler.model.plan import Candidate, Change, Drift, FieldChange, Plan
from reconciler.model.state import STATE_VERSION, Record, State
from reconciler.model.survey import Survey
from reconciler.model.voice_list import VoiceList
from reconciler.protocols.backend import Snapshot
from reconciler.values import json_value
from reconciler.views import hints
from reconciler.views.escape import HOSTILE
from reconciler.views.render_options import PLAIN, RenderOptions
from reconciler.views.wrap import HELD

# MAJOR.MINOR of each document. The major version is the number in the name of its schema, too.
PLAN_VERSION = (1, 1)  # major and minor, of `plan --json`, and of `drift --json`, which has some of its keys
EVENT_VERSION = (1, 0)
VALIDATION_VERSION = (1, 0)
COMPATIBILITY = (
    "The major version. It grows when a key is removed or renamed, or changes its meaning; format_minor grows when "
    "keys or types of events are added. Readers ignore keys and types that they do not know, and refuse a major "
    "version that they do not know."
)

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")

Document = dict[str, Any]  # a JSON object


def plan_document(plan: Plan, options: RenderOptions = PLAIN) -> Document:
    """`plan --json`; its schema is schemas/plan.schema.json."""
    judged = {} if plan.cost is None else _judged(plan, plan.cost)
    return {
        **_version(PLAN_VERSION),
        "plan_id": plan.plan_id,
        "lineage": plan.lineage,
        "serial": plan.serial,
        "summary": plan.summary,
        "changes": [_change(change, options) for change in plan.changes],
        "drift": [_drift(found) for found in plan.drift],
        "calls": plan.calls(),
    } | (_waiting(plan) | judged)


def drift_document(plan: Plan, survey: Survey | None = None) -> Document:
    """`drift --json`. Without a state, its lineage and serial are null, and voices of this manifest are surplus."""
    stateless = survey is not None and survey.stateless
    return {
        **_version(PLAN_VERSION),
        "lineage": None if stateless else plan.lineage,
        "serial": None if stateless else plan.serial,
        "drift": [_drift(found) for found in (*plan.drift, *(survey.drift if survey is not None else ()))],
    }


def event_document(event: Event, sequence: int, options: RenderOptions = PLAIN) -> Document:
    """One line of `apply --json`; its schema is schemas/event.schema.json.

    `sequence` starts at 1; the last event, `summary`, holds all counts, zeros too.
    """
    fields: Document = {**_version(EVENT_VERSION), "sequence": sequence, "type": str(event.kind)}
    named = {
        "address": event.address,
        "action": event.action,
        "provider": event.provider,
        "voice_id": event.voice_id,
        "detail": event.detail,
    }
    fields |= {name: given for name, given in named.items() if given}
    fields |= _ways_on(event.hint, options)
    if event.kind is Kind.SUMMARY:
        fields |= (event.tally or Tally()).model_dump(mode="json")
    return fields


def output_document(rows: Mapping[str, Row]) -> Document:
    """`output --json`: address -> row. `previous_voice_id` is there only while there is one."""
    return {address: _row(row) for address, row in rows.items()}


def _row(row: Row) -> Document:
    fields: Document = json_value(row)
    if fields.get("previous_voice_id") is None:
        fields.pop("previous_voice_id", None)
    return fields


def state_document(state: State) -> Document:
    """`show --json`: the whole state; its schema is schemas/state.schema.json."""
    return {"version": STATE_VERSION} | state.model_dump(mode="json")


def record_document(record: Record) -> Document:
    """`state show --json`."""
    return json_value(record)


def history_document(kept: Sequence[Snapshot]) -> list[Document]:
    """`state history --json`: one row for each snapshot, the newest first."""
    return [{"serial": each.serial, "written_at": each.written_at.isoformat(), "size": each.size} for each in kept]


def state_list_document(state: State) -> list[Document]:
    """`state list --json`: one row for each record; `current`: whether it is the record of its address now."""
    bound = frozenset(state.current.values())
    return [
        {
            "address": record.address,
            "external_task_id": key,
            "voice_id": record.voice_id,
            "provider": record.provider,
            "status": str(record.status),
            "current": key in bound,
        }
        for key, record in state.records.items()
    ]


def voices_document(listed: VoiceList) -> list[Document]:
    """`voices --json`: the voices that an account lists, each with its address or null."""
    return [json_value(voice) | {"address": listed.address(voice)} for voice in listed.voices]


def _judged(plan: Plan, cost: Cost) -> Document:
    """What the checks of a plan add to it: its cost and its findings."""
    return {"cost": _cost(cost), "policy": [_finding(found) for found in plan.findings]}


def _cost(cost: Cost) -> Document:
    return {
        "seconds": round(cost.seconds, 3),
        "known": [{"amount": amount, "currency": currency} for amount, currency in map(str.split, cost.known)],
        "paid_calls_of_unknown_price": cost.unpriced,
        "sources": list(cost.sources),
    }


def _finding(found: Finding) -> Document:
    return {"rule": found.rule, "level": str(found.level), "address": found.address, "message": found.message}


def manifest_document(manifest: Manifest) -> Document:
    """`validate --json` of a valid manifest."""
    sounds = sum(address.startswith(AUDIO) for address in manifest.voices)
    return {
        **_version(VALIDATION_VERSION),
        "valid": True,
        "voices": len(manifest.voices) - sounds,
        "sounds": sounds,
        "providers": len(manifest.providers),
        "problems": [],
        "notes": list(notes(manifest, manifest.voices.values())),
    }


def problems_document(error: ManifestError) -> Document:
    """`validate --json` of an invalid manifest, without counts."""
    return {
        **_version(VALIDATION_VERSION),
        "valid": False,
        "voices": None,
        "sounds": None,
        "providers": None,
        "problems": [asdict(problem) for problem in error.problems],
        "notes": list(error.notes),
    }


def dumps(document: object, *, indent: int | None = 2, ascii_only: bool = False) -> str:
    """Serializes any document as valid JSON. `indent=None`: one line, for events.

    Letters stay letters, except with `ascii_only`; controls, bidi marks and lone surrogates are escaped. There is no
    NaN in JSON: it is null.
    """
    try:
        written = _written(document, indent, ascii_only)
    except ValueError:
        written = _written(_finite(document), indent, ascii_only)
    return HOSTILE.sub(_escaped, written).replace("##[", "#\\u0023[")  # a command in the log of a GitHub job


def ascii_json(written: str) -> str:
    r"""The same JSON with `\u00e9` in place of é: outside of its strings, JSON is ASCII anyway."""
    return _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], written)


def _version(version: tuple[int, int]) -> Document:
    return {"format_version": version[0], "format_minor": version[1]}


def _written(document: object, indent: int | None, ascii_only: bool) -> str:
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(document, ensure_ascii=ascii_only, allow_nan=False, indent=indent, separators=separators)


def _finite(given: object) -> object:
    match given:
        case float():
            return given if math.isfinite(given) else None
        case dict():
            return {key: _finite(inner) for key, inner in given.items()}
        case list() | tuple():
            return [_finite(inner) for inner in given]
        case _:
            return given


def _escaped(found: re.Match[str]) -> str:
    if found[0] == "\n":
        return "\n"  # layout: inside a string json.dumps has escaped it
    return json.dumps(found[0])[1:-1] if found[0] != "\x7f" else "\\u007f"


def _change(change: Change, options: RenderOptions) -> Document:
    return {
        "address": change.address,
        "provider": change.provider,
        "action": str(change.action),
        **({"from": change.source} if change.source is not None else {}),
        "reason": change.reason,
        "before": change.before,
        "after": change.after,
        "fields": [_field(field) for field in change.fields],
        **({"for_review": True} if change.candidate else {}),
        **_ways_on(change.hint, options),
    }


def _waiting(plan: Plan) -> Document:
    return {"candidates": [_candidate(each) for each in plan.candidates]} if plan.candidates else {}


def _candidate(waiting: Candidate) -> Document:
    return {
        "address": waiting.address,
        "provider": waiting.provider,
        "external_task_id": waiting.key,
        "voice_id": waiting.voice_id,
        "current_voice_id": waiting.current_voice_id,
        "declared": waiting.declared,
        "before": waiting.before,
        "after": waiting.after,
        "fields": [_field(field) for field in waiting.fields],
    }


def _ways_on(hint: Hint, options: RenderOptions) -> Document:
    """The keys `hint` and `commands`, with whole commands. Without a hint there is neither key."""
    if not hint:
        return {}
    commands = [hints.command_line(command, options) for command in hint.commands]
    return {
        "hint": hints.on_one_line(hint, options).replace(HELD, " "),
        "commands": [command.replace(HELD, " ") for command in commands],
    }


def _drift(found: Drift) -> Document:
    return {
        "address": found.address,
        "provider": found.provider,
        "kind": str(found.kind),
        "fields": [_field(field) for field in found.fields],
    }


def _field(field: FieldChange) -> Document:
    return {"name": field.name, "before": field.before, "after": field.after}

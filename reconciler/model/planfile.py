"""A saved plan <-> bytes. A plan file holds no secrets: apply reads them from the manifest."""

from __future__ import annotations

import json
from functools import cache

from pydantic import TypeAdapter, ValidationError

from reconciler.errors import PlanUnreadable
from reconciler.hints import hint, way
from reconciler.model.plan import PLAN_FORMAT, Plan

_KIND = "voicectl plan"
MAKE_ANOTHER = hint(way("Make a new one", "plan --out FILE"))


def dump(plan: Plan) -> bytes:
    """The plan as the bytes of a plan file."""
    body = _adapter().dump_python(plan, mode="json", exclude_defaults=True)
    for change in body.get("changes", ()):
        for seen in (change.get("made"), change.get("found")):
            if seen is not None:
                seen.pop("charge", None)
                seen.pop("url", None)  # anyone with a sound's URL can open it; apply reads it again
    head = {"kind": _KIND, "format_version": PLAN_FORMAT}
    return (json.dumps(head | {"plan": body}, ensure_ascii=True, indent=1) + "\n").encode()


def load(data: bytes) -> Plan:
    """The plan in a plan file. Raises PlanUnreadable, also for the output of `plan --json`, which can't be applied."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise PlanUnreadable("It is not a plan that voicectl saved.", MAKE_ANOTHER) from None
    if not isinstance(document, dict) or document.get("kind") != _KIND:
        raise PlanUnreadable(
            "The file was not saved by plan --out. The output of plan --json can't be applied.", MAKE_ANOTHER
        )
    if document.get("format_version") != PLAN_FORMAT:
        raise PlanUnreadable(
            f"It has format {document.get('format_version')}, and this voicectl reads {PLAN_FORMAT}.", MAKE_ANOTHER
        )
    try:
        return _adapter().validate_json(json.dumps(document.get("plan")))
    except ValidationError:
        raise PlanUnreadable("It is damaged.", MAKE_ANOTHER) from None


@cache
def _adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)

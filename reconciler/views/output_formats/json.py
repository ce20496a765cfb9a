"""JSON for applications: address -> fields, as `output --json` writes them, without the status."""

from __future__ import annotations

import json
from collections.abc import Mapping

from reconciler.model.outputs import Row
from reconciler.views.json_documents import dumps
from reconciler.views.output_formats.fields import without_no_previous


def render(rows: Mapping[str, Row]) -> str:
    return dumps({address: without_no_previous(row) for address, row in rows.items()}) + "\n"


def faults(rows: Mapping[str, Row]) -> dict[str, str]:  # noqa: ARG001 - a RowsFormat's
    return {}


def recognises(text: str) -> bool:
    """Whether voicectl wrote this JSON: only entries with an id and a provider."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and all(
        isinstance(entry, dict) and "provider" in entry and not {"voice_id", "url"}.isdisjoint(entry)
        for entry in document.values()
    )

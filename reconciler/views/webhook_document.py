"""The body of a webhook of `voicectl watch`, and its JSON Schema."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from reconciler.model.redactor import Redactor
from reconciler.model.watch import WatchEvent, WatchKind
from reconciler.views.escape import escape

Document = dict[str, Any]  # JSON

TYPES = {
    WatchKind.DRIFTED: "voicectl.drift",
    WatchKind.APPLY_FAILED: "voicectl.apply_failed",
    WatchKind.REFUSED: "voicectl.apply_refused",
    WatchKind.RECOVERED: "voicectl.recovered",
}
MOST_ADDRESSES = 100  # in one body: Standard Webhooks recommends less than 20 kB
LONGEST_MESSAGE = 2000  # characters


def webhook_document(event: WatchEvent, redact: Redactor) -> Document:
    """The document about an event of `TYPES`. `redact` removes secrets from its message."""
    return {
        "type": TYPES[event.kind],
        "timestamp": event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": {
            "manifest": escape(event.manifest),
            "message": redact(event.message, limit=LONGEST_MESSAGE),
            "provider": escape(event.provider) or None,
            "counts": {escape(key): count for key, count in sorted((event.counts or {}).items())},
            "addresses": [escape(address) for address in event.addresses[:MOST_ADDRESSES]],
            "address_count": len(event.addresses),
        },
    }


def webhook_schema() -> Document:
    """The schema of the documents that `webhook_document` makes. They may get more keys in a later version."""
    text: Document = {"type": "string"}
    count: Document = {"type": "integer", "minimum": 0}
    data = {
        "manifest": {**text, "description": "The path of the manifest."},
        "message": {**text, "maxLength": LONGEST_MESSAGE, "description": "For people; its words may change."},
        "provider": {"type": ["string", "null"], "description": "The account that the event is about, if it is one."},
        "counts": {
            "type": "object",
            "additionalProperties": count,
            "description": "How many voices: by the kind of their drift, or by their action.",
        },
        "addresses": {
            "type": "array",
            "items": text,
            "maxItems": MOST_ADDRESSES,
            "description": "The voices that the event is about, or the first of them.",
        },
        "address_count": {**count, "description": "How many voices the event is about."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:voicectl:schema:webhook:1",
        "title": "voicectl webhook",
        "description": "The body of a webhook that watch sends. Its headers are those of Standard Webhooks.",
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"enum": sorted(TYPES.values())},
            "timestamp": {**text, "format": "date-time", "description": "When it happened, in UTC."},
            "data": {"type": "object", "required": list(data), "properties": data},
        },
    }

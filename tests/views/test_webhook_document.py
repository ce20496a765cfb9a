"""The body of a webhook: valid by its schema, small, and without secrets."""

from __future__ import annotations

import json

import jsonschema
import pytest

from reconciler.model.redactor import Redactor
from reconciler.model.watch import WatchEvent, WatchKind
from reconciler.views import json_documents
from reconciler.views.webhook_document import TYPES, Document, webhook_document, webhook_schema
from tests.watch.statuses import AT, event


def documented(told: WatchEvent) -> Document:
    document = webhook_document(told, Redactor(lambda: ("sk-live-0123456789",)))
    jsonschema.validate(document, webhook_schema(), jsonschema.Draft202012Validator)
    return document


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_each_type_is_valid_by_the_schema(kind: WatchKind) -> None:
    assert documented(event(kind))["type"] == TYPES[kind]


def test_a_large_drift_stays_small() -> None:
    addresses = tuple(f"voice-{number:057}" for number in range(5000))
    document = documented(event(WatchKind.DRIFTED, message="x" * 9000, addresses=addresses, counts={"gone": 5000}))
    assert document["data"]["address_count"] == 5000
    assert document["data"]["addresses"] == list(addresses[:100])
    assert len(json.dumps(document)) < 20_000


def test_a_secret_in_a_message_is_redacted() -> None:
    message = "GET https://cdn.example.com/a.mp3?sig=S3CRET failed, key sk-live-0123456789"
    text = json.dumps(documented(event(WatchKind.APPLY_FAILED, message=message)))
    assert "S3CRET" not in text
    assert "0123456789" not in text


def test_hostile_text_becomes_plain_ascii_json() -> None:
    told = WatchEvent(WatchKind.DRIFTED, AT, "a\udce9\u202e.yaml", message="\x1b[2J\ud800", provider="k\n")
    written = json_documents.dumps(documented(told), indent=None, ascii_only=True)
    read = json.loads(written.encode("ascii"))
    assert read["data"]["manifest"] == "a\\udce9\\u202e.yaml"
    assert read["data"]["provider"] == "k\\n"
    assert "\x1b" not in read["data"]["message"]

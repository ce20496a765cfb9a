"""Events and statuses for the tests of what shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.model.watch import WatchEvent, WatchKind, WatchStatus

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EMPTY = WatchStatus(manifest="voices.yaml", voices={}, drift={}, changes={}, calls={}, refusals={})
GOOD = replace(EMPTY, last_look=AT, last_good_look=AT)


def event(
    kind: WatchKind,
    manifest: str = "voices.yaml",
    *,
    at: datetime = AT,
    message: str = "",
    addresses: tuple[str, ...] = (),
    counts: Mapping[str, int] | None = None,
    fingerprint: str = "",
) -> WatchEvent:
    return WatchEvent(kind, at, manifest, message=message, addresses=addresses, counts=counts, fingerprint=fingerprint)

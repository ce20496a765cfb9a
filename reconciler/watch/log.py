"""One line for each event of a watch: words for a terminal, JSON for containers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.views.escape import escape

if TYPE_CHECKING:
    from reconciler.model.watch import WatchEvent, WatchStatus


def text_line(event: WatchEvent) -> str:
    """`2026-01-02T03:04:05Z games.yaml drifted: not as declared: 1 gone (hero)`."""
    moment = event.at.isoformat(timespec="seconds").replace("+00:00", "Z")
    about = f" {event.provider}" if event.provider else ""
    named = f" ({', '.join(event.addresses)})" if event.addresses else ""
    return escape(f"{moment} {event.manifest} {str(event.kind).replace('_', ' ')}{about}: {event.message}{named}")


def json_line(event: WatchEvent) -> str:
    """The event as one line of JSON in ASCII. Fields without a value are left out."""
    fields = {
        "at": event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "event": str(event.kind),
        "manifest": event.manifest,
        "message": event.message,
        "provider": event.provider,
        "addresses": list(event.addresses),
        "counts": dict(event.counts or {}),
        "fingerprint": event.fingerprint,
    }
    return json.dumps({name: given for name, given in fields.items() if given})


class Log:
    """Writes a line for each event. If nobody reads the lines any more, the watch goes on."""

    def __init__(self, write: Callable[[str], object], line: Callable[[WatchEvent], str]) -> None:
        self._write = write
        self._line = line

    def __call__(self, event: WatchEvent, status: WatchStatus) -> None:  # noqa: ARG002 - the signature of a listener
        self._write(self._line(event))

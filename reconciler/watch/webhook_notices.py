"""Which events become a webhook: each trouble once, and its end.

The memory of it is bounded, and lasts as long as the process: after a restart, a trouble that still exists is sent
once more.
"""

from __future__ import annotations

from collections import OrderedDict

from reconciler.model.watch import WatchEvent, WatchKind

MOST_OPEN = 256  # troubles of one manifest that are remembered; the oldest are forgotten first
_TROUBLES = (WatchKind.DRIFTED, WatchKind.APPLY_FAILED, WatchKind.REFUSED)


class Notices:
    """The troubles that were reported and have not ended. Not for several threads at once."""

    def __init__(self) -> None:
        self._open: dict[str, OrderedDict[str, None]] = {}  # manifest -> the keys of its troubles, the oldest first

    def is_due(self, event: WatchEvent) -> bool:
        """Whether this event must be sent. Remembers that it was."""
        if event.kind is WatchKind.RECOVERED:
            return bool(self._open.pop(event.manifest, None))
        if event.kind not in _TROUBLES:
            return False
        known = self._open.setdefault(event.manifest, OrderedDict())
        key = _key(event)
        if key in known:
            return False
        known[key] = None
        if len(known) > MOST_OPEN:
            known.popitem(last=False)
        return True

    def forget(self, event: WatchEvent) -> None:
        """The webhook about this event was lost: if the event comes again, it is due again."""
        known = self._open.get(event.manifest)
        if known is not None and event.kind in _TROUBLES:
            known.pop(_key(event), None)


def _key(event: WatchEvent) -> str:
    return f"{event.kind} {event.fingerprint or (event.message, event.addresses)}"

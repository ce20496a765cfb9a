"""What is not as declared, so that one look can be compared with the next. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from reconciler.model.plan import Action, Plan

Differences = frozenset[tuple[str, str]]  # (drift kind or action, address)


def differences(plan: Plan, unread: Collection[str]) -> Differences:
    """The drift and the changes of a plan. Of providers that could not be read, nothing is known."""
    drift = {(str(each.kind), each.address) for each in plan.drift}
    changes = {
        (str(change.action), change.address)
        for change in plan.changes
        if change.action is not Action.BLOCKED or change.provider not in unread
    }
    return frozenset(drift | changes)


def counted(found: Iterable[tuple[str, str]]) -> Mapping[str, int]:
    """Drift kind or action -> how many."""
    return dict(sorted(Counter(kind for kind, _ in found).items()))


def addresses(found: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted({address for _, address in found if address}))


def said(counts: Mapping[str, int]) -> str:
    """The counts for a sentence: `1 create, 2 gone`."""
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def fingerprint(*parts: object) -> str:
    """The same text for the same parts."""
    return hashlib.sha256(json.dumps([_plain(part) for part in parts]).encode()).hexdigest()[:16]


def _plain(part: object) -> object:
    return sorted(map(list, part)) if isinstance(part, frozenset) else str(part)

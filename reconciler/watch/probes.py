"""Decides what /healthz and /readyz answer: is the loop alive, and is what it knows fresh? Pure functions.

A failing account is no reason to restart the process, so it changes readiness only. A loop that reports nothing for too
long is one: it hangs.
"""

from __future__ import annotations

from reconciler.model.plan import Action
from reconciler.values import value
from reconciler.watch.latest_status import ManifestSeen, Snapshot

ROUNDS = 3  # intervals that may pass without news
FRESH = 60.0  # seconds; a look may always be so old
LOOK_TIME = 300.0  # seconds that one look may take, with its retries
TASK_TIME = 1800.0  # seconds that an apply may take: its voices are made by tasks, of at most 600 s unless said
LONGEST_BACKOFF = 900.0  # seconds that a failing account may be left alone, so that its manifest has no news
BACKOFF_ROUNDS = 10  # the same in intervals; the longer one counts


@value
class Verdict:
    """The answer of a probe. `reasons` are sentences for people; empty if all is well."""

    reasons: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.reasons


def health(snapshot: Snapshot, interval: float) -> Verdict:
    """Whether the loop still works. `interval`: seconds between two looks."""
    usual = max(ROUNDS * interval, LOOK_TIME)
    waited = snapshot.now - snapshot.started_at
    if not snapshot.manifests and waited > usual:
        return Verdict((f"The loop reported nothing since it started {waited:.0f} s ago.",))
    late = []
    for name, seen in sorted(snapshot.manifests.items()):
        limit = usual + (TASK_TIME if seen.status.paid_limit is not None else 0.0)
        if seen.looks_fail:
            limit += max(LONGEST_BACKOFF, BACKOFF_ROUNDS * interval)
        quiet = snapshot.now - seen.heard_at
        if quiet > limit:
            late.append(f"{name}: no look ended for {quiet:.0f} s; at most {limit:.0f} s are expected.")
    return Verdict(tuple(late))


def readiness(snapshot: Snapshot, interval: float) -> Verdict:
    """Whether each manifest had a good look, and not too long ago. `interval`: seconds between two looks."""
    if snapshot.stopping:
        return Verdict(("The watch is stopping.",))
    if not snapshot.manifests:
        return Verdict(("No look has ended yet.",))
    stale = []
    for name, seen in sorted(snapshot.manifests.items()):
        limit = max(ROUNDS * interval, FRESH) + (TASK_TIME if _may_apply(seen) else 0.0)
        age = snapshot.seconds_since_good_look(seen)
        if seen.good_at is None:
            stale.append(f"{name}: no look has ended well yet.")
        elif age > limit:
            stale.append(f"{name}: the last good look was {age:.0f} s ago; at most {limit:.0f} s are expected.")
    return Verdict(tuple(stale))


def _may_apply(seen: ManifestSeen) -> bool:
    """Whether an apply may be under way: after a look that found changes, for as long as its tasks take."""
    if seen.status.paid_limit is None:
        return False
    return any(count for (_, action), count in seen.status.changes.items() if action != Action.BLOCKED)

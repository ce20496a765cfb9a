"""Decides what /healthz and /readyz answer: is the loop alive, and is what it knows fresh? Pure functions.

A failing account is no reason to restart the process, so it changes readiness only. A loop that reports nothing for too
long is: it hangs.
"""

from __future__ import annotations

from reconciler.model.watch import WatchKind
from reconciler.values import value
from reconciler.watch.latest_status import ManifestSeen, Snapshot

ROUNDS = 3  # intervals that may pass without news
LEAST = 60.0  # seconds that may always pass
TASK_TIME = 1800.0  # seconds that an apply may take: its voices are made by tasks of the clouds
LONGEST_BACKOFF = 900.0  # seconds that a failing account may be left alone, so that its manifest has no news
BACKOFF_ROUNDS = 10  # the same in intervals; the longer one counts
_QUIET_AFTER = (WatchKind.LOOK_FAILED, WatchKind.BACKING_OFF)


@value
class Verdict:
    """The answer of a probe. `reasons` are sentences for people; empty if all is well."""

    reasons: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.reasons


def health(snapshot: Snapshot, interval: float, *, task_time: float = TASK_TIME) -> Verdict:
    """Whether the loop still works. `interval`: seconds between two looks."""
    if not snapshot.manifests:
        waited = snapshot.now - snapshot.started_at
        limit = _limit(interval)
        return Verdict((f"The loop reported nothing since it started {waited:.0f} s ago.",) if waited > limit else ())
    late = []
    for name, seen in sorted(snapshot.manifests.items()):
        quiet = snapshot.now - seen.heard_at
        limit = _limit(interval) + (task_time if _may_apply(seen) else 0.0)
        if seen.last_event in _QUIET_AFTER:
            limit += max(LONGEST_BACKOFF, BACKOFF_ROUNDS * interval)
        if quiet > limit:
            late.append(f"{name}: no look ended for {quiet:.0f} s; at most {limit:.0f} s are expected.")
    return Verdict(tuple(late))


def readiness(snapshot: Snapshot, interval: float, *, task_time: float = TASK_TIME) -> Verdict:
    """Whether each manifest had a good look, and not too long ago. `interval`: seconds between two looks."""
    if snapshot.stopping:
        return Verdict(("The watch is stopping.",))
    if not snapshot.manifests:
        return Verdict(("No look has ended yet.",))
    stale = []
    for name, seen in sorted(snapshot.manifests.items()):
        age = snapshot.seconds_since_good_look(seen)
        limit = _limit(interval) + (task_time if _may_apply(seen) else 0.0)
        if seen.good_at is None:
            stale.append(f"{name}: no look has ended well yet.")
        elif age > limit:
            stale.append(f"{name}: the last good look was {age:.0f} s ago; at most {limit:.0f} s are expected.")
    return Verdict(tuple(stale))


def _limit(interval: float) -> float:
    return max(ROUNDS * interval, LEAST)


def _may_apply(seen: ManifestSeen) -> bool:
    """Whether an apply may be under way: between two looks, for as long as its tasks take."""
    status = seen.status
    return status.looking or (status.paid_limit is not None and any(status.changes.values()))

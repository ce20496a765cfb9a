"""The latest status of each manifest, for the probes and the metrics. Its size does not grow with time."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from reconciler.model.watch import WatchEvent, WatchKind, WatchStatus
from reconciler.protocols.clock import Clock
from reconciler.values import value

_FAILING = {WatchKind.LOOKED: False, WatchKind.LOOK_FAILED: True, WatchKind.BACKING_OFF: True}


@value
class ManifestSeen:
    """What is known of one manifest. The times are monotonic seconds, so a clock that jumps changes no age."""

    status: WatchStatus
    heard_at: float  # when its last event came
    looks_fail: bool = False  # its last look failed: it may be left alone for a while, and then has no events
    good_at: float | None = None  # when the event came that reported its last good look


@value
class Snapshot:
    """All manifests at one moment. The times are monotonic seconds."""

    now: float
    started_at: float
    manifests: Mapping[str, ManifestSeen]
    stopping: bool = False

    def seconds_since_good_look(self, seen: ManifestSeen) -> float:
        """Seconds since the last good look, or since the start if there was none yet."""
        return self.now - (self.started_at if seen.good_at is None else seen.good_at)


class LatestStatus:
    """A `WatchListener` that keeps the last status of each manifest. Threads may share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._started_at = clock.monotonic()
        self._manifests: dict[str, ManifestSeen] = {}
        self._stopping = False

    def __call__(self, event: WatchEvent, status: WatchStatus) -> None:
        now = self._clock.monotonic()
        with self._lock:
            before = self._manifests.get(event.manifest)
            good_at = None if before is None else before.good_at
            if status.last_good_look != (None if before is None else before.status.last_good_look):
                good_at = now
            self._stopping = event.kind is WatchKind.STOPPED
            if event.manifest:
                looks_fail = _FAILING.get(event.kind, before is not None and before.looks_fail)
                self._manifests[event.manifest] = ManifestSeen(status, now, looks_fail, good_at)

    def snapshot(self) -> Snapshot:
        with self._lock:
            return Snapshot(self._clock.monotonic(), self._started_at, dict(self._manifests), self._stopping)

"""What a watch knows of one manifest. It grows with the manifest, and not with the rounds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.paid_calls import made_on
from reconciler.model.plan import Plan
from reconciler.model.state import State, Status
from reconciler.model.watch import WatchStatus
from reconciler.watch.call_counts import CallCounts

Counts = dict[tuple[str, str], int]


@dataclass(slots=True)
class Known:
    """See `WatchStatus`, which is made of it."""

    manifest: str
    voices: Counts = field(default_factory=dict)
    drift: Counts = field(default_factory=dict)
    changes: Counts = field(default_factory=dict)
    calls: CallCounts = field(default_factory=CallCounts)
    refusals: dict[str, int] = field(default_factory=dict)
    failures: int = 0
    last_look: datetime | None = None
    last_good_look: datetime | None = None
    looking: bool = False
    lock: str = "free"
    next_expiry: datetime | None = None
    paid_today: int = 0
    paid_limit: int | None = None
    manifest_broken: bool = False

    def took_plan(self, plan: Plan) -> None:
        """Counts what a look found."""
        self.drift = dict(Counter((each.provider, str(each.kind)) for each in plan.drift))
        self.changes = dict(Counter((each.provider, str(each.action)) for each in plan.changes))

    def took_state(self, state: State, now: datetime) -> None:
        """Counts what the state holds."""
        records = [state.records[key] for key in state.current.values()]
        self.voices = dict(Counter((each.provider, str(each.status)) for each in records))
        expiring = [each.expires_at for each in records if each.status is Status.READY and each.expires_at is not None]
        self.next_expiry = min((each for each in expiring if each > now), default=None)
        self.paid_today = made_on(state.paid_calls, now.date())

    def refused(self, why: str) -> None:
        self.refusals[why] = self.refusals.get(why, 0) + 1

    def status(self) -> WatchStatus:
        """A copy that the next round does not change."""
        return WatchStatus(
            manifest=self.manifest,
            voices=self.voices,
            drift=self.drift,
            changes=self.changes,
            calls=dict(self.calls.counts),
            refusals=dict(self.refusals),
            failures=self.failures,
            last_look=self.last_look,
            last_good_look=self.last_good_look,
            looking=self.looking,
            lock=self.lock,
            next_expiry=self.next_expiry,
            paid_today=self.paid_today,
            paid_limit=self.paid_limit,
            manifest_broken=self.manifest_broken,
        )

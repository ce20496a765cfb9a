"""How far a run is, told with every end of a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.engine.ledger import Ledger
from reconciler.engine.work import Work
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.moments import duration
from reconciler.protocols import Clock


@dataclass(slots=True)
class Counter:
    """`running` and `calls` ask the run how many tasks it waits for, and how many requests went out."""

    total: int
    clock: Clock
    began: float  # monotonic
    running: Callable[[], int]
    calls: Callable[[], int]
    finished: int = 0
    failed: int = 0
    blocked: int = 0
    uncertain: int = 0

    def done(self, ledger: Ledger, work: Work) -> None:
        self.finished += 1
        voice_id = work.record.voice_id if work.record is not None else None
        took = duration(self.clock.monotonic() - work.since) if work.since is not None else ""
        ledger.tell(self._event(Kind.DONE, work, detail=took, voice_id=voice_id))

    def fail(self, ledger: Ledger, work: Work, detail: str, hint: str = "") -> None:
        self.failed += 1
        ledger.tell(self._event(Kind.FAILED, work, detail=detail, hint=hint))

    def block(self, ledger: Ledger, work: Work) -> None:
        self.blocked += 1
        ledger.tell(self._event(Kind.BLOCKED, work, detail=work.change.reason, hint=work.change.hint))

    def doubt(self, ledger: Ledger, work: Work, detail: str, hint: str) -> None:
        self.uncertain += 1
        ledger.tell(self._event(Kind.UNCERTAIN, work, detail=detail, hint=hint))

    def note(self, ledger: Ledger, work: Work, kind: Kind, detail: str = "") -> None:
        ledger.tell(self._event(kind, work, detail=detail))

    def tally(self) -> Tally:
        running = self.running()
        ended = self.finished + self.failed + self.blocked + self.uncertain
        return Tally(
            total=self.total,
            done=self.finished,
            running=running,
            failed=self.failed,
            blocked=self.blocked,
            uncertain=self.uncertain,
            left=max(0, self.total - ended - running),
            calls=self.calls(),
            seconds=round(self.clock.monotonic() - self.began, 3),
        )

    def _event(self, kind: Kind, work: Work, *, detail: str = "", hint: str = "", voice_id: str | None = None) -> Event:
        change = work.change
        return Event(
            kind=kind,
            address=change.address,
            action=change.action,
            provider=change.provider,
            voice_id=voice_id,
            detail=detail,
            hint=hint,
            tally=self.tally(),
        )

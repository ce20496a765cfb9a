"""Counts the progress of a run, and emits its events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.run_state import RunState
from reconciler.engine.steps import Blocked, Doubtful, End, Failed, Finished, Left
from reconciler.hints import NO_HINT, Hint
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.time_format import duration
from reconciler.protocols.clock import Clock


@dataclass(slots=True)
class Progress:
    """The counters of a run. `running` returns how many tasks it waits for, `calls` how many requests were sent."""

    run_state: RunState
    total: int
    clock: Clock
    began: float  # monotonic
    running: Callable[[], int]
    calls: Callable[[], int]
    finished: int = 0
    failed: int = 0
    blocked: int = 0
    uncertain: int = 0

    def end(self, run: ProcedureRun, end: End) -> None:
        match end:
            case Finished(voice_id=voice_id):
                self.finished += 1
                took = duration(self.clock.monotonic() - run.since) if run.since is not None else ""
                to_decide = run.change.hint if run.change.candidate else NO_HINT
                self.run_state.emit(self._event(Kind.DONE, run, detail=took, voice_id=voice_id, hint=to_decide))
            case Failed(detail=detail, hint=hint):
                self.failed += 1
                self.run_state.emit(self._event(Kind.FAILED, run, detail=detail, hint=hint))
            case Doubtful(detail=detail, hint=hint):
                self.uncertain += 1
                self.run_state.emit(self._event(Kind.UNCERTAIN, run, detail=detail, hint=hint))
            case Blocked():
                self.blocked += 1
                self.run_state.emit(self._event(Kind.BLOCKED, run, detail=run.change.reason, hint=run.change.hint))
            case Left():
                pass

    def note(self, run: ProcedureRun, kind: Kind, detail: str = "") -> None:
        self.run_state.emit(self._event(kind, run, detail=detail))

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

    def _event(
        self, kind: Kind, run: ProcedureRun, *, detail: str = "", hint: Hint = NO_HINT, voice_id: str | None = None
    ) -> Event:
        change = run.change
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

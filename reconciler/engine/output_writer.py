"""Writes the files for applications during a run, and holds each deletion until no file names its voice.

Applications read the files, so none may name a voice that does not exist. A file is written with all of its voices or
not at all, so it is written once the creations of the run have ended. The voices that it names are deleted after that,
and are kept if it can't be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from reconciler.engine.output_files import FileChange, OutputFiles
from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.run_state import RunState
from reconciler.engine.steps import AwaitOutputs, Held, Stopped
from reconciler.hints import hint
from reconciler.model.events import Event, Kind
from reconciler.model.plan import Action, Change
from reconciler.protocols.clock import Clock

_CREATING = frozenset((Action.CREATE, Action.CLONE, Action.RECOVER, Action.RESUME))
_PAUSE = 4.0  # times the duration of the last writing, before the next one

Released = tuple[ProcedureRun, Held | Stopped | None]


@dataclass(slots=True, eq=False)
class _Waiting:
    run: ProcedureRun
    step: AwaitOutputs


class OutputWriter:
    """Only the run's thread uses it. Without `files`, no deletion waits."""

    def __init__(
        self,
        files: OutputFiles | None,
        run_state: RunState,
        clock: Clock,
        changes: Iterable[Change],
        *,
        destroy: bool,
    ) -> None:
        self._files = files
        self._run_state = run_state
        self._clock = clock
        self._destroy = destroy
        creating = {change.address for change in changes if change.action in _CREATING}
        self._creating = {address for address in creating if files is not None and files.selects(address)}
        self._waiting: list[_Waiting] = []
        self._tried = -1  # the number of the last write to the state that the files were written after
        self._not_before = -inf  # monotonic

    def must_wait(self, run: ProcedureRun, step: AwaitOutputs) -> bool:
        """Whether a file names the voice. If so, `released` returns the deletion later."""
        if self._files is None or not any(self._files.naming([step.record])):
            return False
        self._waiting.append(_Waiting(run, step))
        return True

    def ended(self, change: Change) -> None:
        """The change has ended, however it did."""
        if change.action in _CREATING:
            self._creating.discard(change.address)

    def due(self) -> float:
        """When the files may be written (monotonic seconds); inf: not before a result."""
        if any(waiting.step.before_new for waiting in self._waiting):
            return -inf
        if self._creating or self._tried == self._run_state.written:
            return inf
        durable = any(waiting.run.barrier <= self._run_state.durable for waiting in self._waiting)
        return self._not_before if durable else inf

    def released(self, *, last: bool, stopped: bool) -> list[Released]:
        """The deletions that wait no longer: no file names their voice, or they are held. `last`: nothing else runs."""
        if stopped:
            free: list[Released] = [(waiting.run, Stopped()) for waiting in self._waiting]
            self._waiting = []
            return free
        due = self.due() <= self._clock.monotonic()
        if self._files is None or not (due or (last and self._waiting)):
            return []
        problems = [change for change in self._update(self._files) if change.problem]
        naming = self._files.naming([waiting.step.record for waiting in self._waiting])
        free, kept = [], []
        for waiting, files in zip(self._waiting, naming, strict=True):
            named_by = [problem for problem in problems if problem.path in files]
            if not files:
                free.append((waiting.run, None))
            elif waiting.step.before_new:
                refused = [problem for problem in named_by if problem.unwritable]
                free.append((waiting.run, _held(files, refused) if refused else None))
            elif last:
                free.append((waiting.run, _held(files, named_by)))
            else:
                kept.append(waiting)
        self._waiting = kept
        return free

    def finish(self) -> tuple[FileChange, ...]:
        """Writes the files a last time. Returns those that were not written."""
        if self._files is None:
            return ()
        return emit_problems(self._update(self._files), self._run_state.emit)

    def _update(self, files: OutputFiles) -> list[FileChange]:
        began = self._clock.monotonic()
        changes = files.update(self._run_state.state, now=self._clock.now(), destroy=self._destroy)
        ended = self._clock.monotonic()
        self._tried, self._not_before = self._run_state.written, ended + _PAUSE * (ended - began)
        emit_written(changes, self._run_state.emit)
        return changes


def emit_written(changes: Iterable[FileChange], emit: Callable[[Event], None]) -> None:
    """An event for each file that was written or removed."""
    for change in changes:
        if not change.problem:
            emit(Event(kind=Kind.REMOVED if change.removed else Kind.WRITTEN, detail=change.path))


def emit_problems(changes: Iterable[FileChange], emit: Callable[[Event], None]) -> tuple[FileChange, ...]:
    """An event for each file that was not written. Returns these files."""
    unwritten = tuple(change for change in changes if change.problem)
    for change in unwritten:
        again = hint("The next apply writes it, once it can be written whole.")
        emit(Event(kind=Kind.UNWRITTEN, detail=f"{change.path}: {change.problem}", hint=again))
    return unwritten


def _held(naming: list[str], problems: list[FileChange]) -> Held:
    why = "; ".join(f"{change.path} was not written: {change.problem}" for change in problems)
    files = " and ".join(naming)
    return Held(f"{files} still names it" + (f", and {why}" if why else ""))

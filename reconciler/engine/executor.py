"""One run of one plan: its procedures, started in the plan's order, and the scheduler that drives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from math import inf

from reconciler.engine.account_limits import AccountLimits
from reconciler.engine.cloud import Cloud
from reconciler.engine.context import Context
from reconciler.engine.daily_allowance import DailyAllowance
from reconciler.engine.early_end import EarlyEnd
from reconciler.engine.failures import PAID
from reconciler.engine.jobs import JobResult
from reconciler.engine.making_way import MakingWay
from reconciler.engine.open_calls import OpenCalls
from reconciler.engine.output_files import FileChange, OutputFiles
from reconciler.engine.output_writer import OutputWriter
from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.procedures.actions import procedure
from reconciler.engine.progress import Progress
from reconciler.engine.run_state import RunState
from reconciler.engine.scheduler import Scheduler
from reconciler.engine.state_writer import Journal, StateWriter
from reconciler.engine.worker_pool import WorkerPool
from reconciler.errors import StateError, StateNotSaved
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.manifest import Voice
from reconciler.model.plan import Action, Plan
from reconciler.model.prices import summed_charges
from reconciler.model.state import Record, State
from reconciler.planning import moved_records
from reconciler.protocols.backend import Lease
from reconciler.protocols.clock import Clock


class Executor:
    """Runs one plan. `stop` and `grace`: see `EarlyEnd`. `lease`: of the state's lock, which this run holds.

    `most_paid`: how many paid calls are allowed a day, by all runs together. `patience`: see `MakingWay`.
    """

    def __init__(
        self,
        plan: Plan,
        state: State,
        voices: Mapping[str, Voice],
        clouds: Mapping[str, Cloud],
        *,
        journal: Journal,
        workers: WorkerPool[JobResult],
        clock: Clock,
        emit: Callable[[Event], None],
        stop: Callable[[], str | None],
        lease: Lease,
        grace: float,
        outputs: OutputFiles | None = None,
        limits: AccountLimits | None = None,
        most_paid: int | None = None,
        patience: float = inf,
    ) -> None:
        self._plan = plan
        self._voices = voices
        self._journal = journal
        self._limits = limits or AccountLimits()
        self._queues = self._limits.queues(clouds)
        self._providers = list({id(cloud.provider): cloud.provider for cloud in clouds.values()}.values())
        self._run_state = RunState(state, emit)
        allowance = DailyAllowance(most_paid, sum(change.calls[1] for change in plan.changes))
        self._context = Context(self._run_state, clouds, clock, allowance)
        self._state_writer = StateWriter(self._run_state, journal, clock, workers.start, least_gap=journal.least_gap)
        self._progress = Progress(
            run_state=self._run_state,
            total=len(plan.changes),
            clock=clock,
            began=clock.monotonic(),
            running=self._running_tasks,
            calls=self._calls_sent,
        )
        open_calls = OpenCalls(self._context, lease)
        self._way = MakingWay(self._queues, clock, patience)
        self._early_end = EarlyEnd(
            self._run_state,
            self._state_writer,
            open_calls,
            clock,
            stop=lambda: stop() or self._way.reason(),
            grace=grace,
            longest_wait=self._way.longest_wait,
        )
        self._outputs = OutputWriter(outputs, self._run_state, clock, plan.changes, destroy=plan.destroy)
        self.unwritten: tuple[FileChange, ...] = ()  # the files for applications that could not be written
        self._scheduler = Scheduler(
            self._queues,
            self._context,
            self._progress,
            self._state_writer,
            workers=workers,
            open_calls=open_calls,
            early_end=self._early_end,
            outputs=self._outputs,
        )

    @property
    def state(self) -> State:
        return self._run_state.state

    @property
    def made_way(self) -> bool:
        """Whether the run ended because it only waited for tasks."""
        return self._way.made

    @property
    def halted(self) -> str | None:
        """Why the run stopped early."""
        return self._early_end.reason

    def tally(self) -> Tally:
        """The progress of the run. Any thread may call this."""
        return self._progress.tally()

    def run(self) -> Tally:
        """Runs the plan. Raises StateError if the state could not be saved; a rescue copy then has the last results."""
        self._write_moves()
        changes = self._plan.changes
        procedures = [procedure(self._context, change, self._voices.get(change.address)) for change in changes]
        try:
            self._scheduler.run([ProcedureRun(change, made) for change, made in zip(changes, procedures, strict=True)])
        finally:
            self._limits.leave(self._queues.values())
        if self.made_way:
            shown = (
                replace(r, shown=True) for queue in self._queues.values() for r in self._current(queue.polled.shown)
            )
            self._run_state.write(*shown)
        tally = self._progress.tally().model_copy(update={"charges": self._charges()})
        if self._state_writer.unsaved is None:
            self.unwritten = self._outputs.finish()
        self._run_state.emit(Event(kind=Kind.SUMMARY, tally=tally))
        if self._state_writer.unsaved is not None:
            self._save_again(self._state_writer.unsaved)
        return tally

    def calls(self) -> dict[tuple[str, str], int]:
        """(provider, `paid` or `other`) -> how many calls that change something were sent."""
        counts: dict[tuple[str, str], int] = {}
        for name, queue in self._queues.items():
            for call, calls in queue.by_call.items():
                if calls.action is not None:
                    kind = "paid" if call in PAID else "other"
                    counts[name, kind] = counts.get((name, kind), 0) + calls.sent
        return counts

    def _current(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records as they are now."""
        known = (self._run_state.record(record.external_task_id) for record in records)
        return (record for record in known if record is not None)

    def emit_summary(self) -> None:
        """Emits the summary, after the state is saved. Raises the error that stopped the event listener."""
        self._run_state.emit_durable()
        if self._run_state.listener_error is not None:
            raise self._run_state.listener_error

    def _write_moves(self) -> None:
        """Writes all moves at once, because entries may swap addresses. All other changes build on them."""
        moving = {change.address: change.record for change in self._plan.changes if change.action is Action.MOVE}
        along = {change.address: change.along for change in self._plan.changes if change.action is Action.MOVE}
        known = {address: self._run_state.record(key) for address, key in moving.items()}
        pairs = {address: record for address, record in known.items() if record is not None}
        if pairs:
            records, bound = moved_records.moved(
                self._run_state.state, pairs, along, self._voices, now=self._context.now
            )
            self._run_state.write(*records, current=bound)
            self._state_writer.note_write(urgent=True)

    def _save_again(self, unsaved: StateError) -> None:
        """Tries to save once more. If that fails, emits the progress of the run before it raises the error."""
        try:
            self._journal.commit(self.state)
        except StateError as error:
            unsaved = error
        else:
            if isinstance(unsaved, StateNotSaved):
                return
        self._run_state.emit_durable()
        raise unsaved

    def _running_tasks(self) -> int:
        return sum(len(queue.polled) for queue in self._queues.values())

    def _charges(self) -> dict[str, str]:
        """Provider -> what its cloud says that it took, as far as it says so."""
        charges = {name: summed_charges(queue.polled.charges) for name, queue in self._queues.items()}
        return {name: " and ".join(each) for name, each in charges.items() if each}

    def _calls_sent(self) -> int:
        return sum(provider.calls for provider in self._providers)

"""One run of one plan: its procedures, started in the plan's order, and the scheduler that drives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.engine.append_queue import AppendQueue, Journal
from reconciler.engine.cloud import Cloud
from reconciler.engine.context import Context
from reconciler.engine.jobs import JobResult
from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.procedures.actions import procedure
from reconciler.engine.progress import Progress
from reconciler.engine.provider_queue import provider_queues
from reconciler.engine.scheduler import Scheduler
from reconciler.engine.state_writer import StateWriter
from reconciler.engine.worker_pool import WorkerPool
from reconciler.errors import StateError, StateNotSaved
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.manifest import Voice
from reconciler.model.plan import Action, Plan
from reconciler.model.state import State
from reconciler.planning import moves
from reconciler.protocols import Clock


class Executor:
    """`stop` is asked at every turn: a reason to start nothing more, or None."""

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
    ) -> None:
        self._plan = plan
        self._voices = voices
        self._journal = journal
        self._queues = provider_queues(clouds)
        self._state_writer = StateWriter(state, emit)
        self._context = Context(self._state_writer, clouds, clock)
        self._appends = AppendQueue(self._state_writer, journal, clock, workers.start)
        self._progress = Progress(
            state_writer=self._state_writer,
            total=len(plan.changes),
            clock=clock,
            began=clock.monotonic(),
            running=self._running,
            calls=self._calls,
        )
        self._scheduler = Scheduler(
            self._queues, self._context, self._progress, self._appends, workers=workers, stop=stop
        )

    @property
    def state(self) -> State:
        return self._state_writer.state

    @property
    def halted(self) -> str | None:
        """Why the run stopped before its end."""
        return self._scheduler.halted

    def tally(self) -> Tally:
        """How far the run is. Any thread may ask."""
        return self._progress.tally()

    def run(self) -> Tally:
        """Raises StateError when the state could not be saved, after the last answers have gone into a rescue copy."""
        self._move()
        changes = self._plan.changes
        procedures = [procedure(self._context, change, self._voices.get(change.address)) for change in changes]
        self._scheduler.run([ProcedureRun(change, made) for change, made in zip(changes, procedures, strict=True)])
        tally = self._progress.tally()
        self._state_writer.emit(Event(kind=Kind.SUMMARY, tally=tally))
        if self._appends.unsaved is not None:
            self._save_at_last(self._appends.unsaved)
        return tally

    def tell_the_end(self) -> None:
        """The summary, which waits until the state is saved. Raises what kept the run from telling more."""
        self._state_writer.emit_durable()
        if self._state_writer.listener_error is not None:
            raise self._state_writer.listener_error

    def _move(self) -> None:
        """All renamed entries at once, before the other changes, which build on them: entries may change places."""
        going = {change.address: change.record for change in self._plan.changes if change.action is Action.MOVE}
        along = {change.address: change.along for change in self._plan.changes if change.action is Action.MOVE}
        known = {address: self._state_writer.record(key) for address, key in going.items()}
        pairs = {address: record for address, record in known.items() if record is not None}
        if pairs:
            records, bound = moves.moved(self._state_writer.state, pairs, along, now=self._context.now)
            self._state_writer.write(*records, current=bound)
            self._appends.wrote(urgent=True)

    def _save_at_last(self, unsaved: StateError) -> None:
        """The disk may be well again; where it is not, how far the run came is told before why it ended."""
        try:
            self._journal.commit(self.state)
        except StateError as error:
            unsaved = error
        else:
            if isinstance(unsaved, StateNotSaved):
                return
        self._state_writer.emit_durable()
        raise unsaved

    def _running(self) -> int:
        return sum(len(queue.polled) for queue in self._queues.values())

    def _calls(self) -> int:
        providers = {id(queue.cloud.provider): queue.cloud.provider for queue in self._queues.values()}
        return sum(provider.calls for provider in providers.values())

"""One run of one plan: its procedures, started in the plan's order, and the scheduler that drives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.engine.calls import Answer
from reconciler.engine.cloud import Cloud
from reconciler.engine.context import Context
from reconciler.engine.crew import Crew
from reconciler.engine.lanes import lanes_for
from reconciler.engine.ledger import Ledger
from reconciler.engine.procedures.actions import procedure
from reconciler.engine.run import Run
from reconciler.engine.scheduler import Scheduler
from reconciler.engine.tallying import Counter
from reconciler.engine.writer import Journal, Writer
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
        crew: Crew[Answer],
        clock: Clock,
        emit: Callable[[Event], None],
        stop: Callable[[], str | None],
    ) -> None:
        self._plan = plan
        self._voices = voices
        self._journal = journal
        self._lanes = lanes_for(clouds)
        self._ledger = Ledger(state, emit)
        self._context = Context(self._ledger, clouds, clock)
        self._writer = Writer(self._ledger, journal, clock, crew.start)
        self._count = Counter(
            total=len(plan.changes), clock=clock, began=clock.monotonic(), running=self._running, calls=self._calls
        )
        self._scheduler = Scheduler(self._lanes, self._context, self._count, self._writer, crew=crew, stop=stop)

    @property
    def state(self) -> State:
        return self._ledger.state

    @property
    def halted(self) -> str | None:
        """Why the run stopped before its end."""
        return self._scheduler.halted

    def tally(self) -> Tally:
        """How far the run is. Any thread may ask."""
        return self._count.tally()

    def run(self) -> Tally:
        """Raises StateError when the state could not be saved, after the last answers have gone into a rescue copy."""
        self._move()
        changes = self._plan.changes
        procedures = [procedure(self._context, change, self._voices.get(change.address)) for change in changes]
        self._scheduler.run([Run(change, made) for change, made in zip(changes, procedures, strict=True)])
        tally = self._count.tally()
        self._ledger.tell(Event(kind=Kind.SUMMARY, tally=tally))
        if self._writer.unsaved is not None:
            self._save_at_last(self._writer.unsaved)
        return tally

    def tell_the_end(self) -> None:
        """The summary, which waits until the state is saved. Raises what kept the run from telling more."""
        self._ledger.speak()
        if self._ledger.deaf is not None:
            raise self._ledger.deaf

    def _move(self) -> None:
        """All renamed entries at once, before the other changes, which build on them: entries may change places."""
        going = {change.address: change.record for change in self._plan.changes if change.action is Action.MOVE}
        along = {change.address: change.along for change in self._plan.changes if change.action is Action.MOVE}
        known = {address: self._ledger.record(key) for address, key in going.items()}
        pairs = {address: record for address, record in known.items() if record is not None}
        if pairs:
            records, bound = moves.moved(self._ledger.state, pairs, along, now=self._context.now)
            self._ledger.write(*records, current=bound)
            self._writer.wrote(urgent=True)

    def _save_at_last(self, unsaved: StateError) -> None:
        """The disk may be well again; where it is not, how far the run came is told before why it ended."""
        try:
            self._journal.commit(self.state)
        except StateError as error:
            unsaved = error
        else:
            if isinstance(unsaved, StateNotSaved):
                return
        self._ledger.speak()
        raise unsaved

    def _running(self) -> int:
        return sum(len(lane.polled) for lane in self._lanes.values())

    def _calls(self) -> int:
        providers = {id(lane.cloud.provider): lane.cloud.provider for lane in self._lanes.values()}
        return sum(provider.calls for provider in providers.values())

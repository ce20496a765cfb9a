"""Runs a plan: intents before calls, results as they come, one thread that owns the state.

A turn of the loop: make intents durable, start the calls that are due, wait for answers, write them down, report them.
Workers return values and touch nothing. `first_steps` says what a change begins with, `dispatch` when a call goes out,
`creation` and `deletion` what its answer means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from reconciler.engine.creation import Creations
from reconciler.engine.crew import Crew
from reconciler.engine.deletion import Deletions
from reconciler.engine.departure import Departures, is_nameless
from reconciler.engine.dispatch import Dispatch, lanes_for
from reconciler.engine.first_steps import FirstSteps
from reconciler.engine.ledger import Journal, Ledger
from reconciler.engine.tallying import Counter
from reconciler.engine.upkeep import Upkeep
from reconciler.engine.work import Answer, Cloud, Kept, Lane, Looked, Polled, Removed, Sent, Work
from reconciler.errors import CloudError, StateError, StateNotSaved
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.manifest import Voice
from reconciler.model.moments import moment
from reconciler.model.observed import TaskStatus
from reconciler.model.plan import Plan
from reconciler.model.state import Record, State, Status
from reconciler.planning.blocking import resolve_hint
from reconciler.protocols import Clock

_LONGEST_WAIT = timedelta(days=1)  # no cloud says how long a task takes: minutes, as seen
_LAST_ANSWERS = 30.0  # seconds between two looks at a run that only waits for what is under way


class Executor:
    """One run of one plan. `stop` is asked at every turn: a reason to start nothing more, or None."""

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
        self._crew = crew
        self._clock = clock
        self._stop = stop
        self._stopped: str | None = None
        lanes = self._lanes = lanes_for(clouds)
        count = self._count = Counter(
            total=len(plan.changes), clock=clock, began=clock.monotonic(), running=self._running, calls=self._calls
        )
        ledger = self._ledger = Ledger(state, journal, emit)
        self._creations = Creations(lanes, ledger, count, clock, halt=self._halt, bound=self._bound)
        self._deletions = Deletions(lanes, ledger, count, clock, halt=self._halt, deleted=self._deleted)
        self._departures = Departures(lanes, ledger, count, clock)
        self._upkeep = Upkeep(lanes, ledger, count, clock, halt=self._halt, kept=self._kept)
        self._dispatch = Dispatch(lanes, self._creations, ledger, count, crew=crew, clock=clock)
        self._first_steps = FirstSteps(
            plan,
            lanes,
            ledger,
            count,
            clock,
            creations=self._creations,
            deletions=self._deletions,
            departures=self._departures,
            keep_up=self._keep_up,
        )

    @property
    def state(self) -> State:
        return self._ledger.state

    @property
    def halted(self) -> str | None:
        """Why the run stopped before its end."""
        return self._stopped

    def tally(self) -> Tally:
        """How far the run is. Any thread may ask."""
        return self._count.tally()

    def run(self) -> Tally:
        """Raises StateError when the state could not be saved, after the last answers have gone into a rescue copy."""
        for change in self._plan.changes:
            self._first_steps.begin(Work(change=change, voice=self._voices.get(change.address)))
        unsaved: StateError | None = None
        going_on = True
        while going_on:
            try:
                self._ledger.flush()
                going_on = self._turn() and self._hear()
            except StateError as error:  # like a signal: what is in flight is paid for, so its answers are waited for
                unsaved = error
                self._halt("the state could not be saved; what is in flight is still waited for")
        tally = self._finish()
        if unsaved is not None:
            self._save_at_last(unsaved)
        return tally

    def tell_the_end(self) -> None:
        """The summary, which waits until the state is saved. Raises what kept the run from telling more."""
        self._ledger.flush()
        if self._ledger.deaf is not None:
            raise self._ledger.deaf

    def _turn(self) -> bool:
        """Starts what is due, if anything may start. False when there is nothing to wait for."""
        if self._stopped is None and (reason := self._stop()) is not None:
            self._halt(reason)
        if self._stopped is None and self._ledger.deaf is not None:
            self._halt("nobody can be told any more")
        if self._stopped is None:
            self._dispatch.turn()
            return any(lane.busy for lane in self._lanes.values())
        self._withdraw()
        return any(lane.calls_out for lane in self._lanes.values())

    def _hear(self) -> bool:
        for answer in self._crew.wait(_LAST_ANSWERS if self._stopped is not None else self._dispatch.pause()):
            self._fold(answer)
        return True

    # --- what one half of a replace hands to the other ---

    def _bound(self, work: Work) -> None:
        """The new voice has its address, and its old one is deposed."""
        self._keep_up(work)

    def _keep_up(self, work: Work) -> None:
        if work.record is not None and (work.change.activates or work.change.in_place):
            self._upkeep.begin(work)
        else:
            self._kept(work)

    def _kept(self, work: Work) -> None:
        """The voice is as declared: delete the one that it replaced, unless that is kept a while."""
        old = work.old
        if old is not None and old.status is Status.DEPOSED and not old.lifecycle.keep_old:
            self._deletions.begin(work)
        elif old is not None and is_nameless(old):
            self._departures.begin(work, old)
        else:
            self._count.done(self._ledger, work)

    def _deleted(self, work: Work) -> None:
        if work.remove_first:
            work.old, work.remove_first = None, False
            self._lanes[work.change.provider].to_create.append(work)
            return
        self._count.done(self._ledger, work)
        self._first_steps.create_after(work.change.address)

    # --- answers ---

    def _fold(self, answer: Answer) -> None:
        match answer:
            case Sent(lane=lane, work=work, answer=got):
                lane.sending -= 1
                self._creations.sent(lane, work, got)
            case Looked(lane=lane, work=work, answer=got):
                lane.looking -= 1
                (self._upkeep if work.activating else self._creations).looked(lane, work, got)
            case Kept(lane=lane, work=work, answer=got):
                lane.keeping -= 1
                self._upkeep.answered(lane, work, got)
            case Removed(lane=lane, work=work, answer=got):
                lane.removing -= 1
                self._deletions.removed(lane, work, got)
            case Polled():
                self._polled(answer.lane, answer)

    def _polled(self, lane: Lane, polled: Polled) -> None:
        lane.polling = False
        now = self._clock.monotonic()
        if isinstance(polled.answer, CloudError):
            lane.polls.lost(now)
            if polled.answer.systemic:
                self._halt(polled.answer.detail, polled.answer.hint)
        else:
            ended = {k: r for k, r in polled.answer.items() if k in lane.polled and r.status is not TaskStatus.RUNNING}
            lane.polls.answered(now, ended=[lane.polled[key].sent_at for key in ended])
            for key, remote in ended.items():
                work = lane.polled.pop(key)
                if work.old is None or work.old.external_task_id != key:
                    self._creations.ended(work, remote)
                elif work.old.status is Status.DEPOSED:
                    self._deletions.awaited(lane, work, remote)
                else:
                    self._departures.awaited(work, remote)
        for key, work in [(k, w) for k, w in lane.polled.items() if now - w.waiting_since > lane.cloud.patience]:
            del lane.polled[key]
            waited = f"its task has not ended after {lane.cloud.patience:.0f} s"
            record = self._ledger.state.records[key]
            let_go = work.old is not None and work.old.external_task_id == key and is_nameless(work.old)
            if let_go and self._is_endless(record):
                self._departures.end(work)
            else:
                self._count.fail(self._ledger, work, waited, self._how_long(record))

    def _is_endless(self, record: Record) -> bool:
        return self._clock.now() - record.created_at >= _LONGEST_WAIT

    def _how_long(self, record: Record) -> str:
        """A hint for whoever waits for its task: a run goes on with it, but not for ever."""
        if not self._is_endless(record):
            return "The next apply goes on with it, and pays nothing."
        meant = self._ledger.state.current.get(record.address) == record.external_task_id
        hint = resolve_hint(record, which=None if meant else record.external_task_id)
        return f"It was begun at {moment(record.created_at)}, and each apply waits anew. {hint}"

    # --- the end ---

    def _halt(self, reason: str, hint: str = "") -> None:
        """Nothing new starts; what is in flight is written down."""
        if self._stopped is None:
            self._stopped = reason
            self._ledger.tell(Event(kind=Kind.STOPPED, detail=reason, hint=hint))

    def _withdraw(self) -> None:
        """Intents whose call did not go out are none."""
        for lane in self._lanes.values():
            while lane.to_keep:
                self._upkeep.withdraw(lane.to_keep.popleft())
            while lane.to_send:
                self._creations.withdraw(lane.to_send.popleft())
        self._ledger.flush()

    def _finish(self) -> Tally:
        for lane in self._lanes.values():
            for work in lane.settling:
                (self._upkeep if work.activating else self._creations).leave_open(work)
        tally = self._count.tally()
        self._ledger.tell(Event(kind=Kind.SUMMARY, tally=tally))
        return tally

    def _save_at_last(self, unsaved: StateError) -> None:
        """The disk may be well again; where it is not, how far the run came is told before why it ended."""
        try:
            self._journal.commit(self.state)
        except StateError as error:
            unsaved = error
        else:
            if isinstance(unsaved, StateNotSaved):
                return
        self._ledger.flush()
        raise unsaved

    def _running(self) -> int:
        return sum(len(lane.polled) for lane in self._lanes.values())

    def _calls(self) -> int:
        providers = {id(lane.cloud.provider): lane.cloud.provider for lane in self._lanes.values()}
        return sum(provider.calls for provider in providers.values())

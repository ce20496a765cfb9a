"""Runs a plan: intents before calls, results as they come, one thread that owns the state.

A turn of the loop: make intents durable, start the calls that are due, wait for answers, write them down, tell them.
Workers return values and touch nothing. What an answer means for a creation stands in `creation`, for a deletion here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.engine import transitions
from reconciler.engine.creation import Creations
from reconciler.engine.crew import Crew
from reconciler.engine.ledger import Journal, Ledger
from reconciler.engine.pacing import Cap, Limits, poll_delay
from reconciler.engine.tallying import Counter
from reconciler.engine.work import Answer, Cloud, Lane, Looked, Polled, Removed, Sent, Work, polling, removing, sending
from reconciler.engine.work import looking as looking_up
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.model.events import Event, Kind, Tally
from reconciler.model.manifest import Voice
from reconciler.model.observed import TaskStatus
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.state import State, Status
from reconciler.protocols import Clock

WORKERS_PER_ACTION = 24  # calls of one action under way at once, for one provider
_REMOVE_TRIES = 4
_LONGEST_WAIT = 30.0


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
        self._crew = crew
        self._clock = clock
        self._stop = stop
        self._stopped: str | None = None
        self._lanes = _lanes(clouds)
        self._count = Counter(
            total=len(plan.changes), clock=clock, began=clock.monotonic(), running=self._running, calls=self._calls
        )
        self._ledger = Ledger(state, journal, emit)
        self._creations = Creations(self._ledger, self._count, clock, self._halt, self._replaced)

    @property
    def state(self) -> State:
        return self._ledger.state

    @property
    def halted(self) -> str | None:
        """Why the run stopped before its end."""
        return self._stopped

    def run(self) -> Tally:
        for change in self._plan.changes:
            self._prepare(change)
        self._ledger.flush()
        while True:
            if self._stopped is None and (reason := self._stop()) is not None:
                self._halt(reason)
            now = self._clock.monotonic()
            if self._stopped is not None:
                self._withdraw()
            else:
                for lane in self._lanes.values():
                    self._begin(lane)
                self._ledger.flush()
                for lane in self._lanes.values():
                    self._launch(lane, now)
            if not self._going_on():
                break
            for answer in self._crew.wait(self._pause(self._clock.monotonic())):
                self._fold(answer)
            self._ledger.flush()
        return self._finish()

    # --- what each action begins with ---

    def _prepare(self, change: Change) -> None:
        now = self._clock.now()
        work = Work(change=change, voice=self._voices.get(change.address))
        record = self._ledger.record(change.record) if change.record else None
        match change.action:
            case Action.BLOCKED:
                if record is not None and change.found is not None:
                    self._ledger.write(transitions.seen(record, change.found, now=now))
                self._count.block(self._ledger, work)
            case Action.CREATE | Action.CLONE:
                if record is not None and change.found is not None:
                    self._ledger.write(transitions.seen(record, change.found, now=now))
                self._lane(change).to_create.append(work)
            case Action.RECOVER | Action.RESUME:
                self._creations.bind(self._lane(change), work)
            case Action.REPLACE:
                if record is not None and change.found is not None:
                    record = transitions.seen(record, change.found, now=now)
                    self._ledger.write(record)
                work.old = record
                if change.made is not None:
                    self._creations.bind(self._lane(change), work)
                elif work.voice is not None and not work.voice.lifecycle.create_before_destroy and record is not None:
                    work.remove_first = True
                    self._depose(work, by=change.key)
                else:
                    self._lane(change).to_create.append(work)
            case Action.DELETE:
                if record is not None and change.found is not None and record.status is not Status.DEPOSED:
                    record = transitions.seen(record, change.found, now=now)
                work.old = record
                self._depose(work, by=None)
            case Action.FORGET:
                self._forget(work)
            case Action.UPDATE:
                if record is not None and work.voice is not None:
                    self._ledger.write(transitions.updated(record, work.voice))
                self._done(work)
            case Action.NO_OP:
                pass

    def _forget(self, work: Work) -> None:
        record = self._ledger.record(work.change.record or "")
        if record is not None:
            now = self._clock.now()
            unbound = {record.address: None} if self._ledger.at(record.address) == record else {}
            if record.status is Status.INTENDED:
                kept = transitions.ended(record, Status.LAPSED, now=now)
            elif work.change.abandons:
                kept = transitions.ended(record, Status.ABANDONED, now=now)
            else:
                kept = transitions.tombstone(record, now=now)
            self._ledger.write(kept, current=unbound)
        self._done(work)

    def _depose(self, work: Work, *, by: str | None) -> None:
        """Durable before the deletion's call: killed in between, the next run deletes it, whatever the list says."""
        if work.old is None:
            raise ValueError(f"{work.change.address}: a deletion without a record")
        now = self._clock.now()
        bound = self._ledger.at(work.old.address)
        unbound = (
            {work.old.address: None}
            if bound is not None and bound.external_task_id == work.old.external_task_id
            else {}
        )
        work.old = transitions.deposed(work.old, by=by, keep_old=None, now=now)
        self._ledger.write(work.old, current=unbound)
        lane = self._lanes[work.old.provider]
        if work.old.voice_id is None:
            work.waiting_since = self._clock.monotonic()
            lane.polled[work.old.external_task_id] = work  # its voice must exist before it can be deleted
        else:
            lane.to_remove.append(work)

    def _replaced(self, work: Work) -> None:
        """The new voice is bound and its old one deposed: delete that, unless it is to be kept a while."""
        if work.old is not None and work.old.status is Status.DEPOSED and not work.old.lifecycle.keep_old:
            self._lanes[work.old.provider].to_remove.append(work)
        else:
            self._done(work)

    # --- calls ---

    def _begin(self, lane: Lane) -> None:
        """Makes the next intents durable: at most one second's calls, or what the method allows to be open."""
        pace = lane.limits.pace("create")
        room = max(1, int(pace.rate)) - len(lane.to_send)
        now = self._clock.monotonic()
        while lane.to_create and room > 0 and lane.limits.cap.room(self._in_flight(lane) + len(lane.to_send), now):
            batch = lane.cloud.provider.capabilities.methods[lane.to_create[0].change.method].batch
            if batch is not None and lane.sending + len(lane.to_send) >= batch:
                return
            work = lane.to_create.popleft()
            self._creations.begin(lane, work)
            lane.to_send.append(work)
            room -= 1

    def _launch(self, lane: Lane, now: float) -> None:
        pace = lane.limits.pace("create")
        while (
            lane.to_send
            and lane.to_send[0].not_before <= now
            and pace.next_at <= now
            and lane.sending < WORKERS_PER_ACTION
            and lane.limits.cap.room(self._in_flight(lane), now)
        ):
            work = lane.to_send.popleft()
            if work.record is None or work.voice is None:
                raise ValueError(f"{work.change.address}: a call without its intent")
            pace.take(now)
            lane.sending += 1
            work.sends += 1
            if work.since is None:
                work.since = now
                self._count.note(self._ledger, work, Kind.STARTED)
            self._crew.start(sending(lane, work, work.voice, work.record.external_task_id))
        for work in [w for w in lane.settling if w.not_before <= now]:
            if work.record is None:
                raise ValueError(f"{work.change.address}: nothing to look up")
            lane.settling.remove(work)
            lane.looking += 1
            work.looks += 1
            self._crew.start(looking_up(lane, work, work.record))
        pace = lane.limits.pace("delete")
        while (
            lane.to_remove
            and lane.to_remove[0].not_before <= now
            and pace.next_at <= now
            and lane.removing < WORKERS_PER_ACTION
        ):
            work = lane.to_remove.popleft()
            if work.old is None:
                raise ValueError(f"{work.change.address}: nothing to delete")
            pace.take(now)
            lane.removing += 1
            work.tries += 1
            if work.since is None:
                work.since = now
                self._count.note(self._ledger, work, Kind.STARTED)
            self._crew.start(removing(lane, work, work.old))
        if lane.polled and not lane.polling and lane.next_poll <= now:
            lane.polling = True
            lane.asked += 1
            waited = [r for w in lane.polled.values() if (r := w.old if w.record is None else w.record) is not None]
            self._crew.start(polling(lane, waited))

    def _pause(self, now: float) -> float:
        """Seconds until something is due."""
        if self._stopped is not None:
            return _LONGEST_WAIT
        due = now + _LONGEST_WAIT
        for lane in self._lanes.values():
            if lane.to_send and lane.limits.cap.room(self._in_flight(lane), now):
                due = min(due, max(lane.limits.pace("create").next_at, lane.to_send[0].not_before))
            if lane.to_remove:
                due = min(due, max(lane.limits.pace("delete").next_at, lane.to_remove[0].not_before))
            if lane.polled and not lane.polling:
                due = min(due, lane.next_poll)
            due = min([due, *(w.not_before for w in lane.settling)])
        return max(0.001, due - now)

    def _going_on(self) -> bool:
        if self._stopped is not None:
            return any(lane.calls_out for lane in self._lanes.values())
        return any(lane.busy for lane in self._lanes.values())

    # --- answers ---

    def _fold(self, answer: Answer) -> None:
        match answer:
            case Sent(lane=lane, work=work, answer=got):
                lane.sending -= 1
                self._creations.sent(lane, work, got, self._in_flight(lane))
                self._poll_soon(lane)
            case Looked(lane=lane, work=work, answer=got):
                lane.looking -= 1
                self._creations.looked(lane, work, got)
                self._poll_soon(lane)
            case Removed(lane=lane, work=work, answer=got):
                lane.removing -= 1
                self._removed(lane, work, got)
            case Polled():
                self._polled(answer)

    def _polled(self, answer: Polled) -> None:
        lane = answer.lane
        lane.polling = False
        now = self._clock.monotonic()
        if isinstance(answer.answer, CloudError):
            if answer.answer.systemic:
                self._halt(str(answer.answer), answer.answer.hint)
        else:
            for key, remote in answer.answer.items():
                if key not in lane.polled or remote.status is TaskStatus.RUNNING:
                    continue
                work = lane.polled.pop(key)
                lane.asked = 0
                if work.record is None:
                    self._awaited(lane, work, remote.voice_id, failed=remote.status is TaskStatus.FAILED)
                else:
                    self._creations.ended(lane, work, remote)
        for key, work in [(k, w) for k, w in lane.polled.items() if now - w.waiting_since > lane.cloud.patience]:
            del lane.polled[key]
            waited = f"its task has not ended after {lane.cloud.patience:.0f} s"
            self._count.fail(self._ledger, work, waited, "The next apply goes on with it, and pays nothing.")
        lane.next_poll = now + self._poll_delay(lane)

    def _awaited(self, lane: Lane, work: Work, voice_id: str | None, *, failed: bool) -> None:
        """The task of a voice that is to be deleted has ended."""
        if work.old is None:
            raise ValueError(f"{work.change.address}: nothing to delete")
        if failed:
            self._ledger.write(transitions.tombstone(work.old, now=self._clock.now()))
            self._done(work)
            return
        work.old = work.old.model_copy(update={"voice_id": voice_id})
        self._ledger.write(work.old)
        lane.to_remove.append(work)

    def _removed(self, lane: Lane, work: Work, answer: CloudError | None) -> None:
        if work.old is None:
            raise ValueError(f"{work.change.address}: nothing was deleted")
        now = self._clock.monotonic()
        match answer:
            case None | Rejected(absent=True):
                # Absent counts: the plan deletes only what this run has seen, so an earlier try of ours did it.
                self._ledger.write(transitions.tombstone(work.old, now=self._clock.now()))
                if work.remove_first:
                    work.old = None
                    self._lane(work.change).to_create.append(work)
                else:
                    self._done(work)
                return
            case Throttled(retry_after=retry_after):
                lane.limits.pace("delete").slow(now, retry_after)
                self._slowed(work, answer)
                work.tries -= 1
                lane.to_remove.appendleft(work)
                return
            case OutcomeUnknown() | Rejected(unsent=True) if work.tries < _REMOVE_TRIES:
                work.not_before = now + 2.0 ** (work.tries - 1)
                self._count.note(self._ledger, work, Kind.RETRYING, answer.detail)
                lane.to_remove.append(work)
                return
            case _:
                pass
        if answer.systemic:
            self._halt(answer.detail, answer.hint)
        hint = answer.hint or "The next apply tries again."
        self._count.fail(self._ledger, work, f"could not delete {work.old.voice_id}: {answer.detail}", hint)

    # --- the end ---

    def _halt(self, reason: str, hint: str = "") -> None:
        """Nothing new starts; what is in flight is written down."""
        if self._stopped is not None:
            return
        self._stopped = reason
        self._ledger.tell(Event(kind=Kind.STOPPED, detail=reason, hint=hint))

    def _withdraw(self) -> None:
        """Intents whose call did not go out are none."""
        for lane in self._lanes.values():
            while lane.to_send:
                self._creations.withdraw(lane.to_send.popleft())
        self._ledger.flush()

    def _finish(self) -> Tally:
        tally = self._count.tally()
        self._ledger.tell(Event(kind=Kind.SUMMARY, tally=tally))
        return tally

    def _running(self) -> int:
        return sum(len(lane.polled) for lane in self._lanes.values())

    def _calls(self) -> int:
        return sum(
            provider.calls
            for provider in {id(x.cloud.provider): x.cloud.provider for x in self._lanes.values()}.values()
        )

    def tell_the_end(self) -> None:
        """The summary, which waits until the state is saved."""
        self._ledger.flush()

    def _done(self, work: Work) -> None:
        self._count.done(self._ledger, work)

    def _slowed(self, work: Work, answer: Throttled) -> None:
        self._count.note(self._ledger, work, Kind.SLOWED, answer.detail)

    def _poll_soon(self, lane: Lane) -> None:
        """The first task of a quiet lane sets its poll."""
        now = self._clock.monotonic()
        delay = self._poll_delay(lane)
        if lane.next_poll <= now or lane.next_poll > now + delay:
            lane.next_poll = now + delay

    def _poll_delay(self, lane: Lane) -> float:
        starved = bool(lane.to_create or lane.to_send) and not lane.limits.cap.room(
            self._in_flight(lane), self._clock.monotonic()
        )
        return poll_delay(
            submitting=bool(lane.to_create or lane.to_send or lane.sending), starved=starved, asked=lane.asked
        )

    def _in_flight(self, lane: Lane) -> int:
        return sum(other.in_flight for other in self._lanes.values() if other.limits is lane.limits)

    def _lane(self, change: Change) -> Lane:
        return self._lanes[change.provider]


def _lanes(clouds: Mapping[str, Cloud]) -> dict[str, Lane]:
    """Clouds that are one account share its limits; the narrowest of what they say holds."""
    shared: dict[str, Limits] = {}
    lanes = {}
    for name, cloud in clouds.items():
        limits = shared.setdefault(cloud.quota, Limits())
        for action, rate in cloud.rates.items():
            limits.rates[action] = min(rate, limits.rates.get(action, rate))
        if cloud.max_in_flight is not None:
            told = cloud.max_in_flight if limits.cap.limit is None else min(limits.cap.limit, cloud.max_in_flight)
            limits.cap = Cap(limit=told, told=True)
        lanes[name] = Lane(cloud=cloud, limits=limits)
    return lanes

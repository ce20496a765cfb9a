"""Drives the procedures of one plan: one thread that owns the state, workers that return values and touch nothing.

A turn: intents for the creations whose turn has come, one append for what was written, the calls that are due, the
words that may be said. Then it waits for the next answer. Nothing goes out before what announces it is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.engine.calls import Answer, Answered, Calling, Polled, Polling
from reconciler.engine.context import Context
from reconciler.engine.crew import Crew
from reconciler.engine.failures import Meaning, is_look, meaning
from reconciler.engine.lanes import Lane, Queue
from reconciler.engine.ordering import Deletions
from reconciler.engine.run import Run
from reconciler.engine.steps import After, AwaitTask, Call, Commit, End, Find, Finished, Note, Stopped, Turn
from reconciler.engine.tallying import Counter
from reconciler.engine.writer import Appended, Writer
from reconciler.errors import CloudError, Rejected, Throttled
from reconciler.hints import NO_HINT, Hint
from reconciler.model.events import Event, Kind
from reconciler.model.observed import RemoteVoice, Unknown
from reconciler.model.plan import Action
from reconciler.protocols import Accepted

_SHORTEST_WAIT, _LONGEST_WAIT = 0.001, 30.0  # seconds


class Scheduler:
    """`stop` is asked at every turn: a reason to start nothing more, or None."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        context: Context,
        count: Counter,
        writer: Writer,
        *,
        crew: Crew[Answer],
        stop: Callable[[], str | None],
    ) -> None:
        self._lanes = lanes
        self._ledger = context.ledger
        self._clock = context.clock
        self._count = count
        self._writer = writer
        self._crew = crew
        self._stop = stop
        self._deletions = Deletions()
        self.halted: str | None = None  # why the run stopped before its end
        for lane in lanes.values():  # the plan has just looked at every account
            lane.limits.pace("create").make_way(self._clock.monotonic())

    def run(self, runs: list[Run]) -> None:
        """To the end of all that can be ended."""
        for run in runs:
            if run.change.action is Action.DELETE:
                self._deletions.begun(run.change.address)
        for run in runs:
            self._go_on(run)
        while self._turn():
            for answer in self._crew.wait(self._pause()):
                self._fold(answer)

    # -- a turn --------------------------------------------------------------------------------------------------------

    def _turn(self) -> bool:
        """Starts what is due, if anything may start. False when there is nothing to wait for."""
        if self.halted is None and (reason := self._stop()) is not None:
            self.halt(reason)
        if self.halted is None and self._ledger.deaf is not None:
            self.halt("nobody can be told any more")
        if self.halted is None:
            for lane in self._lanes.values():
                self._begin(lane)
        else:
            self._withdraw()
        self._writer.turn()
        if self.halted is None:
            for lane in self._lanes.values():
                self._start(lane)
        self._ledger.speak()
        if self._writer.busy:
            return True
        return any(lane.calls_out if self.halted is not None else lane.busy for lane in self._lanes.values())

    def _begin(self, lane: Lane) -> None:
        """The next intents, for one append: while another is under way, they would only wait."""
        if self._writer.under_way:
            return
        now = self._clock.monotonic()
        for _ in range(lane.batch(self._writer.took)):
            if not lane.may_begin() or lane.free_at(lane.begun) > now:
                return
            self._go_on(lane.turns.popleft()[0])

    def _start(self, lane: Lane) -> None:
        now = self._clock.monotonic()
        if lane.next_poll(now) <= now:  # before a create takes the turn that it waits for
            lane.limits.pace("create").make_way(now)
            lane.polling = True
            waited = [self._ledger.record(key) or step.record for key, (_, step) in lane.polled.items()]
            self._crew.start(Polling(lane, waited))
        for queue in lane.kinds:
            while queue.waiting and lane.next_call(queue, self._ledger.durable) <= now:
                self._call(lane, queue, now)

    def _call(self, lane: Lane, queue: Queue, now: float) -> None:
        waiting = queue.pop()
        run = waiting.run
        if queue is lane.submits:
            lane.limits.cap.take(lane.in_flight, now)
        queue.out += 1
        if queue.pace is not None:
            lane.limits.pace(queue.pace).take(now)
            run.sent_at = now
            run.tries += 1
            if run.since is None:
                run.since = now
                self._count.note(self._ledger, run, Kind.STARTED)
        self._crew.start(Calling(lane, queue, run, waiting.call))

    def _pause(self) -> float:
        """Seconds until something is due, if no answer comes before that."""
        now, due = self._clock.monotonic(), self._writer.due()
        if self.halted is None:
            took = None if self._writer.under_way else self._writer.took
            due = min(due, *(lane.next_due(now, self._ledger.durable, took=took) for lane in self._lanes.values()))
        return max(_SHORTEST_WAIT, min(_LONGEST_WAIT, due - now))

    # -- procedures ----------------------------------------------------------------------------------------------------

    def _go_on(self, run: Run, outcome: object = None) -> None:
        """Sends the outcome of its last step, and carries out its next ones until it waits."""
        while True:
            try:
                step = run.procedure.send(outcome)
            except StopIteration as ended:
                self._end(run, ended.value)
                return
            outcome = None
            match step:
                case Commit():
                    self._ledger.write(*step.records, current=step.current, without=step.without)
                    self._writer.wrote(urgent=step.urgent)
                    run.barrier = self._ledger.written
                case Note():
                    self._count.note(self._ledger, run, step.kind, step.detail)
                case Turn():
                    self._lanes[step.voice.provider].turns.append((run, step))
                    return
                case AwaitTask():
                    self._lanes[step.record.provider].await_task(run, step, self._clock.monotonic())
                    return
                case After():
                    if self._deletions.waits(step.address, run):
                        return
                case call if self.halted is None:
                    self._queue(run, call)
                    return
                case _:
                    outcome = Stopped()

    def _queue(self, run: Run, call: Call) -> None:
        run.tries = 0
        not_before = self._clock.monotonic() + call.after if isinstance(call, Find) and call.after > 0 else 0.0
        self._lanes[call.record.provider].queues[type(call)].add(run, call, not_before=not_before)

    def _end(self, run: Run, end: End) -> None:
        self._count.end(self._ledger, run, end)
        if run.change.action is Action.DELETE:
            done = isinstance(end, Finished)
            for waiting in self._deletions.ended(run.change.address, done=done):
                self._go_on(waiting, None if done else end)

    # -- answers -------------------------------------------------------------------------------------------------------

    def _fold(self, answer: Answer) -> None:
        match answer:
            case Answered():
                self._answered(answer)
            case Polled():
                self._polled(answer.lane, answer.value)
            case Appended():
                self._writer.appended(answer)
                if self._writer.unsaved is not None:
                    # Like a signal: what is in flight is paid for, so its answers are waited for.
                    self.halt("the state could not be saved; what is in flight is still waited for")

    def _answered(self, answer: Answered) -> None:
        lane, queue, run, value = answer.lane, answer.queue, answer.run, answer.value
        queue.out -= 1
        if queue.pace is not None and not (isinstance(value, Rejected) and value.unsent):
            lane.unopened = 0
        if isinstance(value, CloudError):
            self._failed(answer, value)
            return
        if isinstance(value, Accepted):
            lane.limits.cap.accepted(run.sent_at)
        self._go_on(run, value)

    def _failed(self, answer: Answered, error: CloudError) -> None:
        """One policy for every call: what it proves, and what may be done about it."""
        lane, queue, run, call = answer.lane, answer.queue, answer.run, answer.call
        now = self._clock.monotonic()
        found = meaning(error, call, tries=run.tries)
        if isinstance(error, Throttled) and found is Meaning.SLOWER:
            lane.slow_down(queue, run, error, now)
        waits = found in (Meaning.SLOWER, Meaning.AGAIN) or (found is Meaning.UNOPENED and queue is not lane.submits)
        if waits and run.since is not None and now - run.since > lane.cloud.patience:
            found = Meaning.ANSWER
        match found:
            case Meaning.SLOWER:
                self._count.note(self._ledger, run, Kind.SLOWED, error.detail)
                queue.add(run, call, first=True)
            case Meaning.AGAIN:
                self._count.note(self._ledger, run, Kind.RETRYING, error.detail)
                queue.add(run, call, not_before=now + 2.0 ** (run.tries - 1))
            case Meaning.UNOPENED if not lane.unopened_again(run.sent_at, now):
                self._count.note(self._ledger, run, Kind.RETRYING, error.detail)
                queue.add(run, call, first=True)
            case Meaning.UNOPENED | Meaning.ENDS_THE_RUN:
                self.halt(error.detail, error.hint)
                self._go_on(run, Stopped(error))
            case Meaning.ANSWER:
                self._go_on(run, Unknown(why=error.detail) if is_look(call) else error)

    def _polled(self, lane: Lane, value: Mapping[str, RemoteVoice] | CloudError) -> None:
        if isinstance(value, CloudError) and value.systemic:
            self.halt(value.detail, value.hint)
        for run, outcome in lane.heard(value, self._clock.monotonic()):
            self._go_on(run, outcome)

    # -- the end -------------------------------------------------------------------------------------------------------

    def halt(self, reason: str, hint: Hint = NO_HINT) -> None:
        """Nothing new starts; what is in flight is written down."""
        if self.halted is None:
            self.halted = reason
            self._writer.hurry()
            self._ledger.tell(Event(kind=Kind.STOPPED, detail=reason, hint=hint))

    def _withdraw(self) -> None:
        """Calls that did not go out, and need not: their procedures take back what announced them."""
        for lane in self._lanes.values():
            for queue in lane.kinds:
                for waiting in queue.empty():
                    self._go_on(waiting.run, Stopped())

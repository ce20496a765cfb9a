"""Drives the procedures of one plan: one thread that owns the state, workers that return values and touch nothing.

A turn: intents for the creations whose turn has come, one append for what was written, the calls that are due, the
words that may be said. Then it waits for the next answer. Nothing goes out before what announces it is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.engine.append_queue import AppendQueue, AppendResult
from reconciler.engine.context import Context
from reconciler.engine.deletion_order import Deletions
from reconciler.engine.failures import Reaction, is_look, reaction
from reconciler.engine.jobs import CallJob, CallResult, JobResult, PollJob, PollResult
from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.progress import Progress
from reconciler.engine.provider_queue import CallQueue, ProviderQueue
from reconciler.engine.steps import After, AwaitTask, Call, Commit, End, Find, Finished, Note, Stopped, Turn
from reconciler.engine.worker_pool import WorkerPool
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
        queues: Mapping[str, ProviderQueue],
        context: Context,
        progress: Progress,
        appends: AppendQueue,
        *,
        workers: WorkerPool[JobResult],
        stop: Callable[[], str | None],
    ) -> None:
        self._queues = queues
        self._state_writer = context.state_writer
        self._clock = context.clock
        self._progress = progress
        self._appends = appends
        self._workers = workers
        self._stop = stop
        self._deletions = Deletions()
        self.halted: str | None = None  # why the run stopped before its end
        for queue in queues.values():  # the plan has just looked at every account
            queue.limits.limiter("create").make_way(self._clock.monotonic())

    def run(self, runs: list[ProcedureRun]) -> None:
        """To the end of all that can be ended."""
        for run in runs:
            if run.change.action is Action.DELETE:
                self._deletions.begun(run.change.address)
        for run in runs:
            self._advance(run)
        while self._turn():
            for answer in self._workers.wait(self._pause()):
                self._receive(answer)

    # -- a turn --------------------------------------------------------------------------------------------------------

    def _turn(self) -> bool:
        """Starts what is due, if anything may start. False when there is nothing to wait for."""
        if self.halted is None and (reason := self._stop()) is not None:
            self.halt(reason)
        if self.halted is None and self._state_writer.listener_error is not None:
            self.halt("nobody can be told any more")
        if self.halted is None:
            for queue in self._queues.values():
                self._begin(queue)
        else:
            self._withdraw()
        self._appends.turn()
        if self.halted is None:
            for queue in self._queues.values():
                self._start(queue)
        self._state_writer.emit_durable()
        if self._appends.busy:
            return True
        return any(queue.calls_out if self.halted is not None else queue.busy for queue in self._queues.values())

    def _begin(self, queue: ProviderQueue) -> None:
        """The next intents, for one append: while another is under way, they would only wait."""
        if self._appends.under_way:
            return
        now = self._clock.monotonic()
        for _ in range(queue.batch(self._appends.took)):
            if not queue.may_begin() or queue.free_at(queue.begun) > now:
                return
            self._advance(queue.turns.popleft()[0])

    def _start(self, queue: ProviderQueue) -> None:
        now = self._clock.monotonic()
        if queue.next_poll(now) <= now:  # before a create takes the turn that it waits for
            queue.limits.limiter("create").make_way(now)
            queue.polling = True
            waited = [self._state_writer.record(key) or step.record for key, (_, step) in queue.polled.items()]
            self._workers.start(PollJob(queue, waited))
        for calls in queue.kinds:
            while calls.waiting and queue.next_call(calls, self._state_writer.durable) <= now:
                self._call(queue, calls, now)

    def _call(self, queue: ProviderQueue, calls: CallQueue, now: float) -> None:
        waiting = calls.pop()
        run = waiting.run
        if calls is queue.submits:
            queue.limits.concurrency.take(queue.in_flight, now)
        calls.out += 1
        if calls.action is not None:
            queue.limits.limiter(calls.action).take(now)
            run.sent_at = now
            run.tries += 1
            if run.since is None:
                run.since = now
                self._progress.note(run, Kind.STARTED)
        self._workers.start(CallJob(queue, calls, run, waiting.call))

    def _pause(self) -> float:
        """Seconds until something is due, if no answer comes before that."""
        now, due = self._clock.monotonic(), self._appends.due()
        if self.halted is None:
            took = None if self._appends.under_way else self._appends.took
            durable = self._state_writer.durable
            due = min(due, *(queue.next_due(now, durable, took=took) for queue in self._queues.values()))
        return max(_SHORTEST_WAIT, min(_LONGEST_WAIT, due - now))

    # -- procedures ----------------------------------------------------------------------------------------------------

    def _advance(self, run: ProcedureRun, outcome: object = None) -> None:
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
                    self._state_writer.write(*step.records, current=step.current, without=step.without)
                    self._appends.wrote(urgent=step.urgent)
                    run.barrier = self._state_writer.written
                case Note():
                    self._progress.note(run, step.kind, step.detail)
                case Turn():
                    self._queues[step.voice.provider].turns.append((run, step))
                    return
                case AwaitTask():
                    self._queues[step.record.provider].await_task(run, step, self._clock.monotonic())
                    return
                case After():
                    if self._deletions.waits(step.address, run):
                        return
                case call if self.halted is None:
                    self._queue(run, call)
                    return
                case _:
                    outcome = Stopped()

    def _queue(self, run: ProcedureRun, call: Call) -> None:
        run.tries = 0
        not_before = self._clock.monotonic() + call.after if isinstance(call, Find) and call.after > 0 else 0.0
        self._queues[call.record.provider].by_call[type(call)].add(run, call, not_before=not_before)

    def _end(self, run: ProcedureRun, end: End) -> None:
        self._progress.end(run, end)
        if run.change.action is Action.DELETE:
            done = isinstance(end, Finished)
            for waiting in self._deletions.ended(run.change.address, done=done):
                self._advance(waiting, None if done else end)

    # -- answers -------------------------------------------------------------------------------------------------------

    def _receive(self, answer: JobResult) -> None:
        match answer:
            case CallResult():
                self._answered(answer)
            case PollResult():
                self._polled(answer.queue, answer.value)
            case AppendResult():
                self._appends.appended(answer)
                if self._appends.unsaved is not None:
                    # Like a signal: what is in flight is paid for, so its answers are waited for.
                    self.halt("the state could not be saved; what is in flight is still waited for")

    def _answered(self, answer: CallResult) -> None:
        queue, calls, run, value = answer.queue, answer.calls, answer.run, answer.value
        calls.out -= 1
        if calls.action is not None and not (isinstance(value, Rejected) and value.unsent):
            queue.connect_failures = 0
        if isinstance(value, CloudError):
            self._failed(answer, value)
            return
        if isinstance(value, Accepted):
            queue.limits.concurrency.accepted(run.sent_at)
        self._advance(run, value)

    def _failed(self, answer: CallResult, error: CloudError) -> None:
        """One policy for every call: what it proves, and what may be done about it."""
        queue, calls, run, call = answer.queue, answer.calls, answer.run, answer.call
        now = self._clock.monotonic()
        timed_out = run.since is not None and now - run.since > queue.cloud.task_timeout
        if isinstance(error, Throttled) and not is_look(call):
            queue.slow_down(calls, run, error, now)
        match reaction(error, call, tries=run.tries, timed_out=timed_out):
            case Reaction.SLOW_DOWN:
                self._progress.note(run, Kind.SLOWED, error.detail)
                calls.add(run, call, first=True)
            case Reaction.RETRY:
                self._progress.note(run, Kind.RETRYING, error.detail)
                calls.add(run, call, not_before=now + 2.0 ** (run.tries - 1))
            case Reaction.NOT_CONNECTED if not queue.connect_failed(run.sent_at, now):
                self._progress.note(run, Kind.RETRYING, error.detail)
                calls.add(run, call, first=True)
            case Reaction.NOT_CONNECTED | Reaction.STOP_RUN:
                self.halt(error.detail, error.hint)
                self._advance(run, Stopped(error))
            case Reaction.ANSWER:
                self._advance(run, Unknown(why=error.detail) if is_look(call) else error)

    def _polled(self, queue: ProviderQueue, value: Mapping[str, RemoteVoice] | CloudError) -> None:
        if isinstance(value, CloudError) and value.systemic:
            self.halt(value.detail, value.hint)
        for run, outcome in queue.heard(value, self._clock.monotonic()):
            self._advance(run, outcome)

    # -- the end -------------------------------------------------------------------------------------------------------

    def halt(self, reason: str, hint: Hint = NO_HINT) -> None:
        """Nothing new starts; what is in flight is written down."""
        if self.halted is None:
            self.halted = reason
            self._appends.hurry()
            self._state_writer.emit(Event(kind=Kind.STOPPED, detail=reason, hint=hint))

    def _withdraw(self) -> None:
        """Calls that did not go out, and need not: their procedures take back what announced them."""
        for queue in self._queues.values():
            for calls in queue.kinds:
                for waiting in calls.empty():
                    self._advance(waiting.run, Stopped())

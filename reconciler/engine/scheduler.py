"""Drives the procedures of one plan. One thread owns the state; the workers only make calls and return values.

Each cycle writes the intents of the creations that are due, starts one append for all writes, sends the calls that are
due, and emits the durable events. Then it waits for the next result. No call is sent before its intent is durable.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from reconciler.engine import steps
from reconciler.engine.call_queue import CallQueue
from reconciler.engine.context import Context
from reconciler.engine.deletion_order import Deletions
from reconciler.engine.early_end import EarlyEnd
from reconciler.engine.failures import Reaction, is_lookup, reaction
from reconciler.engine.jobs import CallJob, CallResult, JobResult, PollJob, PollResult
from reconciler.engine.open_calls import RECHECK, OpenCalls
from reconciler.engine.output_writer import OutputWriter
from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.progress import Progress
from reconciler.engine.provider_queue import ProviderQueue
from reconciler.engine.state_writer import AppendResult, StateWriter
from reconciler.engine.worker_pool import WorkerPool
from reconciler.errors import CloudError, Rejected, Throttled
from reconciler.model.events import Kind
from reconciler.model.observed import RemoteVoice, Unknown
from reconciler.protocols.provider import Accepted

_SHORTEST_WAIT = 0.001  # seconds


class Scheduler:
    """Runs procedures to their end, or until the run ends early."""

    def __init__(
        self,
        queues: Mapping[str, ProviderQueue],
        context: Context,
        progress: Progress,
        state_writer: StateWriter,
        *,
        workers: WorkerPool[JobResult],
        open_calls: OpenCalls,
        early_end: EarlyEnd,
        outputs: OutputWriter,
    ) -> None:
        self._queues = queues
        self._open_calls = open_calls
        self._early_end = early_end
        self._outputs = outputs
        self._run_state = context.run_state
        self._clock = context.clock
        self._progress = progress
        self._state_writer = state_writer
        self._workers = workers
        self._deletions = Deletions()
        for queue in queues.values():  # the plan has just read every account
            queue.limits.limiter("create").count_other_call(self._clock.monotonic())

    def run(self, runs: list[ProcedureRun]) -> None:
        """Runs until every procedure has ended, or the run is halted and no call is out."""
        self._deletions.begin(runs)
        for run in runs:
            self._advance(run)
        while self._run_cycle():
            for result in self._workers.wait(self._seconds_until_due()):
                self._receive(result)

    def _run_cycle(self) -> bool:
        """Starts what is due, unless the run is halted. False when there is nothing left to wait for."""
        self._early_end.check()
        self._release_deletions(last=False)
        if not self._early_end.begun:
            for queue in self._queues.values():
                self._begin_creations(queue)
        else:
            self._withdraw_calls()
        self._state_writer.start_due()
        if not self._early_end.begun:
            for queue in self._queues.values():
                with queue.limits.lock:  # runs of other threads may share them
                    self._start_calls(queue)
        self._run_state.emit_durable()
        if self._state_writer.busy:
            return True
        if self._early_end.leave_at < inf:
            return self._early_end.awaits_answers()
        busy = any(queue.calls_out if self._early_end.begun else queue.busy for queue in self._queues.values())
        return busy or (self._release_deletions(last=True) and self._run_cycle())

    def _release_deletions(self, *, last: bool) -> bool:
        """Continues the deletions that waited for the files for applications. `last`: nothing else runs."""
        released = self._outputs.released(last=last, stopped=self._early_end.begun)
        for run, outcome in released:
            self._advance(run, outcome)
        return bool(released)

    def _begin_creations(self, queue: ProviderQueue) -> None:
        """Starts the next creations: their intents go into one append. Does nothing while another append is running."""
        now = self._clock.monotonic()
        if self._state_writer.next_start > now:
            return
        for _ in range(queue.intents_allowed(self._state_writer.cycle)):
            if not queue.may_begin() or queue.free_at(queue.unsent_intents) > now:
                return
            self._advance(queue.new_creations.popleft()[0])

    def _start_calls(self, queue: ProviderQueue) -> None:
        now = self._clock.monotonic()
        if queue.next_poll(now) <= now:  # before a create takes the poll's place in the rate limit
            queue.begin_poll(now)
            waited = [self._run_state.record(r.external_task_id) or r for r in queue.polled.records]
            self._workers.start(PollJob(queue, waited))
        for calls in queue.call_queues:
            while calls.waiting and queue.next_call(calls, self._run_state.durable) <= now:
                if calls.action is not None and not self._open_calls.may_send(queue.cloud.call_timeout):
                    queue.delay_calls(now + RECHECK)
                    break
                self._send_call(queue, calls, now)

    def _send_call(self, queue: ProviderQueue, calls: CallQueue, now: float) -> None:
        waiting = calls.pop()
        run = waiting.run
        queue.take(calls, now)
        if calls.action is not None:
            self._open_calls.sent(run, waiting.call)
            run.sent_at = now
            run.tries += 1
            if run.since is None:
                run.since = now
                self._progress.note(run, Kind.STARTED)
        self._workers.start(CallJob(queue, calls, run, waiting.call))

    def _seconds_until_due(self) -> float:
        """Seconds until something is due, if no result comes before that."""
        now, due = self._clock.monotonic(), min(self._state_writer.due(), self._outputs.due())
        if not self._early_end.begun:
            writer, durable, queues = self._state_writer, self._run_state.durable, self._queues.values()
            due = min(due, *(q.next_due(now, durable, write=writer.cycle, start=writer.next_start) for q in queues))
        return max(_SHORTEST_WAIT, min(self._early_end.longest_wait, due - now, self._early_end.leave_at - now))

    def _advance(self, run: ProcedureRun, outcome: object = None) -> None:
        """Sends the outcome of the last step to the procedure, and carries out its next steps until it has to wait."""
        while True:
            try:
                step = run.procedure.send(outcome)
            except StopIteration as ended:
                self._end(run, ended.value)
                return
            outcome = None
            match step:
                case steps.Commit():
                    self._run_state.write(*step.records, current=step.current, without=step.without, paid=step.paid)
                    self._state_writer.note_write(urgent=step.urgent)
                    run.barrier = self._run_state.written
                case steps.Note():
                    self._progress.note(run, step.kind, step.detail)
                case steps.AwaitTurn():
                    self._queues[step.voice.provider].new_creations.append((run, step))
                    return
                case steps.AwaitTask():
                    self._queues[step.record.provider].await_task(run, step, self._clock.monotonic())
                    return
                case steps.AwaitDeletes():
                    if self._deletions.must_wait(step.address, run):
                        return
                case steps.AwaitOutputs():
                    if self._outputs.must_wait(run, step):
                        return
                case call if not self._early_end.begun:
                    self._queue(run, call)
                    return
                case _:
                    outcome = steps.Stopped()

    def _queue(self, run: ProcedureRun, call: steps.Call) -> None:
        run.tries = 0
        not_before = self._clock.monotonic() + call.after if isinstance(call, steps.Find) and call.after > 0 else 0.0
        self._queues[call.record.provider].by_call[type(call)].add(run, call, not_before=not_before)

    def _end(self, run: ProcedureRun, end: steps.End) -> None:
        self._progress.end(run, end)
        self._outputs.ended(run.change)
        for waiting, failed in self._deletions.ended(run, end):
            self._advance(waiting, failed)

    def _receive(self, result: JobResult) -> None:
        match result:
            case CallResult():
                self._call_ended(result)
            case PollResult():
                self._poll_ended(result.queue, result.value)
            case AppendResult():
                self._state_writer.append_ended(result)
                if self._state_writer.unsaved is not None:
                    # As after a signal: the calls in flight are paid for, so the run waits for their results.
                    self._early_end.halt("the state could not be saved; voicectl still waits for the open calls")

    def _call_ended(self, result: CallResult) -> None:
        queue, calls, run, value = result.queue, result.calls, result.run, result.value
        calls.out -= 1
        self._open_calls.ended(run)
        if calls.action is not None and not (isinstance(value, Rejected) and value.unsent):
            queue.connect_failures = 0
        if isinstance(value, CloudError):
            self._call_failed(result, value)
            return
        if isinstance(value, Accepted):
            queue.limits.concurrency.accepted(run.sent_at)
        self._advance(run, value)

    def _call_failed(self, result: CallResult, error: CloudError) -> None:
        """Reacts to a failed call. One policy for all calls decides what the error proves and whether to repeat."""
        queue, calls, run, call = result.queue, result.calls, result.run, result.call
        now = self._clock.monotonic()
        timed_out = run.since is not None and now - run.since > queue.cloud.task_timeout
        if isinstance(error, Throttled) and not is_lookup(call):
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
                self._early_end.halt(error.detail, error.hint, queue.cloud.name)
                self._advance(run, steps.Stopped(error))
            case Reaction.ANSWER:
                self._advance(run, Unknown(why=error.detail) if is_lookup(call) else error)

    def _poll_ended(self, queue: ProviderQueue, value: Mapping[str, RemoteVoice] | CloudError) -> None:
        if isinstance(value, CloudError) and value.systemic:
            self._early_end.halt(value.detail, value.hint, queue.cloud.name)
        for run, outcome in queue.poll_ended(value, self._clock.monotonic()):
            self._advance(run, outcome)

    def _withdraw_calls(self) -> None:
        """Stops the calls that were not sent: their procedures withdraw the intents."""
        for queue in self._queues.values():
            for calls in queue.call_queues:
                for waiting in calls.empty():
                    self._advance(waiting.run, steps.Stopped())

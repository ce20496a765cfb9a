"""The queues of each cloud: which procedure waits for which call, and when that call may be sent.

They read no clock: callers pass in the time, in monotonic seconds.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

from reconciler.engine.call_queue import CallQueue, call_queues
from reconciler.engine.cloud import Cloud
from reconciler.engine.poll_schedule import PollSchedule
from reconciler.engine.polled_tasks import PolledTasks
from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.rate_limits import Limits
from reconciler.engine.steps import AwaitTask, AwaitTurn, Call, Find, Overdue, Prove, Submit
from reconciler.errors import CloudError, Throttled
from reconciler.model.observed import RemoteVoice, TaskStatus

_HALF, _LONGEST_WRITE = 0.5, 1.0  # seconds
_MARGIN = 0.1  # seconds that a poll or a busy machine may add to a write
_CONNECT_FAILURES = 3  # failures in a row that stop the run


@dataclass(slots=True, eq=False)
class ProviderQueue:
    """The queues of one provider. Providers of one account share its limits: `sharing` holds all their queues."""

    cloud: Cloud
    limits: Limits
    sharing: list[ProviderQueue]
    new_creations: deque[tuple[ProcedureRun, AwaitTurn]] = field(default_factory=deque)  # creations without an intent
    by_call: Mapping[type[Call], CallQueue] = field(default_factory=lambda: call_queues())
    polled: PolledTasks = field(default_factory=PolledTasks)
    polling: bool = False
    poll_schedule: PollSchedule = field(default_factory=PollSchedule)
    connect_failures: int = 0  # failed connections in a row
    no_call_before: float = 0.0  # no call is sent before

    @property
    def call_queues(self) -> Iterable[CallQueue]:
        """Each call queue once."""
        return (calls for call, calls in self.by_call.items() if call is not Prove)

    @property
    def submits(self) -> CallQueue:
        return self.by_call[Submit]

    @property
    def lookups(self) -> CallQueue:
        return self.by_call[Find]

    @property
    def busy(self) -> bool:
        return bool(
            self.calls_out or self.new_creations or self.polled or any(calls.waiting for calls in self.call_queues)
        )

    @property
    def calls_out(self) -> int:
        """How many calls of this provider are in flight, polls included."""
        return self.polling + sum(calls.out for calls in self.call_queues)

    @property
    def in_flight(self) -> int:
        """How many tasks of the account are running, or may be."""
        return sum(x.submits.out + len(x.polled) + x.lookups.out + len(x.lookups) for x in tuple(self.sharing))

    @property
    def unsent_intents(self) -> int:
        """How many intents of the account wait for their call to be sent."""
        return sum(len(x.submits) for x in tuple(self.sharing))

    def intents_allowed(self, write: float) -> int:
        """How many intents may be written now, if the next ones are durable so many seconds later.

        Half a second's worth of calls, before the waiting ones run out; a second's worth if writes take longer than
        that. No more wait than a second's worth, and what is sent while a slow write lasts.
        """
        rate = self.limits.limiter("create").rate
        half, second = math.ceil(rate / 2), max(1, math.floor(rate))
        during_write = math.ceil(rate * (min(write, _LONGEST_WRITE) + _MARGIN))
        batch, most = (half, second) if write < _HALF else (second, max(second, during_write))
        return min(batch, most - self.unsent_intents) if self.unsent_intents <= max(half, during_write) else 0

    def begin_poll(self, now: float) -> None:
        """Records that a poll is sent now."""
        self.limits.limiter("create").count_other_call(now)
        self.polling = True

    def take(self, calls: CallQueue, now: float) -> None:
        """Records that a call of this queue is sent now."""
        if calls is self.submits:
            self.limits.concurrency.take(self.in_flight, now)
        calls.out += 1
        if calls.action is not None:
            self.limits.limiter(calls.action).take(now)

    @property
    def only_waits(self) -> bool:
        """Whether nothing is left to do but to wait for tasks."""
        return not self.new_creations and not any(calls.out or calls.waiting for calls in self.call_queues)

    def may_begin(self) -> bool:
        """Whether the method of the next creation allows one more call at once."""
        if not self.new_creations:
            return False
        most = self.cloud.can(self.new_creations[0][1].voice.method).batch
        return most is None or self.submits.out + len(self.submits) < most

    def await_task(self, run: ProcedureRun, step: AwaitTask, now: float) -> None:
        """Polls this task from now on, for the procedure that waits for it."""
        if not self.polled:
            self.poll_schedule.at = now
        run.waiting_since = now
        self.polled.add(run, step)

    def poll_ended(
        self, value: Mapping[str, RemoteVoice] | CloudError, now: float
    ) -> list[tuple[ProcedureRun, RemoteVoice | Overdue]]:
        """The procedures whose task has ended or is missing by this poll's result, and those that wait for too long."""
        self.polling = False
        if isinstance(value, CloudError):
            self.poll_schedule.poll_failed(now)
            ended: dict[str, RemoteVoice] = {}
        else:
            ended = {k: r for k, r in value.items() if k in self.polled and r.status is not TaskStatus.RUNNING}
            self.poll_schedule.poll_succeeded(now, ended=[self.polled.run(key).sent_at for key in ended])
        found: list[tuple[ProcedureRun, RemoteVoice | Overdue]] = []
        found += [(self.polled.end(key, remote), remote) for key, remote in ended.items()]
        if not isinstance(value, CloudError):
            found += [(run, Overdue(now - run.waiting_since, missing=True)) for run in self.polled.missing(value)]
        late, overdue = self.polled.overdue(now, self.cloud.task_timeout), Overdue(self.cloud.task_timeout)
        return found + [(self.polled.pop(key), overdue) for key in late]

    def slow_down(self, calls: CallQueue, run: ProcedureRun, error: Throttled, now: float) -> None:
        """Lowers a limit after a Throttled call. The call does not count as a try."""
        run.tries -= 1
        wait = error.retry_after
        if error.in_flight and calls is self.submits:
            self.limits.concurrency.refused(self.in_flight, now, sent_at=run.sent_at, retry_after=wait)
        elif calls.action is not None:
            self.limits.limiter(calls.action).refused(now, sent_at=run.sent_at, retry_after=wait)

    def connect_failed(self, sent_at: float, now: float) -> bool:
        """Delays all calls after a failed connection. True if too many in a row have failed.

        Calls that were sent together count once.
        """
        if sent_at >= self.no_call_before:
            self.connect_failures += 1
            self.no_call_before = now + 2.0 ** (self.connect_failures - 1)
        return self.connect_failures >= _CONNECT_FAILURES

    def delay_calls(self, until: float) -> None:
        """Sends no call that changes something before this time."""
        self.no_call_before = max(self.no_call_before, until)

    # --- when something may start, in monotonic seconds; inf: not before a result ---

    def free_at(self, more: int = 0) -> float:
        """When one more task may begin, if `more` are about to begin that are not counted yet."""
        limit = self.limits.concurrency
        return limit.free_at(self.in_flight + more if limit.counts else 0)

    def next_call(self, calls: CallQueue, durable: int) -> float:
        """When the next call of this queue may be sent. `durable`: the number of the last durable write."""
        head = calls.head(durable)
        if head is None:
            return inf
        if calls.action is None:
            return head.not_before
        due = max(head.not_before, self.no_call_before, self.limits.limiter(calls.action).next_at)
        return max(due, self.free_at()) if calls is self.submits else due

    def next_due(self, now: float, durable: int, *, write: float, start: float) -> float:
        """When something may start. `write`: see `intents_allowed`; `start`: when the next write may start."""
        creation = max(start, self.next_creation(write))
        return min(
            [creation, self.next_poll(now), *(self.next_call(q, durable) for q in self.call_queues if q.waiting)]
        )

    def next_creation(self, write: float) -> float:
        """When the next creation may begin, if a write takes so many seconds."""
        if self.intents_allowed(write) <= 0 or not self.may_begin():
            return inf
        return max(self.no_call_before, self.free_at(self.unsent_intents))

    def next_poll(self, now: float) -> float:
        """When the next poll may be sent."""
        if self.polling or not self.polled:
            return inf
        waiting = bool(self.new_creations or len(self.submits))
        starved = waiting and self.free_at() > now
        submitting = waiting or bool(self.submits.out)
        due = self.poll_schedule.due(self.polled.sent_at, submitting=submitting, starved=starved)
        return self.limits.limiter("create").next_for_others(due)

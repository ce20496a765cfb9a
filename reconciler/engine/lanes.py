"""The queues of each cloud: who waits for which call, and when that may go out.

No clock of their own: moments (seconds, monotonic) are told.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from math import inf

from reconciler.engine.cloud import Cloud
from reconciler.engine.pacing import Limits
from reconciler.engine.polling import Polls
from reconciler.engine.run import Run
from reconciler.engine.steps import Activate, AwaitTask, Call, Delete, Find, Overdue, Prove, Submit, Turn, Update
from reconciler.errors import CloudError, Throttled
from reconciler.model.observed import RemoteVoice, TaskStatus

CALLS_AT_ONCE = 24  # of one kind, for one provider
_MARGIN = 0.1  # seconds: what a poll or a busy machine takes of a write's time
_UNOPENED = 3  # times in a row, until the run stops


@dataclass(order=True, slots=True)
class Waiting:
    not_before: float
    order: int
    run: Run = field(compare=False)
    call: Call = field(compare=False)


@dataclass(slots=True, eq=False)
class Queue:
    """The calls of one kind. `pace` is the action whose rate they keep; None: reads, which keep their own."""

    pace: str | None
    out: int = 0
    waiting: list[Waiting] = field(default_factory=list)  # a heap
    orders: Iterator[int] = field(default_factory=count)

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, run: Run, call: Call, *, not_before: float = 0.0, first: bool = False) -> None:
        order = next(self.orders)
        heapq.heappush(self.waiting, Waiting(not_before, -order if first else order, run, call))

    def head(self, durable: int) -> Waiting | None:
        """The next one, if one more may go out, and what was written before it is durable."""
        if self.out >= CALLS_AT_ONCE or not self.waiting or self.waiting[0].run.barrier > durable:
            return None
        return self.waiting[0]

    def pop(self) -> Waiting:
        return heapq.heappop(self.waiting)

    def empty(self) -> list[Waiting]:
        left, self.waiting = sorted(self.waiting), []
        return left


@dataclass(slots=True, eq=False)
class Lane:
    """One cloud's queues. Those of one account share its limits: `sharing` holds them all."""

    cloud: Cloud
    limits: Limits
    sharing: list[Lane]
    turns: deque[tuple[Run, Turn]] = field(default_factory=deque)  # creations without an intent
    queues: Mapping[type[Call], Queue] = field(default_factory=lambda: _queues())
    polled: dict[str, tuple[Run, AwaitTask]] = field(default_factory=dict)  # by external_task_id
    polling: bool = False
    polls: Polls = field(default_factory=Polls)
    unopened: int = 0  # times in a row that no connection opened
    opens_at: float = 0.0  # no call before

    @property
    def kinds(self) -> Iterable[Queue]:
        """Each queue once."""
        return (queue for call, queue in self.queues.items() if call is not Prove)

    @property
    def submits(self) -> Queue:
        return self.queues[Submit]

    @property
    def looks(self) -> Queue:
        return self.queues[Find]

    @property
    def busy(self) -> bool:
        return bool(self.calls_out or self.turns or self.polled or any(queue.waiting for queue in self.kinds))

    @property
    def calls_out(self) -> int:
        return self.polling + sum(queue.out for queue in self.kinds)

    @property
    def in_flight(self) -> int:
        """The account's tasks that run, or may."""
        return sum(x.submits.out + len(x.polled) + x.looks.out + len(x.looks) for x in self.sharing)

    @property
    def begun(self) -> int:
        """The account's intents whose call is still to go out."""
        return sum(len(x.submits) for x in self.sharing)

    def batch(self, write: float) -> int:
        """How many intents may be written now, where a write takes so many seconds.

        Half a second's calls, so that never more than a second's wait, and before those that wait are used up.
        """
        rate = self.limits.pace("create").rate
        half = math.ceil(rate / 2)
        enough = max(half, math.ceil(rate * (write + _MARGIN)))
        return min(half, max(1, math.floor(rate)) - self.begun) if self.begun <= enough else 0

    def may_begin(self) -> bool:
        """Whether the next creation may have its intent, as far as its method says."""
        if not self.turns:
            return False
        most = self.cloud.can(self.turns[0][1].voice.method).batch
        return most is None or self.submits.out + len(self.submits) < most

    def await_task(self, run: Run, step: AwaitTask, now: float) -> None:
        if not self.polled:
            self.polls.at = now
        run.waiting_since = now
        self.polled[step.record.external_task_id] = (run, step)

    def heard(
        self, value: Mapping[str, RemoteVoice] | CloudError, now: float
    ) -> list[tuple[Run, RemoteVoice | Overdue]]:
        """A poll's answer: whose task has ended, and who has waited for too long."""
        self.polling = False
        if isinstance(value, CloudError):
            self.polls.lost(now)
            ended: dict[str, RemoteVoice] = {}
        else:
            ended = {k: r for k, r in value.items() if k in self.polled and r.status is not TaskStatus.RUNNING}
            self.polls.answered(now, ended=[self.polled[key][0].sent_at for key in ended])
        found: list[tuple[Run, RemoteVoice | Overdue]] = [(self.polled.pop(k)[0], r) for k, r in ended.items()]
        late = [k for k, (run, _) in self.polled.items() if now - run.waiting_since > self.cloud.patience]
        return found + [(self.polled.pop(key)[0], Overdue(self.cloud.patience)) for key in late]

    def slow_down(self, queue: Queue, run: Run, error: Throttled, now: float) -> None:
        """The cloud asked for it, so the call does not count as a try."""
        run.tries -= 1
        wait = error.retry_after
        if error.in_flight and queue is self.submits:
            self.limits.cap.refused(self.in_flight, now, sent_at=run.sent_at, retry_after=wait)
        elif queue.pace is not None:
            self.limits.pace(queue.pace).refused(now, sent_at=run.sent_at, retry_after=wait)

    def unopened_again(self, sent_at: float, now: float) -> bool:
        """No connection opened, so every call waits a while. True when that was too often in a row.

        Calls that went out together count once.
        """
        if sent_at >= self.opens_at:
            self.unopened += 1
            self.opens_at = now + 2.0 ** (self.unopened - 1)
        return self.unopened >= _UNOPENED

    # --- when; inf: not before an answer ---

    def free_at(self, more: int = 0) -> float:
        """When one more task may be begun, beside so `more` that are not counted yet."""
        cap = self.limits.cap
        return cap.free_at(self.in_flight + more if cap.counts else 0)

    def next_call(self, queue: Queue, durable: int) -> float:
        head = queue.head(durable)
        if head is None:
            return inf
        if queue.pace is None:
            return head.not_before
        due = max(head.not_before, self.opens_at, self.limits.pace(queue.pace).next_at)
        return max(due, self.free_at()) if queue is self.submits else due

    def next_due(self, now: float, durable: int, *, took: float | None) -> float:
        """When something of it may start. `took`: seconds of the last append; None while one is under way."""
        turn = inf if took is None else self.next_turn(took)
        return min([turn, self.next_poll(now), *(self.next_call(q, durable) for q in self.kinds if q.waiting)])

    def next_turn(self, write: float) -> float:
        if self.batch(write) <= 0 or not self.may_begin():
            return inf
        return max(self.opens_at, self.free_at(self.begun))

    def next_poll(self, now: float) -> float:
        if self.polling or not self.polled:
            return inf
        waiting = bool(self.turns or len(self.submits))
        starved = waiting and self.free_at() > now
        running = [run.sent_at for run, _ in self.polled.values()] if starved or not waiting else []
        due = self.polls.due(running, submitting=waiting or bool(self.submits.out), starved=starved)
        return self.limits.pace("create").turn_for_others(due)


def _queues() -> dict[type[Call], Queue]:
    looks = Queue(pace=None)
    return {
        Submit: Queue("create"),
        Find: looks,
        Prove: looks,
        Delete: Queue("delete"),
        Activate: Queue("activate"),
        Update: Queue("update"),
    }


def lanes_for(clouds: Mapping[str, Cloud]) -> dict[str, Lane]:
    """Clouds that are one account share its limits; the narrowest of what they say holds."""
    accounts: dict[str, list[Lane]] = {}
    lanes: dict[str, Lane] = {}
    for name, cloud in clouds.items():
        sharing = accounts.setdefault(cloud.quota, [])
        limits = sharing[0].limits if sharing else Limits()
        for action, rate in cloud.rates.items():
            limits.rates[action] = min(rate, limits.rates.get(action, rate))
        if cloud.max_in_flight is not None:
            limits.cap.most = min(cloud.max_in_flight, limits.cap.most or cloud.max_in_flight)
        lanes[name] = Lane(cloud=cloud, limits=limits, sharing=sharing)
        sharing.append(lanes[name])
    return lanes

"""The calls of one kind that wait to be sent to one provider."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.steps import Activate, Call, Delete, Find, Prove, Submit, Update

CALLS_AT_ONCE = 24  # concurrent calls of one kind, for one provider


@dataclass(order=True, slots=True)
class Waiting:
    """A call that waits to be sent."""

    not_before: float
    order: int
    run: ProcedureRun = field(compare=False)
    call: Call = field(compare=False)


@dataclass(slots=True, eq=False)
class CallQueue:
    """The calls of one kind. The rate limit of `action` applies; None: reads, which have their own limit."""

    action: str | None
    out: int = 0
    sent: int = 0  # how many calls were sent so far
    waiting: list[Waiting] = field(default_factory=list)  # a heap
    orders: Iterator[int] = field(default_factory=count)

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, run: ProcedureRun, call: Call, *, not_before: float = 0.0, first: bool = False) -> None:
        order = next(self.orders)
        heapq.heappush(self.waiting, Waiting(not_before, -order if first else order, run, call))

    def head(self, durable: int) -> Waiting | None:
        """The next call, if one more may be sent, and all that its procedure wrote before it is durable."""
        if self.out >= CALLS_AT_ONCE or not self.waiting or self.waiting[0].run.barrier > durable:
            return None
        return self.waiting[0]

    def pop(self) -> Waiting:
        self.sent += 1
        return heapq.heappop(self.waiting)

    def empty(self) -> list[Waiting]:
        left, self.waiting = sorted(self.waiting), []
        return left


def call_queues() -> dict[type[Call], CallQueue]:
    lookups = CallQueue(action=None)
    return {
        Submit: CallQueue("create"),
        Find: lookups,
        Prove: lookups,
        Delete: CallQueue("delete"),
        Activate: CallQueue("activate"),
        Update: CallQueue("update"),
    }

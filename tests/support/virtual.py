"""A worker pool in virtual time: time advances only when no work is left, and calls take some of it.

A run against the sandbox that would last minutes takes milliseconds, and is the same every time.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from itertools import count
from typing import Generic, TypeVar

from reconciler.engine.state_writer import AppendJob
from tests.support.clock import FakeClock

T = TypeVar("T")


class InlinePool(Generic[T]):
    """A `WorkerPool` without threads: a call reaches its cloud after half of its latency, and is answered after it.

    Jobs run inside of `wait`, in the order in which they reach the cloud; without latency, they run in `start`.
    """

    def __init__(self, clock: FakeClock, *, latency: Callable[[], float] | float = 0.05) -> None:
        self._clock = clock
        self._latency = latency if callable(latency) else lambda: latency
        self._order = count()
        self._calls: list[tuple[float, int, Callable[[], T], float]] = []
        self._answers: list[tuple[float, int, T]] = []
        self._woken = False

    def start(self, job: Callable[[], T]) -> None:
        if _is_append(job):  # not a call: it takes as long as the disk
            answer, slept = self._apart(job)
            heapq.heappush(self._answers, (self._clock.monotonic() + slept, next(self._order), answer))
            return
        half = self._latency() / 2
        heapq.heappush(self._calls, (self._clock.monotonic() + half, next(self._order), job, half))
        if not half:
            self._run_next()

    def wait(self, seconds: float) -> list[T]:
        until = self._clock.monotonic() + seconds
        while not self._woken:
            call_at = self._calls[0][0] if self._calls else float("inf")
            answer_at = self._answers[0][0] if self._answers else float("inf")
            if min(call_at, answer_at) > until:
                self._reach(until)
                return []
            if call_at < answer_at:
                self._run_next()
            else:
                return self._arrived(answer_at)
        self._woken = False
        return []

    def wake(self) -> None:
        self._woken = True

    def close(self, *, wait: bool = True) -> None:
        """Lets the open calls reach their cloud, and drops their answers, as real threads would."""
        while self._calls:
            self._run_next()

    def die(self, chance: random.Random) -> list[Callable[[], T]]:
        """Ends the process: some of its open calls arrive, some are lost, and some are late. Returns the late ones."""
        late: list[Callable[[], T]] = []
        for moment, _, job, _ in sorted(self._calls, key=lambda call: call[:2]):
            fate = chance.choice(["arrives", "arrives", "never left", "late"])
            if fate == "arrives":
                self._reach(moment)
                self._apart(job)
            elif fate == "late":
                late.append(job)
        self._calls, self._answers = [], []
        return late

    def _run_next(self) -> None:
        moment, _, job, half = heapq.heappop(self._calls)
        self._reach(moment)
        answer, slept = self._apart(job)
        heapq.heappush(self._answers, (self._clock.monotonic() + slept + half, next(self._order), answer))

    def _arrived(self, moment: float) -> list[T]:
        self._reach(moment)
        found: list[T] = []
        while self._answers and self._answers[0][0] <= moment:
            found.append(heapq.heappop(self._answers)[2])
        return found

    def _reach(self, moment: float) -> None:
        self._clock.move_to(max(moment, self._clock.monotonic()))

    def _apart(self, job: Callable[[], T]) -> tuple[T, float]:
        """Runs the job. Returns its result, and how long it slept, which delays only this job."""
        begun = self._clock.monotonic()
        try:
            return job(), self._clock.monotonic() - begun
        finally:
            self._clock.move_to(begun)


def _is_append(job: object) -> bool:
    return isinstance(job, AppendJob)

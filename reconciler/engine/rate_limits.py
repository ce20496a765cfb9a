"""Limits how many calls are sent per second and how many tasks run at once, for each account and action.

The limiters read no clock: callers pass in the time or a clock (monotonic seconds), so tests need not sleep.
No library is used: aiolimiter and pyrate-limiter keep a given rate, and here the cloud's refusals set the rate.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

from reconciler.model.account import USUAL_RATE
from reconciler.protocols.clock import Clock

LONGEST_PAUSE = 60.0  # seconds, whatever Retry-After says
CALLS_A_SECOND = USUAL_RATE
_USED = 0.98  # the part of the allowed rate that is used, because the network may bunch calls together
_SLOWEST = 0.5  # calls a second
_RECOVERY = 1.0  # seconds between two steps that raise a lowered rate
_FIRST_STEP, _LARGEST_STEP = 0.02, 0.3  # parts of the rate: steps are small near the refused rate, then grow
_LATER_STEP = 3  # the step to begin with if a refusal says nothing about the rate
_FIRST_GROWTH = 6.0  # seconds until a learned limit is tried one higher
_FASTEST_GROWTH, _SLOWEST_GROWTH = 1.0, 60.0  # seconds
_EARNED, _EARNED_AT_MOST = 7, 20  # accepted creations before a try; each refused try adds _EARNED, up to the maximum
_LONGEST_WAIT = 30.0  # seconds to wait for a slot, while other programs hold them all


@dataclass(slots=True)
class RateLimiter:
    """Spaces calls evenly, and never allows more in one second than the rate, so that no burst is refused."""

    allowed: float = CALLS_A_SECOND
    rate: float = 0.0
    next_at: float = 0.0
    changed_at: float = 0.0
    lowered_at: float = 0.0
    steps: int = 0  # steps up since the rate was lowered
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=1000))  # a manifest allows 1000 a second
    refused_at: deque[float] = field(default_factory=lambda: deque(maxlen=1000))  # those of `sent` that were refused

    def __post_init__(self) -> None:
        self.rate = self.allowed * _USED

    def restrict(self, allowed: float) -> None:
        """Allows at most this rate from now on."""
        if allowed < self.allowed:
            self.allowed, self.rate = allowed, min(self.rate, allowed * _USED)

    def take(self, now: float) -> None:
        """Records that a call is sent now."""
        gap = 1 / self.rate
        # A loop that woke late catches up within one gap, and never beyond what a second holds.
        self.next_at = max(self.next_at, now - gap / 2) + gap
        self._count_call(now)
        top = self.allowed * _USED
        if self.rate < top and now - self.changed_at >= _RECOVERY:
            self.rate = min(top, self.rate * (1 + min(_LARGEST_STEP, _FIRST_STEP * 2**self.steps)))
            self.steps += 1
            self.changed_at = now

    def count_other_call(self, now: float) -> None:
        """Records a call of another kind: an account may count all calls together."""
        self.next_at = max(self.next_at, now) + min(1 / self.rate, 1 / (CALLS_A_SECOND * _USED))
        if self.allowed >= CALLS_A_SECOND:
            self._count_call(now)

    def next_for_others(self, due: float) -> float:
        """When a call of another kind is sent: in the place of one of these calls, if that is soon."""
        return max(due, min(self.next_at, due + 2 / CALLS_A_SECOND))

    def _count_call(self, now: float) -> None:
        self.sent.append(now)
        full = max(1, math.ceil(self.rate))
        if len(self.sent) >= full:
            self.next_at = max(self.next_at, self.sent[-full] + full / self.rate)

    def refused(self, now: float, *, sent_at: float, retry_after: float | None) -> None:
        """Lowers the rate: the cloud refused a call because of it (Kling 1302). Calls refused together count once.

        The new rate is what the cloud accepted in the second before, between half and 95 % of the old rate.
        """
        self.refused_at.append(sent_at)
        taken = _in_second_before(self.sent, sent_at) - _in_second_before(self.refused_at, sent_at)
        pause = max(2 / self.rate, 1 - taken / self.rate)
        if sent_at >= self.lowered_at:
            self.rate = max(_SLOWEST, min(self.rate * 0.95, max(self.rate * 0.5, taken * _USED)))
            self.changed_at = self.lowered_at = now
            self.steps = 0 if taken else _LATER_STEP  # it accepted none: then something else is exhausted, not the rate
        self.next_at = max(self.next_at, now + min(LONGEST_PAUSE, pause if retry_after is None else retry_after))


def _in_second_before(moments: Iterable[float], end: float) -> int:
    """How many of these times are in the second before `end`."""
    return sum(end - 1 < moment < end for moment in moments)


@dataclass(slots=True)
class ConcurrencyLimit:
    """Limits how many tasks run at once. It learns the limit from the first refusal, and later tries one more."""

    most: int | None = None  # the manifest's limit
    learned: int | None = None
    changed_at: float = 0.0
    growth: float = _FIRST_GROWTH
    closed_until: float = 0.0
    refused_tries: int = 0  # refused tries in a row
    earned: int = 0  # creations accepted since the last refusal; a try needs enough of them
    refusals: int = 0  # refusals in a row while no task of ours ran, so other programs hold the slots

    @property
    def counts(self) -> bool:
        """Whether there is a limit, set or learned."""
        return self.most is not None or self.learned is not None

    def free_at(self, in_flight: int) -> float:
        """When one more task may be sent, if none ends before that; inf: not before one ends."""
        if self.most is not None and in_flight >= self.most:
            return inf
        if self.learned is None or in_flight < self.learned:
            return self.closed_until
        if in_flight > self.learned or self.earned < min(_EARNED_AT_MOST, _EARNED * (1 + self.refused_tries)):
            return inf
        return max(self.closed_until, self.changed_at + self.growth)

    def take(self, in_flight: int, now: float) -> None:
        """Records that a call is sent now, while so many tasks are in flight."""
        if self.learned is not None and in_flight >= self.learned:
            self.learned, self.changed_at = in_flight + 1, now

    def accepted(self, sent_at: float) -> None:
        self.refusals = 0
        self.earned += 1
        if self.learned is not None and sent_at == self.changed_at:  # this one was the try
            self.growth = max(_FASTEST_GROWTH, self.growth / 2)
            self.refused_tries = 0

    def refused(self, in_flight: int, now: float, *, sent_at: float, retry_after: float | None) -> None:
        """Lowers the limit: the cloud refused a task (Kling 1303). Tasks refused together count once."""
        if self.learned is not None and sent_at >= self.changed_at:
            self.growth = min(_SLOWEST_GROWTH, self.growth * 1.5)
            self.refused_tries += 1
        self.earned = 0
        found = max(1, in_flight)
        self.learned = found if self.learned is None else min(found, self.learned)
        self.changed_at = now
        wait = min(LONGEST_PAUSE, retry_after or 0.0)
        if in_flight == 0:
            self.refusals += 1
            wait = max(wait, min(_LONGEST_WAIT, 2.0 ** (self.refusals - 1)))
        self.closed_until = max(self.closed_until, now + wait)


@dataclass(slots=True)
class Limits:
    """The limits of one account."""

    rates: dict[str, float] = field(default_factory=dict)
    concurrency: ConcurrencyLimit = field(default_factory=ConcurrencyLimit)
    limiters: dict[str, RateLimiter] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)  # held from the check of a limit to its use

    def limiter(self, action: str) -> RateLimiter:
        if action not in self.limiters:
            self.limiters[action] = RateLimiter(self.rates.get(action, CALLS_A_SECOND))
        return self.limiters[action]

    def restrict(self, rates: Mapping[str, float], most: int | None) -> None:
        """Applies the limits of one more provider of the account: the lowest ones count."""
        with self.lock:
            for action, rate in rates.items():
                self.rates[action] = min(rate, self.rates.get(action, rate))
                if action in self.limiters:
                    self.limiters[action].restrict(self.rates[action])
            if most is not None:
                self.concurrency.most = min(most, self.concurrency.most or most)


class ReadLimiter:
    """Delays reads, which workers and pollers of one account make on their own. Thread-safe.

    After a pause, up to half a second's worth of reads may be sent together.
    """

    def __init__(self, clock: Clock, rates: Mapping[str, float]) -> None:
        self._clock = clock
        self._rates = dict(rates)
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def restrict(self, rates: Mapping[str, float]) -> None:
        """Applies the rates of one more provider of the account: the lowest ones count."""
        with self._lock:
            for action, rate in rates.items():
                self._rates[action] = min(rate, self._rates.get(action, rate))

    def __call__(self, action: str) -> None:
        rate = self._rates.get(action, CALLS_A_SECOND)
        with self._lock:
            now = self._clock.monotonic()
            free_at = max(self._free_at.get(action, 0.0), now - 0.5) + 1 / rate
            self._free_at[action] = free_at
        if free_at > now:
            self._clock.sleep(free_at - now)

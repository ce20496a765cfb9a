"""How fast, and how many at once. Kept for an account and an action, whatever the providers are called.

No clock of its own: the time (seconds, monotonic) is told or passed in, so that tests need no sleeping.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

from reconciler.protocols import Clock

LONGEST_PAUSE = 60.0  # seconds, whatever Retry-After says
CALLS_A_SECOND = 20.0  # Tencent's figure for each action; Kling documents only tasks in flight
_USED = 0.98  # of the allowed rate: what the network bunches together still fits
_SLOWEST = 0.5
_RECOVERY = 1.0  # seconds for each step back up
_FIRST_STEP, _LARGEST_STEP, _BOLD = 0.02, 0.3, 3  # of the rate: small beside the one that was refused, then ever larger
_FIRST_GROWTH = 6.0  # seconds until a learned cap is tried one higher
_FASTEST_GROWTH, _SLOWEST_GROWTH = 1.0, 60.0
_EARNED, _EARNED_AT_MOST = 7, 20  # creations accepted before a try, and as many more for each that was refused
_LONGEST_WAIT = 30.0  # for a slot, while others hold them all


@dataclass(slots=True)
class RateLimiter:
    """Evenly spaced calls, and in no second more than the rate says, so that none is refused for a burst."""

    allowed: float = CALLS_A_SECOND
    rate: float = 0.0
    next_at: float = 0.0
    changed_at: float = 0.0
    lowered_at: float = 0.0
    steps: int = 0  # back up, since it was lowered
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=1000))  # a manifest allows 1000 a second
    turned_away: deque[float] = field(default_factory=lambda: deque(maxlen=1000))  # of those

    def __post_init__(self) -> None:
        self.rate = self.allowed * _USED

    def take(self, now: float) -> None:
        """A call goes out now."""
        gap = 1 / self.rate
        # A loop that woke late catches up within one gap, and never beyond what a second holds.
        self.next_at = max(self.next_at, now - gap / 2) + gap
        self._count(now)
        top = self.allowed * _USED
        if self.rate < top and now - self.changed_at >= _RECOVERY:
            self.rate = min(top, self.rate * (1 + min(_LARGEST_STEP, _FIRST_STEP * 2**self.steps)))
            self.steps += 1
            self.changed_at = now

    def make_way(self, now: float) -> None:
        """For a call of another kind, because an account may count all calls together."""
        self.next_at = max(self.next_at, now) + min(1 / self.rate, 1 / (CALLS_A_SECOND * _USED))
        if self.allowed >= CALLS_A_SECOND:
            self._count(now)

    def turn_for_others(self, due: float) -> float:
        """When a call of another kind goes out: in the place of one of these, if that is soon."""
        return max(due, min(self.next_at, due + 2 / CALLS_A_SECOND))

    def _count(self, now: float) -> None:
        self.sent.append(now)
        full = max(1, math.ceil(self.rate))
        if len(self.sent) >= full:
            self.next_at = max(self.next_at, self.sent[-full] + full / self.rate)

    def refused(self, now: float, *, sent_at: float, retry_after: float | None) -> None:
        """The cloud said: too many calls a second (Kling 1302). Calls refused together lower it once.

        How many it took in the second before tells what it allows: half of the rate, or all of it but one that the
        network brought too early.
        """
        self.turned_away.append(sent_at)
        taken = _within(self.sent, sent_at) - _within(self.turned_away, sent_at)
        pause = max(2 / self.rate, 1 - taken / self.rate)
        if sent_at >= self.lowered_at:
            self.rate = max(_SLOWEST, min(self.rate * 0.95, max(self.rate * 0.5, taken * _USED)))
            self.changed_at = self.lowered_at = now
            self.steps = 0 if taken else _BOLD  # took none: that says nothing of its rate, but of its day
        self.next_at = max(self.next_at, now + min(LONGEST_PAUSE, pause if retry_after is None else retry_after))


def _within(moments: Iterable[float], end: float) -> int:
    """How many lie in the second before."""
    return sum(end - 1 < format_time < end for format_time in moments)


@dataclass(slots=True)
class ConcurrencyLimit:
    """How many tasks may run at once. Unknown until a cloud refuses one; then tried one higher from time to time."""

    most: int | None = None  # said by the manifest
    learned: int | None = None
    changed_at: float = 0.0
    growth: float = _FIRST_GROWTH
    closed_until: float = 0.0
    in_vain: int = 0  # tries in a row that were refused
    earned: int = 0  # creations accepted since the last refusal: tries are few beside them, however slow the tasks
    refusals: int = 0  # in a row, while no task of ours ran: others hold the slots

    @property
    def counts(self) -> bool:
        """Whether it matters how many run."""
        return self.most is not None or self.learned is not None

    def free_at(self, in_flight: int) -> float:
        """When one more may be sent, if no task ends before that; inf: not before one ends."""
        if self.most is not None and in_flight >= self.most:
            return inf
        if self.learned is None or in_flight < self.learned:
            return self.closed_until
        if in_flight > self.learned or self.earned < min(_EARNED_AT_MOST, _EARNED * (1 + self.in_vain)):
            return inf
        return max(self.closed_until, self.changed_at + self.growth)

    def take(self, in_flight: int, now: float) -> None:
        """A call goes out now, beside this many."""
        if self.learned is not None and in_flight >= self.learned:
            self.learned, self.changed_at = in_flight + 1, now

    def accepted(self, sent_at: float) -> None:
        self.refusals = 0
        self.earned += 1
        if self.learned is not None and sent_at == self.changed_at:  # the one that was tried
            self.growth = max(_FASTEST_GROWTH, self.growth / 2)
            self.in_vain = 0

    def refused(self, in_flight: int, now: float, *, sent_at: float, retry_after: float | None) -> None:
        """The cloud said: too many tasks (Kling 1303), while this many of ours ran. Told together, it counts once."""
        if self.learned is not None and sent_at >= self.changed_at:
            self.growth = min(_SLOWEST_GROWTH, self.growth * 1.5)
            self.in_vain += 1
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
    """One account's limits."""

    rates: dict[str, float] = field(default_factory=dict)
    concurrency: ConcurrencyLimit = field(default_factory=ConcurrencyLimit)
    paces: dict[str, RateLimiter] = field(default_factory=dict)

    def limiter(self, action: str) -> RateLimiter:
        if action not in self.paces:
            self.paces[action] = RateLimiter(self.rates.get(action, CALLS_A_SECOND))
        return self.paces[action]


class ReadLimiter:
    """Holds back reads, which workers and pollers of one account make by themselves. Safe for threads.

    A read in a quiet moment goes at once: up to half a second's worth may go together.
    """

    def __init__(self, clock: Clock, rates: Mapping[str, float]) -> None:
        self._clock = clock
        self._rates = rates
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, action: str) -> None:
        rate = self._rates.get(action, CALLS_A_SECOND)
        with self._lock:
            now = self._clock.monotonic()
            free_at = max(self._free_at.get(action, 0.0), now - 0.5) + 1 / rate
            self._free_at[action] = free_at
        if free_at > now:
            self._clock.sleep(free_at - now)

"""Rate limits: what a cloud may mean by "20 calls a second", each in its strictest form.

The caller passes the time in; nothing here reads a clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol


class Allowance(Protocol):
    def takes(self, now: float) -> bool:
        """Whether a call at this time is allowed. Must be called once for each call, in order."""
        ...


@dataclass
class AnySecond:
    """A sliding window: at most `most` calls in any second. Refused calls count too."""

    most: int
    came: deque[float] = field(default_factory=deque)

    def takes(self, now: float) -> bool:
        while self.came and now - self.came[0] >= 1:
            self.came.popleft()
        self.came.append(now)
        return len(self.came) <= self.most


@dataclass
class EachSecond:
    """A fixed window: at most `most` calls in each full second of a clock that is `ahead` of ours, in seconds.

    Refused calls count too.
    """

    most: int
    ahead: float = 0.0
    second: int = -1
    came: int = 0

    def takes(self, now: float) -> bool:
        second = int(now + self.ahead)
        self.came = self.came + 1 if second == self.second else 1
        self.second = second
        return self.came <= self.most


@dataclass
class Bucket:
    """A token bucket: `most` tokens come back in a second, and it `holds` so many at most; 1 allows no burst."""

    most: int
    holds: float
    left: float = 1.0
    filled_at: float = 0.0

    def takes(self, now: float) -> bool:
        self.left = min(self.holds, self.left + (now - self.filled_at) * self.most)
        self.filled_at = now
        if self.left < 1 - 1e-9:
            return False
        self.left -= 1
        return True


@dataclass
class Storm:
    """Refuses every call from `begins` to `ends`, in seconds."""

    begins: float
    ends: float

    def takes(self, now: float) -> bool:
        return not self.begins <= now < self.ends

"""What a cloud may mean by "20 calls a second", each as strict as it can be said. Told the time; knows no clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol


class Allowance(Protocol):
    def takes(self, now: float) -> bool:
        """Whether a call that comes now is let in. Asked once for each call, in their order."""
        ...


@dataclass
class AnySecond:
    """At most so many in any second, whenever it begins; those that were refused count too."""

    most: int
    came: deque[float] = field(default_factory=deque)

    def takes(self, now: float) -> bool:
        while self.came and now - self.came[0] >= 1:
            self.came.popleft()
        self.came.append(now)
        return len(self.came) <= self.most


@dataclass
class EachSecond:
    """At most so many from one full second to the next, by a clock that is `ahead` of ours; refused ones count too."""

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
    """A token for each call; so many come back in a second, and `holds` are kept at most: 1 allows no burst at all."""

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
    """Lets nothing in for a while."""

    begins: float
    ends: float

    def takes(self, now: float) -> bool:
        return not self.begins <= now < self.ends

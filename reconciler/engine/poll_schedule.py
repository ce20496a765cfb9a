"""Decides when to poll running tasks. It learns from the tasks that ended. One poll serves all of one provider.

It reads no clock: callers pass in the time (monotonic seconds), so tests need not sleep.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SUBMITTING = 5.0  # seconds between polls while creations are sent: about one call for each voice
_SOONEST, _RAREST = 0.5, 10.0  # seconds between two polls
_TOGETHER = 0.075  # part of a task's duration: one poll serves all tasks that are due within it
_SLOWER, _FASTER = 1.05, 1 / 400  # how fast the expected duration is raised and lowered
_LATE = 0.2  # seconds until an overdue task is polled again; grows


@dataclass(slots=True)
class PollSchedule:
    """The poll times of one provider. A task is identified by when its call was sent; 0.0 if another run sent it."""

    at: float = 0.0  # when the last poll ended, or when the first task began to wait
    seen_at: float = 0.0  # when the last successful poll ended
    polls_without_end: int = 0  # polls since the last one that saw a task end
    expected: float | None = None  # seconds from a task's call until its end is seen
    confirmed: int = 0  # how often in a row this duration was right

    def poll_succeeded(self, now: float, *, ended: Iterable[float]) -> None:
        """Records a poll that saw these tasks end. They ended after the previous poll, which bounds their duration."""
        ended = list(ended)
        self.polls_without_end = 0 if ended else self.polls_without_end + 1
        known = [sent_at for sent_at in ended if sent_at]
        if known:
            most = now - max(known)
            least = max(0.0, self.seen_at - min(known))
            self._learn(least, most)
        self.at = self.seen_at = now

    def poll_failed(self, now: float) -> None:
        """Records a poll that failed."""
        self.polls_without_end += 1
        self.at = now

    def due(self, running: Sequence[float], *, submitting: bool, starved: bool) -> float:
        """When the next poll should be sent. `running`: when the call of each task was sent, sorted.

        `starved`: creations wait for a slot, so an end should be seen soon.
        """
        if submitting and not starved:
            return self.at + _SUBMITTING
        if self.expected is None:
            return self.at + self._guess(running, starved=starved)
        late = _count_until(running, self.at, after=self.expected)  # so many tasks should have ended by the last poll
        soon: list[float] = []
        if late:
            least = self.at - (running[late - 1] + self.expected)
            soon.append(self.at + min(_RAREST, max(_LATE, self.expected / 40, least / 2)))
        if late < len(running) and starved:
            first = running[late] + self.expected
            together = _count_until(running, first + self.expected * _TOGETHER, after=self.expected)
            soon.append(running[together - 1] + self.expected)
        elif late < len(running):
            last = running[-1] + self.expected
            soon.append(min(last, self.at + min(_SUBMITTING, max(_SOONEST, self.expected / 4))))
        return min(soon, default=self.at + _SUBMITTING)

    def _learn(self, least: float, most: float) -> None:
        """Adjusts the expected duration: a task took more than `least` and at most `most` seconds.

        If the expectation fits, it is lowered a little, and more each time, to find out whether tasks take less. It
        is raised slowly where tasks take different times, because a poll costs less than a free slot.
        """
        if self.expected is None or most < self.expected * 0.99:
            self.expected, self.confirmed = most, 0
        elif self.expected <= least:
            self.expected, self.confirmed = min(most, self.expected * _SLOWER), 0
        else:
            self.expected -= min(self.expected * _FASTER * 2**self.confirmed, (self.expected - least) / 2)
            self.confirmed += 1

    def _guess(self, running: Sequence[float], *, starved: bool) -> float:
        """Seconds until the next poll while no task has ended yet. They grow, so that a long task costs few polls."""
        if starved:
            unknown = bisect_right(running, 0.0)
            waited = self.at - running[unknown] if unknown < len(running) else 0.0
            return min(_RAREST, max(_SOONEST, waited / 8))
        return min(_RAREST, _SOONEST * 1.25 ** max(0, self.polls_without_end - 6))


def _count_until(running: Sequence[float], end: float, *, after: float) -> int:
    """How many of these tasks end until `end`, if each ends `after` so many seconds."""
    return bisect_right(running, end, key=lambda sent_at: sent_at + after)

"""When to ask for the tasks that run, learned from those that were seen to end. One poll serves all of one provider.

No clock of its own: moments (seconds, monotonic) are told, so that tests need no sleeping.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SUBMITTING = 5.0  # seconds between polls while calls go out: early voices are seen, and calls stay near one a voice
_SOONEST, _RAREST = 0.5, 10.0
_TOGETHER = 0.075  # of a task's time: those that are due so closely are asked for by one poll
_SLOWER, _FASTER = 1.05, 1 / 400  # how what is expected of a task moves
_LATE = 0.2  # seconds until one that is overdue is asked for again, and growing


@dataclass(slots=True)
class PollSchedule:
    """One provider's. A task is known by the moment its call went out; 0.0 for one that another run began."""

    at: float = 0.0  # the last one's end, or when there was something to ask for again
    seen_at: float = 0.0  # the last one that told anything
    unheard: int = 0  # since the last news
    takes: float | None = None  # seconds from a task's call until its end is seen
    confirmed: int = 0  # times in a row that this fitted

    def answered(self, now: float, *, ended: Iterable[float]) -> None:
        """A poll saw these end. Each ended since the poll before: the closest of them tell how long a task takes."""
        ended = list(ended)
        self.unheard = 0 if ended else self.unheard + 1
        known = [sent_at for sent_at in ended if sent_at]
        if known:
            most = now - max(known)
            least = max(0.0, self.seen_at - min(known))
            self._learn(least, most)
        self.at = self.seen_at = now

    def lost(self, now: float) -> None:
        """A poll had no answer."""
        self.unheard += 1
        self.at = now

    def due(self, running: Sequence[float], *, submitting: bool, starved: bool) -> float:
        """When the next poll should go out. `starved`: creations wait for a slot, so an end should be seen soon."""
        if submitting and not starved:
            return self.at + _SUBMITTING
        if self.takes is None:
            return self.at + self._guess(running, starved=starved)
        ends = sorted(sent_at + self.takes for sent_at in running)
        ahead = [end for end in ends if end > self.at]
        late = [self.at - end for end in ends if end <= self.at]
        soon = [self.at + min(_RAREST, max(_LATE, self.takes / 40, min(late) / 2))] if late else []
        if ahead and starved:
            soon.append(max(end for end in ahead if end <= ahead[0] + self.takes * _TOGETHER))
        elif ahead:
            soon.append(min(ahead[-1], self.at + min(_SUBMITTING, max(_SOONEST, self.takes / 4))))
        return min(soon, default=self.at + _SUBMITTING)

    def _learn(self, least: float, most: float) -> None:
        """A task took more than the one, and at most the other.

        What fits is believed, and then a little less, and less again, for nobody has asked whether it takes less. Up
        it goes slowly, where tasks take different times: a poll is cheaper than a slot.
        """
        if self.takes is None or most < self.takes * 0.99:
            self.takes, self.confirmed = most, 0
        elif self.takes <= least:
            self.takes, self.confirmed = min(most, self.takes * _SLOWER), 0
        else:
            self.takes -= min(self.takes * _FASTER * 2**self.confirmed, (self.takes - least) / 2)
            self.confirmed += 1

    def _guess(self, running: Sequence[float], *, starved: bool) -> float:
        """None has ended yet: ever more rarely, so that a long task costs few polls."""
        known = [sent_at for sent_at in running if sent_at]
        if starved:
            waited = self.at - min(known) if known else 0.0
            return min(_RAREST, max(_SOONEST, waited / 8))
        return min(_RAREST, _SOONEST * 1.25 ** max(0, self.unheard - 6))

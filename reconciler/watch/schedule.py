"""When the next look is due, and how long a provider that fails is left alone. Pure: times and draws are passed in.

Times are monotonic seconds. A draw is a random number from 0 to 1.
"""

from __future__ import annotations

from reconciler.values import value

JITTER = 0.1  # a wait is shortened by up to this part, so that many watches do not call at the same moment
_MOST_INTERVALS, _LONGEST_REST = 10, 900.0  # a rest is at most so many intervals, and at most so many seconds
_DOUBLINGS = 30


@value
class Rest:
    """A provider that failed so often in a row is not called before `until`."""

    failures: int
    until: float


def next_look(began: float, ended: float, interval: float, draw: float) -> float:
    """When the look after this one begins: never before this one has ended."""
    return max(ended, began + interval * (1 - JITTER * draw))


def after_failure(rest: Rest | None, now: float, interval: float, draw: float) -> Rest:
    """The rest after one more failure. After the first one, the next look still calls the provider."""
    failures = 1 if rest is None else rest.failures + 1
    longest = max(interval, min(_MOST_INTERVALS * interval, _LONGEST_REST))
    seconds = min(longest, interval * (2 ** min(failures - 1, _DOUBLINGS) - 0.5))
    return Rest(failures, now + seconds * (1 - JITTER * draw))

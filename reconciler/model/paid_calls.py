"""The paid calls of one day, which the state counts so that no restart forgets them."""

from __future__ import annotations

from datetime import date, timedelta

from reconciler.values import value


@value
class PaidCalls:
    """How many paid calls were begun on a day (UTC). As a change of the count, it may be negative."""

    day: date
    count: int


_SKEW = timedelta(days=1)  # a clock that is further ahead is wrong, and must not use up the limits of years


def added(counted: PaidCalls | None, more: PaidCalls) -> PaidCalls | None:
    """The count after a change. A new day begins at zero; what is taken back of another day is forgotten."""
    if more.count < 0 and (counted is None or counted.day != more.day):
        return counted
    before = made_on(counted, more.day)
    day = more.day if counted is None or before == 0 else max(counted.day, more.day)
    return PaidCalls(day, max(0, before + more.count))


def made_on(counted: PaidCalls | None, day: date) -> int:
    """How many paid calls count for this day. Those of the next day count too: clocks differ, and may be set back."""
    return counted.count if counted is not None and day <= counted.day <= day + _SKEW else 0

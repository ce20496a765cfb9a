"""Holds back the changes whose paid calls a day's limit does not allow any more."""

from __future__ import annotations

from dataclasses import replace

from reconciler.hints import hint
from reconciler.model.plan import Action, Plan
from reconciler.planning.change import as_blocked
from reconciler.values import value

_TOMORROW = hint("It waits for the next day (UTC), or for a higher --max-paid-calls-per-day.")


@value
class Limited:
    """A plan within the limit. `waiting`: the addresses of the changes that are blocked by it."""

    plan: Plan
    waiting: tuple[str, ...] = ()
    paid: int = 0  # the paid calls that it plans


def limited(plan: Plan, *, most: int, made: int) -> Limited:
    """The plan, in which the changes that would make more paid calls today than `most` are blocked.

    `made` paid calls were made today. The changes keep their order: the first ones that fit are made. One that pays
    twice is made whole or not at all, and so is a replace.
    """
    left = planned = max(0, most - made)
    changes, waiting = [], []
    for change in plan.changes:
        paid = 0 if change.action is Action.BLOCKED else change.calls[1]
        if paid > left:
            why = f"the daily limit: {_calls(made)} today (UTC), and at most {most} are allowed"
            changes.append(as_blocked(change, why, _TOMORROW, key=None, approval_digest=None))
            waiting.append(change.address)
            continue
        left -= paid
        changes.append(change)
    if not waiting:
        return Limited(plan, paid=planned - left)
    return Limited(replace(plan, changes=tuple(changes)), tuple(waiting), planned - left)


def _calls(made: int) -> str:
    return "1 paid call was made" if made == 1 else f"{made} paid calls were made"

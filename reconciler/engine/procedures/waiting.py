"""How long a procedure waits and how often it looks up, and the messages for when that fails."""

from __future__ import annotations

from datetime import timedelta

from reconciler.engine.context import Context
from reconciler.engine.steps import Failed, Overdue
from reconciler.hints import hint
from reconciler.model.state import Record
from reconciler.model.time_format import format_time
from reconciler.planning.blocked_change import resolve_hint

MAX_LOOKUPS = 5
LOOKS_UP_LATER = hint("The next apply looks it up and goes on.")
RETRIES_LATER = hint("The next apply tries again.")
OUTCOME_UNKNOWN = "the call's outcome is not known yet"
_LONGEST_WAIT = timedelta(days=1)  # no cloud documents how long a task takes; we have seen minutes


def overdue(context: Context, record: Record, waited: Overdue) -> Failed:
    """The failure of a run whose task has not ended in time. The next runs wait again, but not for ever."""
    why = f"its task has not ended after {waited.seconds:.0f} s"
    if not runs_too_long(context, record):
        return Failed(why, hint("The next apply goes on with it, and pays nothing."))
    resolve = resolve_hint(record, which=None if context.is_current(record) else record.external_task_id)
    waits_again = hint(f"It was begun at {format_time(record.created_at)}, and each apply waits again")
    return Failed(why, waits_again + resolve)


def runs_too_long(context: Context, record: Record) -> bool:
    """Whether the task has run for so long that the user should resolve it."""
    return context.now - record.created_at >= _LONGEST_WAIT


def backoff(looks: int) -> float:
    """Seconds until the next look-up, after so many of them."""
    return min(10.0, 2.0 ** (looks - 1))

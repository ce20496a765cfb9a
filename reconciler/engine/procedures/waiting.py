"""How long a procedure waits and looks, and what it says when that was in vain."""

from __future__ import annotations

from datetime import timedelta

from reconciler.engine.context import Context
from reconciler.engine.steps import Failed, Overdue
from reconciler.hints import hint
from reconciler.model.state import Record
from reconciler.model.time_format import format_time
from reconciler.planning.blocked_change import resolve_hint

LOOKS = 5
GOES_ON = hint("The next apply looks it up and goes on.")
TRIES_AGAIN = hint("The next apply tries again.")
NOT_KNOWN = "the call's outcome is not known yet"
_LONGEST_WAIT = timedelta(days=1)  # no cloud says how long a task takes: minutes, as seen


def overdue(context: Context, record: Record, waited: Overdue) -> Failed:
    """Whoever waits for its task is told that a run goes on with it, but not for ever."""
    why = f"its task has not ended after {waited.seconds:.0f} s"
    if not is_endless(context, record):
        return Failed(why, hint("The next apply goes on with it, and pays nothing."))
    resolve = resolve_hint(record, which=None if context.means(record) else record.external_task_id)
    begun = hint(f"It was begun at {format_time(record.created_at)}, and each apply waits again")
    return Failed(why, begun + resolve)


def is_endless(context: Context, record: Record) -> bool:
    return context.now - record.created_at >= _LONGEST_WAIT


def backoff(looks: int) -> float:
    """Seconds until the next look, after so many."""
    return min(10.0, 2.0 ** (looks - 1))

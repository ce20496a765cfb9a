"""The calls that change something at a cloud, and whose answer is not here yet; and whether one more may be sent.

Before each such call the lease of the state's lock must be long enough for it, without asking the store. So a run that
was paused for longer than its lease sends nothing more, until the store has confirmed that the lock is still its own.
If the store does not confirm it for two minutes, the run ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from math import inf

from reconciler.engine.context import Context
from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.steps import Activate, Call, Submit
from reconciler.model.state import Record
from reconciler.protocols.backend import Lease

RECHECK = 0.5  # seconds until a lease that is too short is looked at again
_LONGEST_WAIT = 120.0  # seconds that a run waits for a longer lease


class OpenCalls:
    """The open calls of a run, by its procedures: each waits for one call at a time."""

    def __init__(self, context: Context, lease: Lease) -> None:
        self._context = context
        self._lease = lease
        self._longest = max(0.0, lease.left())  # what a renewed lease has left, at least
        self._open: dict[int, Call] = {}
        self._asked_at = -inf  # when the lease was too short for a call (monotonic seconds)
        self._waited = 0.0  # seconds since it was long enough; a pause of this process does not count

    def __bool__(self) -> bool:
        return bool(self._open)

    @property
    def lock_lost(self) -> str | None:
        """Why the lock is not this run's any more, or can't be relied on."""
        if self._lease.lost is None and self._waited >= _LONGEST_WAIT:
            return f"the lock of the state could not be renewed for {_LONGEST_WAIT:g} s, and no call is sent without it"
        return self._lease.lost

    def may_send(self, seconds: float) -> bool:
        """Whether the lease is long enough for a call that may take so long. Of a long call, half a lease must do."""
        if self._lease.left() >= min(seconds, self._longest / 2):
            self._waited = 0.0
            return True
        now = self._context.clock.monotonic()
        self._waited += min(now - self._asked_at, 2 * RECHECK)
        self._asked_at = now
        return False

    def sent(self, run: ProcedureRun, call: Call) -> None:
        self._open[id(run)] = call

    def ended(self, run: ProcedureRun) -> None:
        self._open.pop(id(run), None)

    def records_with_deadline(self) -> Iterator[Record]:
        """The records of paid calls that are left without their answer, with the time at which each is surely over."""
        for call in self._open.values():
            record = self._context.record(call.record.external_task_id)
            if record is not None and isinstance(call, (Submit, Activate)):
                cloud = self._context.clouds[call.record.provider]
                yield replace(record, call_until=self._context.now + timedelta(seconds=cloud.call_timeout))

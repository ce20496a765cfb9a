"""What is let go without a call: it never was, or its cloud can't delete it. Then it is kept in sight, by its id.

Only its task tells that id, and at some clouds for three days: so the end of a task is waited for here as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.engine import transitions
from reconciler.engine.ledger import Ledger
from reconciler.engine.tallying import Counter
from reconciler.engine.work import Lane, Work
from reconciler.model.observed import RemoteVoice
from reconciler.model.plan import Action, Change
from reconciler.model.state import Record, Status
from reconciler.protocols import Clock


class Departures:
    """The voices that one run lets go."""

    def __init__(self, lanes: Mapping[str, Lane], ledger: Ledger, count: Counter, clock: Clock) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._count = count
        self._clock = clock

    def begin(self, work: Work, record: Record) -> None:
        work.old = record
        if _stays(work.change) and is_nameless(record):
            self._lanes[record.provider].await_task(record.external_task_id, work, self._clock.monotonic())
        else:
            self.end(work)

    def awaited(self, work: Work, remote: RemoteVoice) -> None:
        """Its task has ended."""
        work.old = transitions.seen(_old(work), remote, now=self._clock.now())
        self.end(work)

    def end(self, work: Work) -> None:
        old, now = _old(work), self._clock.now()
        stays = _stays(work.change)
        if old.status is Status.FAILED or not (stays or old.status is Status.INTENDED):
            kept = transitions.tombstone(old, now=now)
        else:
            kept = transitions.ended(old, Status.ABANDONED if stays else Status.LAPSED, now=now)
        holder = self._ledger.at(old.address)
        bound = holder is not None and holder.external_task_id == old.external_task_id
        self._ledger.write(kept, current={old.address: None} if bound else {})
        self._count.done(self._ledger, work)


def is_nameless(record: Record) -> bool:
    """Whether its task runs, and nothing else tells what it makes."""
    return record.status is Status.RUNNING and record.task_id is not None and not record.named


def _stays(change: Change) -> bool:
    """Whether it stays in its cloud; what another took the place of, and was not deleted, always may."""
    return change.abandons or change.action is not Action.FORGET


def _old(work: Work) -> Record:
    if work.old is None:
        raise ValueError(f"{work.change.address}: nothing to let go")
    return work.old

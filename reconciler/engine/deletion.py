"""What each answer means for a deletion. Only voices of our own records come here.

The record is deposed before the call: killed in between, the next run deletes it, whatever the list says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.engine import transitions
from reconciler.engine.ledger import Ledger
from reconciler.engine.tallying import Counter
from reconciler.engine.work import Lane, Work
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.model.events import Kind
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.state import Record
from reconciler.protocols import Clock

_TRIES = 4  # a deletion may be repeated: the second one finds nothing
_TRIES_AGAIN = "The next apply tries again."


class Deletions:
    """The deletions of one run. `deleted` is called when a voice is gone, `halt` stops the run."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        ledger: Ledger,
        count: Counter,
        clock: Clock,
        *,
        halt: Callable[[str, str], None],
        deleted: Callable[[Work], None],
    ) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._count = count
        self._clock = clock
        self._halt = halt
        self._deleted = deleted

    def depose(self, work: Work, *, by: str | None) -> None:
        """The address means it no more."""
        old = _old(work)
        bound = self._ledger.at(old.address)
        ours = bound is not None and bound.external_task_id == old.external_task_id
        work.old = transitions.deposed(old, by=by, keep_old=None, now=self._clock.now())
        self._ledger.write(work.old, current={old.address: None} if ours else {})
        self.begin(work)

    def begin(self, work: Work) -> None:
        """A deposed voice's call, once there is a voice: a task can't be stopped, so its end is waited for."""
        old = _old(work)
        lane = self._lanes[old.provider]
        if old.voice_id is None:
            lane.await_task(old.external_task_id, work, self._clock.monotonic())
        else:
            lane.to_remove.append(work)

    def awaited(self, lane: Lane, work: Work, remote: RemoteVoice) -> None:
        """The task of a voice that is to be deleted has ended."""
        old = _old(work)
        if remote.status is TaskStatus.FAILED:
            self._end(work)
            return
        work.old = old.model_copy(update={"voice_id": remote.voice_id})
        self._ledger.write(work.old)
        lane.to_remove.append(work)

    def removed(self, lane: Lane, work: Work, answer: CloudError | None) -> None:
        """The answer to a deletion."""
        now = self._clock.monotonic()
        if not (isinstance(answer, Rejected) and answer.unsent):
            lane.unopened = 0
        match answer:
            case None | Rejected(absent=True):
                # Absent counts: the plan deletes only what this run has seen, so an earlier try of ours did it.
                self._end(work)
            case Throttled(retry_after=retry_after):
                lane.limits.pace("delete").refused(now, sent_at=work.sent_at, retry_after=retry_after)
                work.tries -= 1
                self._again(lane, work, answer, Kind.SLOWED, after=0.0)
            case CloudError(systemic=True):
                self._halt(answer.detail, answer.hint)
            case Rejected(unsent=True):
                if lane.unopened_again(work.sent_at, now):
                    self._halt(answer.detail, answer.hint)
                else:
                    self._again(lane, work, answer, Kind.RETRYING, after=0.0)
            case OutcomeUnknown() if work.tries < _TRIES:
                self._again(lane, work, answer, Kind.RETRYING, after=2.0 ** (work.tries - 1))
            case _:
                self._give_up(work, answer)

    def _again(self, lane: Lane, work: Work, answer: CloudError, kind: Kind, *, after: float) -> None:
        now = self._clock.monotonic()
        if work.since is not None and now - work.since > lane.cloud.patience:
            self._give_up(work, answer)
            return
        self._count.note(self._ledger, work, kind, answer.detail)
        work.not_before = now + after
        lane.to_remove.append(work)

    def _give_up(self, work: Work, answer: CloudError) -> None:
        told = f"could not delete {_old(work).voice_id}: {answer.detail}"
        self._count.fail(self._ledger, work, told, answer.hint or _TRIES_AGAIN)

    def _end(self, work: Work) -> None:
        self._ledger.write(transitions.tombstone(_old(work), now=self._clock.now()))
        self._deleted(work)


def _old(work: Work) -> Record:
    if work.old is None:
        raise ValueError(f"{work.change.address}: a deletion without a record")
    return work.old

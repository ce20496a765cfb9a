"""What each answer means for a voice that stands: its first use, which is paid, and keys that its cloud is told anew.

A first use is durable before its call and is never called twice by itself: after a lost reply the cloud's list tells.
Where an earlier run died in between, the list is looked at first, and for a while: the call may never have gone out.
One that was made is looked for as well: only a voice that the list has shown can look gone later.
An update may be repeated: the second one changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.engine import transitions
from reconciler.engine.ledger import Ledger
from reconciler.engine.tallying import Counter
from reconciler.engine.work import Lane, Work
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.model.events import Kind
from reconciler.model.manifest import Voice
from reconciler.model.observed import Found, Observation, Unknown
from reconciler.model.state import MADE, Activation, Record
from reconciler.protocols import Clock

_LOOKS = 5
_TRIES = 4
_TRIES_AGAIN = "The next apply tries again."


class Upkeep:
    """The updates and first uses of one run. `kept` is called when a voice is as declared, `halt` stops the run."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        ledger: Ledger,
        count: Counter,
        clock: Clock,
        *,
        halt: Callable[[str, str], None],
        kept: Callable[[Work], None],
    ) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._count = count
        self._clock = clock
        self._halt = halt
        self._kept = kept

    def begin(self, work: Work) -> None:
        """The next call that the voice needs, or none."""
        record = _record(work)
        lane = self._lanes[record.provider]
        if work.change.activates and record.activation not in MADE:
            work.unused = record.activation is None
            work.cut_short = record.activation is Activation.BEGUN
            work.looks = work.tries = 0
            if work.cut_short:
                self._look(lane, work, after=0.0)
            else:
                work.record = transitions.activating(record, Activation.BEGUN)
                self._ledger.write(work.record)
                lane.to_keep.append(work)
        elif work.change.in_place and not work.told:
            work.tries = 0
            lane.to_keep.append(work)
        else:
            self._kept(work)

    def answered(self, lane: Lane, work: Work, answer: CloudError | None) -> None:
        """The answer to the call that `begin` asked for."""
        now = self._clock.monotonic()
        if not (isinstance(answer, Rejected) and answer.unsent):
            lane.unopened = 0
        if isinstance(answer, Throttled):
            lane.limits.pace(work.keeping).refused(now, sent_at=work.sent_at, retry_after=answer.retry_after)
            self._again(lane, work, answer, Kind.SLOWED, after=0.0)
        elif isinstance(answer, Rejected) and answer.unsent:
            if lane.unopened_again(work.sent_at, now):
                self._give_up(work, answer)
                self._halt(answer.detail, answer.hint)
            else:
                self._again(lane, work, answer, Kind.RETRYING, after=0.0)
        elif isinstance(answer, CloudError) and answer.systemic:
            self._give_up(work, answer)
            self._halt(answer.detail, answer.hint)
        elif work.activating:
            self._activated(lane, work, answer)
        else:
            self._updated(lane, work, answer)

    def looked(self, lane: Lane, work: Work, answer: Observation | CloudError) -> None:
        """Whether the cloud lists the voice, after its activation's reply was lost."""
        if isinstance(answer, Found) and answer.remote.active:
            self._goes_on(work, Activation.DONE)
        elif isinstance(answer, CloudError) and answer.systemic:
            lane.settling.append(work)
            self._halt(answer.detail, answer.hint)
        elif work.looks < _LOOKS:
            self._look(lane, work, after=min(10.0, 2.0 ** (work.looks - 1)))
        elif work.confirming:
            self._goes_on(work, Activation.USED)
        elif work.cut_short and isinstance(answer, Unknown) and answer.by_nature:
            work.cut_short = False  # the list was read, and showed no voice that was used
            lane.to_keep.append(work)
        else:
            self.leave_open(work)

    def withdraw(self, work: Work) -> None:
        """Its call did not go out, so it was not begun."""
        if work.activating and work.tries == 0:
            self._not_begun(work)

    def _not_begun(self, work: Work) -> None:
        if work.unused:
            work.record = transitions.activating(_record(work), None)
            self._ledger.write(work.record)

    def leave_open(self, work: Work) -> None:
        """Nobody knows yet whether the voice was used; it stays, and so does what is known of it."""
        if work.confirming:
            told = "the voice is there and was used; the run ended before the cloud listed it"
            self._count.fail(self._ledger, work, told, "The next apply goes on with it.")
            return
        if not work.cut_short:
            work.record = transitions.activating(_record(work), Activation.UNCERTAIN)
            self._ledger.write(work.record)
        told = "the voice is there; whether its activation was done is not known, and the cloud does not list it yet"
        hint = f"The next apply looks again; to pay for another call: --retry {work.change.address}"
        self._count.doubt(self._ledger, work, told, hint)

    def _activated(self, lane: Lane, work: Work, answer: CloudError | None) -> None:
        match answer:
            case None:
                work.record = transitions.activating(_record(work), Activation.USED)
                self._ledger.write(work.record)
                work.confirming, work.looks = True, 0
                self._look(lane, work, after=0.0)
            case OutcomeUnknown():
                self._count.note(self._ledger, work, Kind.RETRYING, f"looking whether it was used: {answer.detail}")
                self._look(lane, work, after=1.0)
            case _:
                self._give_up(work, answer)

    def _goes_on(self, work: Work, activation: Activation) -> None:
        work.confirming = False
        work.record = transitions.activating(_record(work), activation)
        self._ledger.write(work.record)
        self.begin(work)

    def _updated(self, lane: Lane, work: Work, answer: CloudError | None) -> None:
        match answer:
            case None:
                work.told = True
                work.record = transitions.changed_in_place(_record(work), _voice(work), work.change.in_place)
                self._ledger.write(work.record)
                self.begin(work)
            case OutcomeUnknown() if work.tries < _TRIES:
                self._again(lane, work, answer, Kind.RETRYING, after=2.0 ** (work.tries - 1))
            case _:
                self._give_up(work, answer)

    def _look(self, lane: Lane, work: Work, *, after: float) -> None:
        work.not_before = self._clock.monotonic() + after
        lane.settling.append(work)

    def _again(self, lane: Lane, work: Work, answer: CloudError, kind: Kind, *, after: float) -> None:
        now = self._clock.monotonic()
        if work.since is not None and now - work.since > lane.cloud.patience:
            self._give_up(work, answer)
            return
        self._count.note(self._ledger, work, kind, answer.detail)
        work.not_before = now + after
        lane.to_keep.append(work)

    def _give_up(self, work: Work, answer: CloudError) -> None:
        """The call provably did nothing, or may be repeated by the next run."""
        if work.activating:
            self._not_begun(work)
            told = f"the voice was not activated: {answer.detail}"
            if isinstance(answer, Rejected) and answer.absent:
                hint = f"If its cloud dropped it unused, pay for a new one: --replace {work.change.address}"
                self._count.fail(self._ledger, work, told, hint)
                return
        else:
            told = f"could not be updated: {answer.detail}"
        self._count.fail(self._ledger, work, told, answer.hint or _TRIES_AGAIN)


def _record(work: Work) -> Record:
    if work.record is None:
        raise ValueError(f"{work.change.address}: nothing to keep")
    return work.record


def _voice(work: Work) -> Voice:
    if work.voice is None:
        raise ValueError(f"{work.change.address}: an update that nobody declared")
    return work.voice

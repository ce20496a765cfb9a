"""What each answer means for a creation: written down as a record, and where it goes next.

The rule that money hangs on: only a proof clears an intent. `Rejected` and `Throttled` of a first sending are proofs;
after a second sending only `find`, or the cloud's word that it knows the key, settles it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.engine import transitions
from reconciler.engine.departure import is_nameless
from reconciler.engine.key_in_use import KeyInUse
from reconciler.engine.ledger import Ledger
from reconciler.engine.tallying import Counter
from reconciler.engine.work import Lane, Work
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.model.events import Kind
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Action
from reconciler.model.state import LIVE, Record, Status
from reconciler.planning.blocking import failure_hint, resolve_hint
from reconciler.protocols import Accepted, Clock, Done

SENDS = 3  # of one key in one run
_MOST_SENDINGS = 4 * SENDS  # of one key over all runs, until a person is asked
_LOOKS_BEFORE_RESENDING = 2
_LOOKS = 5
_GOES_ON = "The next apply looks it up and goes on."
_NOT_KNOWN = "the call's outcome is not known yet"
_HIDDEN = "the cloud knows the key, and does not show its voice"


class Creations:
    """The creations of one run. `halt` stops the run; `bound` is called when a voice took its address."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        ledger: Ledger,
        count: Counter,
        clock: Clock,
        *,
        halt: Callable[[str, str], None],
        bound: Callable[[Work], None],
    ) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._count = count
        self._clock = clock
        self._halt = halt
        self._bound = bound
        self._key_in_use = KeyInUse(ledger, count, clock, made=self.ended, look_up=self._look_up)

    def begin(self, lane: Lane, work: Work) -> None:
        """The intent, durable with the next flush, which comes before the call."""
        change, voice = work.change, _voice(work)
        now = self._clock.now()
        before = self._ledger.record(change.key) if change.key else None
        work.record = transitions.intended(change, voice, account=lane.cloud.provider.account, before=before, now=now)
        held = self._ledger.at(voice.address)
        if change.action is Action.REPLACE and held is not None:
            self._ledger.write(work.record)  # the address stays with the voice that it has
            return
        if held is not None and held.external_task_id != work.record.external_task_id:
            if change.gone:
                self._ledger.write(transitions.tombstone(held, now=now))
            elif held.status is Status.INTENDED:
                self._ledger.write(transitions.ended(held, Status.LAPSED, now=now))
            else:
                work.rebind = held.external_task_id
        self._ledger.write(work.record, current={voice.address: work.record.external_task_id})

    def withdraw(self, work: Work) -> None:
        """Takes back an intent whose call provably did nothing: as if it had never begun."""
        if work.record is None:
            return
        record = transitions.unsent(work.record)
        if record.attempts > 0:
            self._ledger.write(record)
            return
        held = self._ledger.at(record.address)
        is_held = held is not None and held.external_task_id == record.external_task_id
        self._ledger.write(current={record.address: work.rebind} if is_held else {}, without=[record.external_task_id])

    def bind(self, lane: Lane, work: Work) -> None:
        """A voice that was made already, by an interrupted run or by others: no call."""
        change, voice = work.change, _voice(work)
        if change.made is None:
            raise ValueError(f"{change.address}: nothing to bind")
        now = self._clock.now()
        known = self._ledger.record(change.key) if change.key else None
        if known is not None:
            record = transitions.seen(known, change.made, now=now).model_copy(update={"deposed_by": None})
        else:
            record = transitions.bound(change, voice, change.made, account=lane.cloud.provider.account, now=now)
        work.record = record
        if change.made.status is TaskStatus.RUNNING:
            current = {voice.address: record.external_task_id} if self._ledger.at(voice.address) is None else {}
            self._ledger.write(record, current=current)
            self._wait(lane, work)
        else:
            self._ready(work)

    def sent(self, lane: Lane, work: Work, answer: Accepted | Done | CloudError) -> None:
        """The answer to a paid call."""
        if not (isinstance(answer, Rejected) and answer.unsent):
            lane.unopened = 0
        match answer:
            case Accepted(task_id=task_id):
                lane.limits.cap.accepted(work.sent_at)
                work.record = transitions.accepted(_record(work), task_id, now=self._clock.now())
                self._ledger.write(work.record)
                self._count.note(self._ledger, work, Kind.ACCEPTED)
                self._wait(lane, work)
            case Done(remote=remote):
                self.ended(work, remote)
            case Throttled():
                self._throttled(lane, work, answer)
            case Rejected():
                self._rejected(lane, work, answer)
            case OutcomeUnknown() | CloudError():
                self._lost(lane, work, answer)

    def looked(self, lane: Lane, work: Work, answer: Observation | CloudError) -> None:
        """What `find` found after a lost reply."""
        if work.forgotten and self._key_in_use.looked(lane, work, _record(work), answer):
            return
        match answer:
            case Found(remote=remote) if remote.status is TaskStatus.RUNNING:
                work.record = transitions.seen(_record(work), remote, now=self._clock.now())
                self._ledger.write(work.record)
                self._count.note(self._ledger, work, Kind.ACCEPTED, "it had arrived")
                self._wait(lane, work)
            case Found(remote=remote):
                self.ended(work, remote)
            case Absent():
                self._absent(lane, work)
            case Unknown(why=why):
                self._look_again(lane, work, why)
            case CloudError(systemic=True):
                lane.settling.append(work)  # as it was: still to be looked up
                self._halt(answer.detail, answer.hint)
            case CloudError():
                self._look_again(lane, work, answer.detail)

    def ended(self, work: Work, remote: RemoteVoice) -> None:
        """Its task has ended, with a voice or without."""
        work.record = transitions.seen(_record(work), remote, now=self._clock.now())
        if work.record.status is Status.READY:
            self._ready(work)
            return
        self._ledger.write(work.record)
        message = work.record.message or "the cloud gave no reason"
        self._count.fail(self._ledger, work, message, failure_hint(_voice(work), work.record.cause))

    def leave_open(self, work: Work) -> None:
        """The run ends before anybody knows what became of the call."""
        self._count.fail(self._ledger, work, _NOT_KNOWN, _GOES_ON)

    # --- one answer each ---

    def _ready(self, work: Work) -> None:
        """The voice takes its address; the old one is deposed in the same write."""
        voice = _voice(work)
        record = work.record = transitions.updated(_record(work), voice)
        held = self._ledger.at(voice.address)
        if held is not None and held.external_task_id != record.external_task_id:
            work.old = self._superseded(held, record, keep_old=voice.lifecycle.keep_old)
            self._ledger.write(work.old)
        self._ledger.write(record, current={voice.address: record.external_task_id})
        self._bound(work)

    def _superseded(self, held: Record, by: Record, *, keep_old: float | None) -> Record:
        now = self._clock.now()
        if held.status not in LIVE:
            return held
        if held.method == "preset":
            return transitions.tombstone(held, now=now)
        if held.status is Status.INTENDED:
            return transitions.ended(held, Status.LAPSED, now=now)
        if not self._lanes[held.provider].cloud.can(held.method).can_delete(held):
            if is_nameless(held):
                return held  # until its task has told what it made
            return transitions.ended(held, Status.ABANDONED, now=now)
        return transitions.deposed(held, by=by.external_task_id, keep_old=keep_old, now=now)

    def _throttled(self, lane: Lane, work: Work, answer: Throttled) -> None:
        now = self._clock.monotonic()
        wait = answer.retry_after
        if answer.in_flight:
            lane.limits.cap.refused(lane.in_flight, now, sent_at=work.sent_at, retry_after=wait)
        else:
            lane.limits.pace("create").refused(now, sent_at=work.sent_at, retry_after=wait)
        if work.since is not None and now - work.since > lane.cloud.patience:
            self.withdraw(work)
            self._count.fail(self._ledger, work, answer.detail, "The next apply tries again.")
            return
        self._count.note(self._ledger, work, Kind.SLOWED, answer.detail)
        lane.to_send.appendleft(work)

    def _rejected(self, lane: Lane, work: Work, answer: Rejected) -> None:
        record = _record(work)
        if answer.duplicate:
            work.known_there = True
            if record.attempts == 1:
                self._key_in_use.refused(work, record)
            self._look_up(lane, work, 0.0)
        elif answer.systemic or (answer.unsent and lane.unopened_again(work.sent_at, self._clock.monotonic())):
            # Every other call would end the same: the intent is taken back, and the run stops.
            self.withdraw(work)
            self._halt(answer.detail, answer.hint)
        elif answer.unsent:
            self._count.note(self._ledger, work, Kind.RETRYING, answer.detail)
            lane.to_send.appendleft(work)
        elif record.attempts > 1:
            # A refusal may be the cloud's way to say that it knows the key: only what is found tells.
            work.refused = (
                f"an earlier call may have made this voice, and the cloud refused the second: {answer.detail}"
            )
            self._look_up(lane, work, 0.0)
        elif answer.spent:
            self.withdraw(work)
            self._count.fail(
                self._ledger, work, answer.detail, "Nothing was paid. Once that is granted: voicectl apply"
            )
        else:
            work.record = transitions.failed(record, answer.detail, cause=answer.cause, now=self._clock.now())
            self._ledger.write(work.record)
            self._count.fail(self._ledger, work, answer.detail, failure_hint(_voice(work), answer.cause))

    def _lost(self, lane: Lane, work: Work, answer: CloudError) -> None:
        if not lane.cloud.can(_record(work).method).settles:
            self._unknowable(work, f"the call's reply was lost, and this cloud can't be asked: {answer.detail}")
            return
        work.lost = answer.detail
        self._count.note(self._ledger, work, Kind.RETRYING, f"looking up what became of the call: {answer.detail}")
        self._look_up(lane, work, 1.0)

    def _look_up(self, lane: Lane, work: Work, after: float) -> None:
        work.not_before = self._clock.monotonic() + after
        lane.settling.append(work)

    def _absent(self, lane: Lane, work: Work) -> None:
        if work.known_there or work.refused:
            if work.looks < _LOOKS:
                self._look_again(lane, work, _HIDDEN)
            else:
                self._unknowable(work, work.refused or _HIDDEN)
        elif work.looks < _LOOKS_BEFORE_RESENDING:
            self._look_up(lane, work, 1.0)
        elif lane.cloud.can(_record(work).method).dedupes and work.sends < SENDS:
            # The same key: were the first call to arrive after all, the cloud refuses this one.
            record = _record(work)
            work.record = record.model_copy(update={"attempts": record.attempts + 1})
            work.looks = 0
            self._ledger.write(work.record)
            lane.to_send.append(work)
        else:
            self._never_taken(lane, work)

    def _never_taken(self, lane: Lane, work: Work) -> None:
        """The cloud answers each sending with an error, and shows that it took none of them."""
        record = _record(work)
        if not lane.cloud.can(record.method).dedupes or not work.lost:
            self.leave_open(work)
            return
        why = f"sent {record.attempts} times, and nothing of it is shown: {work.lost}"
        if record.attempts < _MOST_SENDINGS:
            self._count.fail(self._ledger, work, why, _GOES_ON)
            return
        work.record = transitions.failed(record, why, now=self._clock.now())
        self._ledger.write(work.record)
        self._count.fail(self._ledger, work, why, failure_hint(_voice(work), None))

    def _look_again(self, lane: Lane, work: Work, why: str) -> None:
        if work.looks < _LOOKS:
            self._look_up(lane, work, min(10.0, 2.0 ** (work.looks - 1)))
        else:
            self._count.fail(self._ledger, work, f"{_NOT_KNOWN}: {why}", _GOES_ON)

    def _unknowable(self, work: Work, why: str) -> None:
        work.record = transitions.uncertain(_record(work), why, now=self._clock.now())
        self._ledger.write(work.record)
        self._count.doubt(self._ledger, work, why, resolve_hint(work.record))

    def _wait(self, lane: Lane, work: Work) -> None:
        lane.await_task(_record(work).external_task_id, work, self._clock.monotonic())


def _voice(work: Work) -> Voice:
    if work.voice is None:
        raise ValueError(f"{work.change.address}: a creation that nobody declared")
    return work.voice


def _record(work: Work) -> Record:
    if work.record is None:
        raise ValueError(f"{work.change.address}: a creation without its intent")
    return work.record

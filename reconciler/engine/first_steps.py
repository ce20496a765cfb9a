"""What each change of a plan begins with: a record is written, a call is queued, or the change is done already."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.engine import transitions
from reconciler.engine.creation import Creations
from reconciler.engine.deletion import Deletions
from reconciler.engine.departure import Departures
from reconciler.engine.ledger import Ledger
from reconciler.engine.tallying import Counter
from reconciler.engine.work import Lane, Work
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.state import Record, Status
from reconciler.planning import moves
from reconciler.planning.movable import rebound
from reconciler.protocols import Clock

_UNKNOWABLE = "an earlier run was interrupted during this call, and nobody can tell what it left"


class FirstSteps:
    """The first step of each change of one plan. `keep_up` is called for a voice that may only need an update."""

    def __init__(
        self,
        plan: Plan,
        lanes: Mapping[str, Lane],
        ledger: Ledger,
        count: Counter,
        clock: Clock,
        *,
        creations: Creations,
        deletions: Deletions,
        departures: Departures,
        keep_up: Callable[[Work], None],
    ) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._count = count
        self._clock = clock
        self._creations = creations
        self._deletions = deletions
        self._departures = departures
        self._keep_up = keep_up
        self._deleting = {change.address for change in plan.changes if change.action is Action.DELETE}
        going = [change for change in plan.changes if change.action is Action.MOVE]
        self._moving = {change.address: change.record or "" for change in going}
        self._after_deletion: dict[str, Work] = {}  # address -> its creation, which must not come first

    def begin(self, work: Work) -> None:
        change = work.change
        if change.action is not Action.MOVE:
            self._rebind(change)
        match change.action:
            case Action.BLOCKED:
                self._leave_to_a_person(self._as_found(change))
                self._count.block(self._ledger, work)
            case Action.CREATE | Action.CLONE:
                self._as_found(change)
                self._create(work)
            case Action.RECOVER | Action.RESUME:
                self._creations.bind(self._lanes[change.provider], work)
            case Action.REPLACE:
                self._replace(work)
            case Action.DELETE:
                work.old = self._as_found(change)
                self._deletions.depose(work, by=work.old.deposed_by if work.old is not None else None)
            case Action.FORGET:
                self._forget(work, self._as_found(change))
            case Action.MOVE:
                self._move(work)
            case Action.UPDATE:
                record = self._as_found(change)
                if record is not None and work.voice is not None:
                    work.record = transitions.updated(record, work.voice)
                    self._ledger.write(work.record)
                self._keep_up(work)
            case Action.NO_OP:
                pass

    def create_after(self, deleted: str) -> None:
        """The voice at this address is deleted: the creation that waited for it is queued."""
        waiting = self._after_deletion.pop(deleted, None)
        if waiting is not None:
            self._lanes[waiting.change.provider].to_create.append(waiting)

    def _rebind(self, change: Change) -> None:
        """The same account under another name: written down before anything that builds on it."""
        for key in change.rebinds:
            record = self._ledger.record(key)
            if record is not None:
                account = self._lanes[change.provider].cloud.provider.account
                self._ledger.write(rebound(record, provider=change.provider, account=account))

    def _create(self, work: Work) -> None:
        voice, address = work.voice, work.change.address
        if voice is not None and not voice.lifecycle.create_before_destroy and address in self._deleting:
            self._after_deletion[address] = work  # a replace that was killed between its halves
        else:
            self._lanes[work.change.provider].to_create.append(work)

    def _as_found(self, change: Change) -> Record | None:
        """The record acted on, as the plan found it: written down, because what follows builds on it."""
        record = self._ledger.record(change.record) if change.record else None
        if record is None or change.found is None:
            return record
        found = transitions.seen(record, change.found, now=self._clock.now())
        if record.status is Status.DEPOSED and change.action is Action.BLOCKED:
            return record  # there it is, and still to be deleted
        self._ledger.write(found)
        return found

    def _leave_to_a_person(self, record: Record | None) -> None:
        """An intent of an earlier run that no cloud can settle is uncertain from now on."""
        if record is None or record.status is not Status.INTENDED or record.provider not in self._lanes:
            return
        if not self._lanes[record.provider].cloud.can(record.method).settles:
            self._ledger.write(transitions.uncertain(record, _UNKNOWABLE, now=self._clock.now()))

    def _replace(self, work: Work) -> None:
        change, voice = work.change, work.voice
        old = work.old = self._as_found(change)
        turned_round = voice is not None and not voice.lifecycle.create_before_destroy
        if change.made is not None:
            self._creations.bind(self._lanes[change.provider], work)
        elif turned_round and old is not None and self._lanes[old.provider].cloud.can(old.method).can_delete(old):
            work.remove_first = True
            self._deletions.depose(work, by=change.key)
        else:
            self._lanes[change.provider].to_create.append(work)

    def _move(self, work: Work) -> None:
        """All of a plan at once, before the other changes, which build on them: entries may change places."""
        if self._moving:
            known = {address: self._ledger.record(key) for address, key in self._moving.items()}
            pairs = {address: record for address, record in known.items() if record is not None}
            moved, current = moves.moved(self._ledger.state, pairs, now=self._clock.now())
            self._ledger.write(*moved, current=current)
            self._moving = {}
        self._rebind(work.change)
        self._count.done(self._ledger, work)

    def _forget(self, work: Work, record: Record | None) -> None:
        if record is None:
            self._count.done(self._ledger, work)
        else:
            self._departures.begin(work, record)

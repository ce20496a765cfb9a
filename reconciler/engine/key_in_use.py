"""A first call that is refused because its key was used before: by a run that this state has forgotten.

A state that was rebuilt knows neither what was deleted nor what was moved. So what the key once made is taken only
when it is proven to be there: a cloud may list the tasks of voices that were deleted long ago.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.engine import transitions
from reconciler.engine.ledger import Ledger
from reconciler.engine.tallying import Counter
from reconciler.engine.work import Lane, Work
from reconciler.errors import Cause, CloudError
from reconciler.model.events import Kind
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import LIVE, Record
from reconciler.planning import keys
from reconciler.planning.blocking import failure_hint
from reconciler.protocols import Clock, Probing

_LOOKS = 5
_GENERATIONS = 20  # of one address in one run that turn out to be deleted
_FORGOTTEN = "the cloud knows this entry's key: an earlier run, which this state does not know,"
_DELETED = "its key was used for a voice that was deleted since: the next generation is made"


class KeyInUse:
    """`made` is called with what a key proved to have made; `look_up` asks for it (again) after so many seconds."""

    def __init__(
        self,
        ledger: Ledger,
        count: Counter,
        clock: Clock,
        *,
        made: Callable[[Work, RemoteVoice], None],
        look_up: Callable[[Lane, Work, float], None],
    ) -> None:
        self._ledger = ledger
        self._count = count
        self._clock = clock
        self._made = made
        self._look_up = look_up

    def refused(self, work: Work, record: Record) -> None:
        """Durable before anything is looked up: a run that dies here must not leave an intent that a list settles."""
        work.forgotten = True
        self._write(work, record, f"{_FORGOTTEN} made a voice with it")

    def looked(self, lane: Lane, work: Work, record: Record, answer: Observation | CloudError) -> bool:
        """What the key once made, as far as it is shown. False where that is as good as an answer to this very call."""
        match answer:
            case _ if work.proof_of is not None:
                self._proven(lane, work, record, work.proof_of, answer)
            case CloudError(systemic=True):
                return False
            case Found(remote=remote) if remote.deleted:
                self._next_generation(lane, work, record)
            case Found(remote=remote) if remote.status is TaskStatus.READY:
                self._found(lane, work, record, remote)
            case Found(remote=remote) if not remote.voiceless:
                work.forgotten = False  # it runs, so it is not deleted; or it failed
                return False
            case _ if work.looks < _LOOKS:
                self._look_up(lane, work, min(10.0, 2.0 ** (work.looks - 1)))
            case _:
                self._unproven(work, record, f"{_FORGOTTEN} used it, and the cloud does not show for what")
        return True

    def _found(self, lane: Lane, work: Work, record: Record, remote: RemoteVoice) -> None:
        holder = self._ledger.state.by_voice_id.get((record.account, remote.voice_id or ""))
        if holder is not None and holder.status in LIVE and holder.external_task_id != record.external_task_id:
            why = f"{_FORGOTTEN} made the voice {remote.voice_id} with it, now managed as {holder.address}"
            self._unproven(work, record, why)
        elif not lane.cloud.can(record.method).deletes or remote.active:
            self._made(work, remote)
        elif provable(lane):
            work.proof_of = remote
            self._look_up(lane, work, 0.0)
        else:
            self._unproven(work, record, _may_be_deleted(remote))

    def _proven(
        self, lane: Lane, work: Work, record: Record, remote: RemoteVoice, answer: Observation | CloudError
    ) -> None:
        work.proof_of = None
        match answer:
            case Found():
                self._made(work, remote)
            case Absent():
                self._next_generation(lane, work, record)
            case Unknown() | CloudError():
                self._unproven(work, record, _may_be_deleted(remote))

    def _unproven(self, work: Work, record: Record, why: str) -> None:
        """A person decides: it is this voice, or another one is paid for."""
        self._write(work, record, why)
        if work.voice is not None:
            self._count.fail(self._ledger, work, why, failure_hint(work.voice, Cause.KEY_IN_USE))

    def _next_generation(self, lane: Lane, work: Work, record: Record) -> None:
        """The key is used up, which a tombstone remembers; another one is made."""
        bound = self._ledger.at(record.address)
        ours = bound is not None and bound.external_task_id == record.external_task_id
        work.generations += 1
        if work.generations > _GENERATIONS or work.voice is None:
            self._unproven(work, record, f"{_DELETED}, and so were {_GENERATIONS} more")
            return
        now = self._clock.now()
        self._ledger.write(
            transitions.tombstone(record, now=now), current={record.address: work.rebind} if ours else {}
        )
        self._count.note(self._ledger, work, Kind.RETRYING, _DELETED)
        key, generation = keys.following(self._ledger.state, work.voice, above=record.generation)
        work.change = work.change.model_copy(update={"key": key, "generation": generation, "gone": False})
        work.record, work.rebind, work.forgotten, work.known_there = None, None, False, False
        work.sends = work.looks = 0
        lane.to_create.append(work)

    def _write(self, work: Work, record: Record, why: str) -> None:
        work.record = transitions.failed(record, why, cause=Cause.KEY_IN_USE, now=self._clock.now())
        self._ledger.write(work.record)


def provable(lane: Lane) -> bool:
    """Whether its cloud says in so many words, and for nothing, whether a voice was deleted."""
    provider = lane.cloud.provider
    look = provider.capabilities.probe
    return isinstance(provider, Probing) and look is not None and not look.price


def _may_be_deleted(remote: RemoteVoice) -> str:
    return f"{_FORGOTTEN} made the voice {remote.voice_id} with it, and nothing proves that it still exists"

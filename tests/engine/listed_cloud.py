"""A cloud that takes no key and lists what it made a while later: the sandbox's Kling, but for that.

What is Kling's key is a label here, which carries our marker: a second creation under it is paid for again, and only
the list tells of it. It is late by just under its documented lag, by the lag, or by just over; up to the lag a look-up
by id is as late. All the same each voice is bought once: a list that is over its lag is so by less than what a lost
call leaves of its own time-out, which is waited for first. What a later one does stands in `test_found_by_list`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reconciler.errors import CloudError
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import Record
from reconciler.protocols.provider import Accepted, ByList, Capabilities, Done, MethodCapabilities
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.auth import ApiKey
from reconciler.providers.kling.provider import KlingProvider
from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.task import Task
from reconciler.sandbox.world import World
from tests.engine.expected_voices import KLING_KEYS, LISTED
from tests.support.clock import OtherMachine

if TYPE_CHECKING:
    from tests.engine.simulated_run import SimulatedRun

LAG = 60.0  # seconds, as it documents
LATE = (LAG - 1.0, LAG, LAG + 1.0)  # seconds until it lists what is there
SLOWEST = 88  # seconds that a call takes whose reply is lost, of the 90 of its time-out
CAN = Capabilities(methods={"create": MethodCapabilities(found=ByList(lag=LAG)), "existing": MethodCapabilities()})


def at_a_listed_cloud(simulated: SimulatedRun) -> None:
    """Its accounts are of this cloud from now on."""
    simulated.world = ListedWorld.open(":memory:", OtherMachine(simulated.clock), seed=simulated.seed)
    simulated.provide = lambda account: ListedProvider(account, simulated)


class ListedRequest(RequestContext):
    def with_key(self, key: str, *, since: int = 0) -> Task | None:
        """It knows no keys."""
        return None

    def is_late(self, creation: Task) -> bool:
        """By its id it is found in the documented time, if not at once."""
        return self.faults.late_by_id <= LAG and super().is_late(creation)

    def begin(self, voice_name: str, **told: Any) -> Task:
        """What takes Kling a second is there at once; what a lost call asks for, up to its time-out later."""
        seconds = told.pop("seconds")
        if self.happens("reply lost", self.faults.reply_lost):
            self.now += random.Random(self.now).choice([0, 1000 * SLOWEST])
        return super().begin(
            voice_name, **told, seconds=None if seconds is None else max(0.0, seconds - 1.0), action=LISTED
        )


class ListedWorld(World):
    @contextmanager
    def request(self, account: str, action: str) -> Iterator[RequestContext]:
        with self._transaction():
            seed, kept = self._db.execute("SELECT seed, faults FROM world").fetchone()
            faults = self._parse_faults(kept)
            yield ListedRequest(self._db, account, action=action, now=self.now(), seed=seed, faults=faults)


class ListedProvider(KlingProvider):
    """Satisfies `Provider`."""

    def __init__(self, account: KlingAccount, simulated: SimulatedRun) -> None:
        key = ApiKey(KLING_KEYS[account.region])
        super().__init__(account, key, clock=simulated.clock, transport=simulated.wire())
        self.capabilities = CAN
        self._simulated = simulated

    def submit(  # type: ignore[override]  # Kling never tells a voice in its call's answer
        self, voice: Voice, external_task_id: str
    ) -> Accepted | Done:
        accepted = super().submit(voice, external_task_id)
        [made] = [c for c in self._simulated.made if c.task_id == accepted.task_id]
        if made.failure is not None or made.ended_at != made.created_at:
            return accepted
        ready = RemoteVoice(
            status=TaskStatus.READY,
            external_task_id=external_task_id,
            task_id=made.task_id,
            voice_id=made.voice_id,
            voice_name=made.voice_name,
        )
        return Done(remote=ready)

    def poll(self, pending: Sequence[Record]) -> Mapping[str, RemoteVoice]:
        """One list serves them all."""
        return self._listing().matches(pending)

    def find(self, record: Record) -> Observation:
        try:
            seen = self._listing().matches([record]).get(record.external_task_id)
        except CloudError as error:
            if error.systemic:
                raise
            return Unknown(why=error.detail)
        return Absent() if seen is None else Found(remote=seen)

    def _look_up(self, record: Record) -> Observation | None:
        return self._observe_task(record, record.task_id) if record.task_id else None

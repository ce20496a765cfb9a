"""Which calls go out now: intents first, then the calls they announce, and how long until more is due.

Decides when, never what: what an answer means stands in `creation` and `deletion`.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from reconciler.engine.creation import Creations
from reconciler.engine.crew import Crew
from reconciler.engine.ledger import Ledger
from reconciler.engine.pacing import Limits
from reconciler.engine.tallying import Counter
from reconciler.engine.work import Answer, Cloud, Lane, Work, keeping, looking, polling, proving, removing, sending
from reconciler.model.events import Kind
from reconciler.protocols import Clock

CALLS_AT_ONCE = 24  # of one action, for one provider
_SHORTEST_WAIT, _LONGEST_WAIT = 0.001, 30.0  # seconds


class Dispatch:
    """The calls of one run. Nothing goes out that the ledger has not made durable."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        creations: Creations,
        ledger: Ledger,
        count: Counter,
        *,
        crew: Crew[Answer],
        clock: Clock,
    ) -> None:
        self._lanes = lanes
        self._creations = creations
        self._ledger = ledger
        self._count = count
        self._crew = crew
        self._clock = clock
        for lane in lanes.values():  # the plan has just looked at every account
            lane.limits.pace("create").make_way(clock.monotonic())

    def turn(self) -> None:
        """Everything that is due."""
        for lane in self._lanes.values():
            self._begin(lane)
        self._ledger.flush()
        now = self._clock.monotonic()
        for lane in self._lanes.values():
            self._poll(lane, now)  # before a create takes the turn that it waits for
            self._send(lane, now)
            self._look(lane, now)
            self._remove(lane, now)
            self._keep(lane, now)
        self._ledger.flush()  # what has started is told before anything is waited for

    def _begin(self, lane: Lane) -> None:
        """The next intents, for one append: at most one second's calls, or what the method allows to be open."""
        if lane.to_send:
            return
        now = self._clock.monotonic()
        while lane.to_create and self._room(lane) and lane.limits.cap.free_at(lane.in_flight + lane.begun) <= now:
            work = lane.to_create.popleft()
            self._creations.begin(lane, work)
            lane.to_send.append(work)

    def _room(self, lane: Lane) -> bool:
        """Whether one more intent may be open before its call."""
        most = lane.cloud.can(lane.to_create[0].change.method).batch
        open_ = lane.sending + len(lane.to_send)
        return lane.begun < lane.limits.pace("create").batch and (most is None or open_ < most)

    def _send(self, lane: Lane, now: float) -> None:
        while lane.to_send and self._next_send(lane) <= now:
            work = lane.to_send.popleft()
            if work.record is None or work.voice is None:
                raise ValueError(f"{work.change.address}: a call without its intent")
            lane.limits.pace("create").take(now)
            lane.limits.cap.take(lane.in_flight, now)
            lane.sending += 1
            work.sends += 1
            self._started(work, now)
            self._crew.start(sending(lane, work, work.voice, work.record.external_task_id))

    def _look(self, lane: Lane, now: float) -> None:
        for work in [w for w in lane.settling if w.not_before <= now][: CALLS_AT_ONCE - lane.looking]:
            if work.record is None:
                raise ValueError(f"{work.change.address}: nothing to look up")
            lane.settling.remove(work)
            lane.looking += 1
            work.looks += 1
            seen = work.proof_of
            job = looking(lane, work, work.record) if seen is None else proving(lane, work, work.record, seen)
            self._crew.start(job)

    def _remove(self, lane: Lane, now: float) -> None:
        while lane.to_remove and self._next_removal(lane) <= now:
            work = lane.to_remove.popleft()
            if work.old is None:
                raise ValueError(f"{work.change.address}: nothing to delete")
            lane.limits.pace("delete").take(now)
            lane.removing += 1
            work.tries += 1
            self._started(work, now)
            self._crew.start(removing(lane, work, work.old))

    def _keep(self, lane: Lane, now: float) -> None:
        while lane.to_keep and self._next_keeping(lane) <= now:
            work = lane.to_keep.popleft()
            if work.record is None or work.voice is None:
                raise ValueError(f"{work.change.address}: nothing to keep")
            lane.limits.pace(work.keeping).take(now)
            lane.keeping += 1
            work.tries += 1
            self._started(work, now)
            self._crew.start(keeping(lane, work, work.voice, work.record))

    def _poll(self, lane: Lane, now: float) -> None:
        if self._next_poll(lane, now) <= now:
            lane.limits.pace("create").make_way(now)
            lane.polling = True
            waited = [self._ledger.record(key) for key in lane.polled]
            self._crew.start(polling(lane, [record for record in waited if record is not None]))

    def _started(self, work: Work, now: float) -> None:
        work.sent_at = now
        if work.since is None:
            work.since = now
            self._count.note(self._ledger, work, Kind.STARTED)

    # --- when; inf: not before an answer ---

    def _next_send(self, lane: Lane) -> float:
        if lane.sending >= CALLS_AT_ONCE or not (lane.to_send or (lane.to_create and self._room(lane))):
            return inf
        return max(lane.opens_at, lane.limits.pace("create").next_at, lane.limits.cap.free_at(lane.in_flight))

    def _next_look(self, lane: Lane) -> float:
        return min((w.not_before for w in lane.settling), default=inf) if lane.looking < CALLS_AT_ONCE else inf

    def _next_removal(self, lane: Lane) -> float:
        if lane.removing >= CALLS_AT_ONCE or not lane.to_remove:
            return inf
        return max(lane.opens_at, lane.limits.pace("delete").next_at, lane.to_remove[0].not_before)

    def _next_keeping(self, lane: Lane) -> float:
        if lane.keeping >= CALLS_AT_ONCE or not lane.to_keep:
            return inf
        first = lane.to_keep[0]
        return max(lane.opens_at, lane.limits.pace(first.keeping).next_at, first.not_before)

    def _next_poll(self, lane: Lane, now: float) -> float:
        if lane.polling or not lane.polled:
            return inf
        waiting = bool(lane.to_create or lane.to_send)
        starved = waiting and lane.limits.cap.free_at(lane.in_flight) > now
        running = [work.sent_at for work in lane.polled.values()] if starved or not waiting else []
        due = lane.polls.due(running, submitting=waiting or bool(lane.sending), starved=starved)
        return lane.limits.pace("create").turn_for_others(due)

    def pause(self) -> float:
        """Seconds until something is due, if no answer comes before that."""
        now = self._clock.monotonic()
        due = now + _LONGEST_WAIT
        for lane in self._lanes.values():
            due = min(
                due,
                self._next_send(lane),
                self._next_look(lane),
                self._next_removal(lane),
                self._next_keeping(lane),
                self._next_poll(lane, now),
            )
        return max(_SHORTEST_WAIT, due - now)


def lanes_for(clouds: Mapping[str, Cloud]) -> dict[str, Lane]:
    """Clouds that are one account share its limits; the narrowest of what they say holds."""
    accounts: dict[str, list[Lane]] = {}
    lanes: dict[str, Lane] = {}
    for name, cloud in clouds.items():
        sharing = accounts.setdefault(cloud.quota, [])
        limits = sharing[0].limits if sharing else Limits()
        for action, rate in cloud.rates.items():
            limits.rates[action] = min(rate, limits.rates.get(action, rate))
        if cloud.max_in_flight is not None:
            limits.cap.most = min(cloud.max_in_flight, limits.cap.most or cloud.max_in_flight)
        lanes[name] = Lane(cloud=cloud, limits=limits, sharing=sharing)
        sharing.append(lanes[name])
    return lanes

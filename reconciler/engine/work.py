"""One change on its way: which call it waits for, and the records it moves."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.engine.pacing import Limits
from reconciler.engine.polling import Polls
from reconciler.errors import CloudError, OutcomeUnknown
from reconciler.model.manifest import Voice
from reconciler.model.observed import Observation, RemoteVoice, Unknown
from reconciler.model.plan import Change
from reconciler.model.state import Activation, Record
from reconciler.planning.diff import renoted, shown
from reconciler.protocols import Accepted, Activating, Done, MethodCapabilities, Probing, Provider, Updating

_UNOPENED = 3  # times in a row, until the run stops


@dataclass(frozen=True, slots=True)
class Cloud:
    """A provider as a run uses it. Clouds with one `quota` are one account and share its limits."""

    name: str
    provider: Provider
    quota: str
    rates: Mapping[str, float] = field(default_factory=dict)
    max_in_flight: int | None = None
    patience: float = 600.0  # seconds that a task may take before a run goes on without it
    credentials: str | None = None  # the same for the same credentials, in this run only; says nothing of them

    def can(self, method: str) -> MethodCapabilities:
        return self.provider.capabilities.methods[method]


@dataclass(slots=True, eq=False)
class Work:
    """A change under way. Touched by the loop's thread only."""

    change: Change
    voice: Voice | None = None
    record: Record | None = None  # the one being made
    old: Record | None = None  # the one to be deleted
    rebind: str | None = None  # what the address meant before, should the intent be taken back
    remove_first: bool = False
    sends: int = 0  # in this run
    looks: int = 0  # finds since the last sending
    tries: int = 0  # of a deletion or an update
    told: bool = False  # the cloud has taken the keys that are told anew
    unused: bool = False  # nobody ever began its voice's first use before this run
    confirming: bool = False  # its voice's first use was made, and the list is looked at until it shows it
    cut_short: bool = False  # an earlier run died over its first use, so whether that was made is looked for first
    forgotten: bool = False  # its key was used before its first call, by a run that the state does not know
    proof_of: RemoteVoice | None = None  # what that run made, while it is asked whether it still exists
    generations: int = 0  # how many keys turned out to be used up
    known_there: bool = False  # the cloud said that it knows the key
    lost: str = ""  # what came instead of an answer, the last time
    refused: str = ""  # why the second sending of a key was refused, which proves nothing about the first
    not_before: float = 0.0  # its next look-up or deletion
    since: float | None = None  # of the first call, monotonic
    sent_at: float = 0.0  # of the last creation
    waiting_since: float = 0.0  # for its task

    @property
    def activating(self) -> bool:
        """Its voice is there, and its first use is not known to be made, or not seen yet."""
        return self.confirming or (self.record is not None and self.record.activation is Activation.BEGUN)

    @property
    def keeping(self) -> str:
        """The call that its standing voice waits for."""
        return "activate" if self.activating else "update"


@dataclass(slots=True, eq=False)
class Lane:
    """One cloud's queues. Those of one account share its limits: `sharing` holds them all."""

    cloud: Cloud
    limits: Limits
    sharing: list[Lane]
    to_create: deque[Work] = field(default_factory=deque)  # no intent yet
    to_send: deque[Work] = field(default_factory=deque)  # intent durable
    sending: int = 0
    settling: list[Work] = field(default_factory=list)  # outcome unknown: to be looked up at `not_before`
    looking: int = 0
    polled: dict[str, Work] = field(default_factory=dict)  # external_task_id -> whose task runs
    polling: bool = False
    polls: Polls = field(default_factory=Polls)
    to_remove: deque[Work] = field(default_factory=deque)
    removing: int = 0
    to_keep: deque[Work] = field(default_factory=deque)  # a voice that stands: its first use, or an update
    keeping: int = 0
    unopened: int = 0  # times in a row that no connection opened
    opens_at: float = 0.0  # no call before

    @property
    def busy(self) -> bool:
        queued = self.to_create or self.to_send or self.settling or self.polled or self.to_remove or self.to_keep
        return bool(self.calls_out or queued)

    @property
    def calls_out(self) -> int:
        return self.sending + self.looking + self.removing + self.keeping + self.polling

    @property
    def in_flight(self) -> int:
        """The account's tasks that run, or may."""
        return sum(x.sending + len(x.polled) + x.looking + len(x.settling) for x in self.sharing)

    @property
    def begun(self) -> int:
        """The account's durable intents whose call is still to go out."""
        return sum(len(x.to_send) for x in self.sharing)

    def await_task(self, key: str, work: Work, now: float) -> None:
        if not self.polled:
            self.polls.at = now
        work.waiting_since = now
        self.polled[key] = work

    def unopened_again(self, sent_at: float, now: float) -> bool:
        """No connection opened, so every call waits a while. True when that was too often in a row.

        Calls that went out together count once.
        """
        if sent_at >= self.opens_at:
            self.unopened += 1
            self.opens_at = now + 2.0 ** (self.unopened - 1)
        return self.unopened >= _UNOPENED


@dataclass(frozen=True, slots=True)
class Sent:
    lane: Lane
    work: Work
    answer: Accepted | Done | CloudError


@dataclass(frozen=True, slots=True)
class Looked:
    lane: Lane
    work: Work
    answer: Observation | CloudError


@dataclass(frozen=True, slots=True)
class Removed:
    lane: Lane
    work: Work
    answer: CloudError | None


@dataclass(frozen=True, slots=True)
class Kept:
    lane: Lane
    work: Work
    answer: CloudError | None


@dataclass(frozen=True, slots=True)
class Polled:
    lane: Lane
    answer: Mapping[str, RemoteVoice] | CloudError


T = TypeVar("T")
Answer = Sent | Looked | Removed | Kept | Polled
Job = Callable[[], Answer]


def sending(lane: Lane, work: Work, voice: Voice, key: str) -> Job:
    return lambda: Sent(lane, work, _valued(lambda: lane.cloud.provider.submit(voice, key)))


def looking(lane: Lane, work: Work, record: Record) -> Job:
    return lambda: Looked(lane, work, _valued(lambda: lane.cloud.provider.find(record)))


def proving(lane: Lane, work: Work, record: Record, remote: RemoteVoice) -> Job:
    """Whether what a key once made still exists, in its cloud's own words."""
    asked = record.model_copy(update={"task_id": remote.task_id, "voice_id": remote.voice_id})

    def probe() -> Observation:
        provider = lane.cloud.provider
        told = provider.probe([asked]) if isinstance(provider, Probing) else {}
        return told.get(asked.external_task_id, Unknown(why="it was not asked about"))

    return lambda: Looked(lane, work, _valued(probe))


def removing(lane: Lane, work: Work, record: Record) -> Job:
    return lambda: Removed(lane, work, _valued(lambda: lane.cloud.provider.delete(record)))


def keeping(lane: Lane, work: Work, voice: Voice, record: Record) -> Job:
    """Its first use, or what the cloud is told anew."""
    provider = lane.cloud.provider
    if record.activation is Activation.BEGUN:
        text = str(voice.inputs["activate"]["text"])
        if not isinstance(provider, Activating):
            raise TypeError(f"{lane.cloud.name} activates no voices")
        return lambda: Kept(lane, work, _valued(lambda: provider.activate(record, text)))
    if not isinstance(provider, Updating):
        raise TypeError(f"{lane.cloud.name} updates no voices")
    fields = {key: voice.inputs.get(key) for key in work.change.in_place}
    # The cloud is told all of its keys, and the record holds them without the secrets of links.
    sent = renoted(voice, record)[0]
    cut = {k for k, v in shown(voice).items() if v == sent.get(k) and v != voice.inputs[k]}
    fields |= {key: voice.inputs[key] for key in cut & voice.body.updatable}
    return lambda: Kept(lane, work, _valued(lambda: provider.update(record, fields)))


def polling(lane: Lane, records: list[Record]) -> Job:
    return lambda: Polled(lane, _valued(lambda: lane.cloud.provider.poll(records)))


def _valued(call: Callable[[], T]) -> T | CloudError:
    """The call's end as a value. Whatever is not one of the three answers counts as not knowing, our own bugs too."""
    try:
        return call()
    except CloudError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a bug after the call went out must not read as "nothing happened"
        return OutcomeUnknown(f"a bug of voicectl: {type(error).__name__} in {_place(error)}")


def _place(error: Exception) -> str:
    """`kling.py:123`. What an exception says is no message of ours: it may hold anything, a signed link too."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{frame.f_code.co_filename.rpartition('/')[2]}:{line}"

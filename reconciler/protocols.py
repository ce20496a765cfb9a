"""The two doors: a Provider is a cloud's account, a Backend is where the state's bytes lie.

An adapter raises `Rejected` (proven: nothing happened), `Throttled` (nothing happened, later) or `OutcomeUnknown`;
anything else it lets through counts as OutcomeUnknown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from reconciler.errors import StateLocked
from reconciler.hints import hint, way
from reconciler.model.base import Frozen
from reconciler.model.manifest import Voice
from reconciler.model.observed import Observation, Observations, RemoteVoice
from reconciler.model.state import MADE, Record
from reconciler.model.time_format import format_time


class ByKey(Frozen):
    """`find` shows what a call left, by its key; a second sending of one key is refused, never paid."""

    window: float | None = None  # seconds after which it can't tell any more; None: never


class ByList(Frozen):
    """Only a list shows it, by our marker: a second sending is paid again, so one look that shows nothing is no proof.

    Absent is what two lists say that lie `lag` apart, the first begun after the call's own time-out.
    """

    lag: float | None  # seconds until a list shows what was made, as documented; None: nobody says, so nothing is proof


class Unknowable(Frozen):
    """Nothing shows it: a person has to say."""


class MethodCapabilities(Frozen):
    """What a cloud can do for voices made by one method. Data, so that the planner decides without calling anyone."""

    deletes: bool = True
    updates: bool = False
    found: ByKey | ByList | Unknowable = ByKey()  # how what an interrupted creation left is found
    caller_chooses_id: bool = False  # so a voice can't be replaced in place
    batch: int | None = None  # how many intents may be open at once; None: a second's worth of calls
    activates: bool = False  # not listed, changed or deleted before its first use, which `Activating` pays for

    def can_delete(self, record: Record) -> bool:
        return self.deletes and (not self.activates or record.activation in MADE)


class ProbeCost(Frozen):
    """What asking by `Probing` takes."""

    call: str  # `TextToSpeech`
    price: str = ""  # of one call, in a user's words; empty: it costs nothing but the call
    voices: int = 1  # that one call tells of


class Capabilities(Frozen):
    methods: Mapping[str, MethodCapabilities]
    probe: ProbeCost | None = None  # None: it is not `Probing`, or these credentials may not


class Accepted(Frozen):
    """The cloud took the request; a task runs."""

    task_id: str


class Done(Frozen):
    """The voice exists already: a synchronous cloud."""

    remote: RemoteVoice


class Provider(Protocol):
    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def account(self) -> str:
        """The account mark's fixed part, such as `kling https://api-singapore.klingai.com`. No secrets."""
        ...

    def observe(self, records: Sequence[Record], *, presets: bool = False) -> Observations:
        """What there is of these records: by list where the cloud lists, pages rather than one call a voice.

        Missing from the list: it is listed once more and the union counts. INTENDED and UNCERTAIN records still
        missing are settled with `find`; of the others up to 50 are asked for by id: if one of them exists, the list
        is lying and the rest are Unknown. A list that can't be had makes every record Unknown, with the reason; only
        a systemic failure is raised.
        `presets` asks for the official voices too.
        """
        ...

    def presets(self) -> Sequence[RemoteVoice]: ...

    def voices(self) -> Sequence[RemoteVoice]:
        """Every voice the account lists, ours and others', running and failed tasks too."""
        ...

    def submit(self, voice: Voice, external_task_id: str) -> Accepted | Done:
        """One paid call, never retried inside. `Rejected(duplicate=True)` says that this key was accepted before."""
        ...

    def poll(self, pending: Sequence[Record]) -> Mapping[str, RemoteVoice]:
        """external_task_id -> where its task is. What could not be seen is left out. One list serves many tasks."""
        ...

    def find(self, record: Record) -> Observation:
        """Read-only: what did the interrupted call leave? By our key, never by name. Raises systemic failures only."""
        ...

    def delete(self, record: Record) -> None:
        """Raises Rejected(absent=True) where the cloud says that it is not there."""
        ...

    @property
    def calls(self) -> int:
        """How many requests went out, reads and polls included."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Updating(Protocol):
    """A cloud that changes voices in place, where `MethodCapabilities.updates`."""

    def update(self, record: Record, fields: Mapping[str, Any]) -> None:
        """The body's keys that changed, with what is declared now; None: not declared any more.

        May be repeated: the second one changes nothing.
        """
        ...


@runtime_checkable
class Activating(Protocol):
    """A cloud whose voices show only once they were used, where `MethodCapabilities.activates`."""

    def activate(self, record: Record, text: str) -> None:
        """One paid call, never retried inside. After a lost reply `find` tells: it is Found once it was used."""
        ...


@runtime_checkable
class RecentTasks(Protocol):
    """A cloud that lists no voices, but for a while the tasks that made them, by their keys."""

    def recent_tasks(self, known: Collection[str]) -> Sequence[RemoteVoice]:
        """What recent tasks made under voicectl markers that are not among the `known` keys. Raises CloudError."""
        ...


@runtime_checkable
class Probing(Protocol):
    """A cloud that can be asked in a dearer way whether a voice is still there. Only when somebody asks."""

    def probe(self, records: Sequence[Record]) -> Mapping[str, Observation]:
        """external_task_id -> what was found; what could not be told is Unknown."""
        ...


ANY_VERSION = "*"  # for Backend.write: over whatever is there, even what can't be read


@dataclass(frozen=True, slots=True)
class Blob:
    """A state's bytes. `version` is opaque, for compare-and-swap; `entries` were appended since the snapshot.

    `data` is empty where entries were appended before there was a snapshot.
    """

    data: bytes
    version: str
    entries: tuple[bytes, ...] = ()


class LockInfo(Frozen):
    """Who holds a lock. `lock_id` is what `voicectl unlock` takes."""

    lock_id: str
    who: str  # user@host
    pid: int
    host: str
    operation: str  # "apply"
    since: datetime  # UTC


def locked_by(holder: LockInfo) -> StateLocked:
    """The refusal, in the same words for every backend."""
    return StateLocked(
        f"{holder.who} (pid {holder.pid}) has held it for {holder.operation} since {format_time(holder.since)}.",
        hint(way("Wait, or if that run is dead", "unlock", holder.lock_id)),
        lock_id=holder.lock_id,
    )


class Backend(Protocol):
    @property
    def where(self) -> str:
        """For people: the path or URL, without credentials."""
        ...

    def read(self) -> Blob | None:
        """None when there is no state yet. Raises StateDamaged."""
        ...

    def write(self, data: bytes, expected: str | None) -> str:
        """Compare-and-swap against `expected` (None: there must be none); drops the entries; returns the new version.

        `ANY_VERSION` writes over whatever is there. Raises StateConflict, and whatever the disk or the net raises:
        then the old content is still there.
        """
        ...

    def append(self, entries: Sequence[bytes], expected: str | None) -> str:
        """Durable, all or none of them, before it returns the version that holds from now on. Raises StateConflict.

        An entry is one line: no newline and no other control character.
        """
        ...

    def lock(self, holder: LockInfo) -> AbstractContextManager[None]:
        """Raises StateLocked, naming the holder; takes over from a holder that is provably dead."""
        ...

    def break_lock(self, lock_id: str) -> LockInfo:
        """Raises StateError when there is no lock, it has another id, or its holder is known to be alive."""
        ...


class Clock(Protocol):
    """Time, passed in, so that tests need no sleeping."""

    def now(self) -> datetime:
        """UTC, for records and signatures; may jump."""
        ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...

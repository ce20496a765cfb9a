"""The interface of a provider: one account of one cloud.

An adapter raises `Rejected` (proven: nothing happened), `Throttled` (nothing happened, try later) or `OutcomeUnknown`
(the call may have happened). The engine treats any other exception as OutcomeUnknown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol, runtime_checkable

from reconciler.model.manifest import Voice
from reconciler.model.observed import Observation, Observations, RemoteVoice
from reconciler.model.state import MADE, Record
from reconciler.values import value


@value
class ByKey:
    """The cloud can look up a creation by our key. It refuses a second request with that key."""

    window: float | None = None  # seconds for which the cloud remembers a key; None: for ever


@value
class ByList:
    """Only a list shows a creation, by our marker. A second request is paid again, so one list is not enough proof.

    A voice counts as absent after two lists without it, `lag` apart. The first starts after the call's own time-out.
    """

    lag: (
        float | None
    )  # seconds until a list shows a new voice, as documented; None: not documented, so no list is proof


@value
class Unknowable:
    """No call can look up a creation. The user has to say whether the voice was made."""


@value
class MethodCapabilities:
    """What a cloud can do with voices made by one method. Plain values, so the planner needs no call to decide."""

    deletes: bool = True
    updates: bool = False
    found: ByKey | ByList | Unknowable = ByKey()  # how to look up the result of an interrupted creation
    caller_chooses_id: bool = False  # old and new voice can't share an id, so a replacement needs another one
    batch: int | None = None  # how many creations may be open at once; None: as many as calls are allowed in one second
    activates: bool = False  # can't be listed, changed or deleted before its first use, a paid call of `Activating`

    def can_delete(self, record: Record) -> bool:
        return self.deletes and (not self.activates or record.activation in MADE)


@value
class ProbeCost:
    """What one call of `Probing` costs."""

    call: str  # `TextToSpeech`
    price: str = ""  # of one call, as text for the user; empty: the call is free
    voices: int = 1  # how many voices one call checks


@value
class Capabilities:
    methods: Mapping[str, MethodCapabilities]
    probe: ProbeCost | None = None  # None: the provider is not `Probing`, or these credentials must not probe


@value
class Accepted:
    """The cloud accepted the request and runs a task."""

    task_id: str


def check_accepted(answer: Accepted) -> None:
    """Raises TypeError if the task_id is not text: a state with it could not be read any more."""
    if type(answer.task_id) is not str:
        raise TypeError("a cloud's answer has task_id of a wrong type")


@value
class Done:
    """The voice exists already, because the cloud creates voices synchronously."""

    remote: RemoteVoice


class Provider(Protocol):
    """One account of one cloud."""

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def account(self) -> str:
        """Identifies the account in state records, such as `kling https://api-singapore.klingai.com`. No secrets."""
        ...

    def observe(self, records: Sequence[Record], *, presets: bool = False) -> Observations:
        """Reads the current state of these records: by pages of a list where the cloud has one, else one by one.

        If a record is missing from the list, the list is read once more; a voice in either list exists. Missing
        INTENDED and UNCERTAIN records are resolved with `find`. Of the other missing records, up to 50 are looked up
        by id: if one of them exists, the list is incomplete and the rest are Unknown. If the list can't be read,
        every record is Unknown, with the reason. Raises systemic failures only.
        `presets` reads the official voices too.
        """
        ...

    def presets(self) -> Sequence[RemoteVoice]:
        """The official voices, which every account may use."""
        ...

    def voices(self) -> Sequence[RemoteVoice]:
        """Every voice that the account lists, voicectl's and others', with running and failed tasks."""
        ...

    def submit(self, voice: Voice, external_task_id: str) -> Accepted | Done:
        """Creates a voice: one paid call, never repeated here.

        Raises `Rejected(duplicate=True)` where the cloud has accepted this key before.
        """
        ...

    def poll(self, pending: Sequence[Record]) -> Mapping[str, RemoteVoice]:
        """external_task_id -> the status of its task. Tasks that can't be read are left out."""
        ...

    def find(self, record: Record) -> Observation:
        """Looks up the result of an interrupted call, by our key and never by name. Raises systemic failures only."""
        ...

    def delete(self, record: Record) -> None:
        """Deletes the voice. Raises Rejected(absent=True) where the cloud says that it does not exist."""
        ...

    @property
    def calls(self) -> int:
        """How many requests were sent, reads and polls included."""
        ...

    def close(self) -> None:
        """Closes the connections."""
        ...


@runtime_checkable
class Updating(Protocol):
    """A cloud that can change voices in place, for methods with `MethodCapabilities.updates`."""

    def update(self, record: Record, fields: Mapping[str, Any]) -> None:
        """Changes the voice. `fields` is input key -> declared value; None: the manifest does not declare it now.

        May be repeated: a second call changes nothing.
        """
        ...


@runtime_checkable
class Activating(Protocol):
    """A cloud that lists a voice only after its first use, for methods with `MethodCapabilities.activates`."""

    def activate(self, record: Record, text: str) -> None:
        """Uses the voice once: one paid call, never repeated here. After a lost reply, `find` shows if it worked."""
        ...


@runtime_checkable
class RecentTasks(Protocol):
    """A cloud that lists no voices, but lists recent tasks with their keys."""

    def recent_tasks(self, known: Collection[str]) -> Sequence[RemoteVoice]:
        """The results of recent tasks that carry a voicectl marker and none of the `known` keys. Raises CloudError."""
        ...


@runtime_checkable
class Probing(Protocol):
    """A cloud with a costly call that checks whether a voice still exists. Used only when the user asks for it."""

    def probe(self, records: Sequence[Record]) -> Mapping[str, Observation]:
        """external_task_id -> the result; Unknown where the cloud gave no clear answer."""
        ...


@value
class Trials:
    """Links to recordings of how voices sound: external_task_id -> URL.

    The links are signed, so they are secrets: never saved, never logged, never printed but in a page that the user
    asks for. `why`: external_task_id -> why there is no link, where the cloud says so.
    """

    links: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)


def recorded_on(record: Record) -> str:
    """Why another account has no recording of the record's voice."""
    return f"it is recorded on {record.account}"


@runtime_checkable
class Audible(Protocol):
    """A cloud that has recordings of how its voices sound."""

    def trials(self, records: Sequence[Record]) -> Trials:
        """Reads the links to the recordings of these voices. Raises CloudError if nothing could be read."""
        ...

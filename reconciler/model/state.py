"""The state: one record for each creation that voicectl ever began, from the intent to the tombstone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import AwareDatetime, Field, SerializerFunctionWrapHandler, WrapSerializer

from reconciler.errors import Cause
from reconciler.model.base import Frozen, Inputs
from reconciler.model.layered import layered
from reconciler.model.manifest import DEFAULT_LIFECYCLE, NO_LABELS, Lifecycle
from reconciler.model.method import Origin
from reconciler.model.methods import origin_of
from reconciler.model.paid_calls import PaidCalls
from reconciler.values import value

STATE_VERSION = 1


class Status(StrEnum):
    """How far the creation of a voice is, or what became of the voice."""

    INTENDED = "intended"  # saved before the call; only the provider's `find` can say whether the call was made
    RUNNING = "running"  # the cloud accepted the request and runs a task
    READY = "ready"
    CANDIDATE = "candidate"  # made beside the current voice, for review; only the user's decision ends it
    DEPOSED = "deposed"  # replaced by another voice, to be deleted
    DELETED = "deleted"  # a tombstone: the cloud never accepts the same key again
    FAILED = "failed"  # its task ended without a voice, or the cloud refused the request
    UNCERTAIN = "uncertain"  # the outcome of the creation is unknown; the user has to resolve it
    ABANDONED = "abandoned"  # its cloud can't delete it, so the record is kept
    LAPSED = "lapsed"  # an intent that was given up; kept for 72 h, to recognise a voice that appears late


LIVE = frozenset({Status.INTENDED, Status.RUNNING, Status.READY, Status.CANDIDATE, Status.DEPOSED, Status.UNCERTAIN})
SETTLING = frozenset({Status.INTENDED, Status.RUNNING, Status.UNCERTAIN})  # the outcome of the creation is open


class Activation(StrEnum):
    """How far the activation of a voice is: the one paid call that makes its cloud list the voice."""

    BEGUN = "begun"  # saved before the paid call; a run that was killed there may not have made the call
    UNCERTAIN = "uncertain"  # the reply was lost and the cloud does not list the voice; the user has to resolve it
    USED = "used"  # the paid call was made; the cloud has not listed the voice yet, so its absence proves nothing
    DONE = "done"  # the cloud has listed the voice; once it is missing from the list, it no longer exists


MADE = frozenset({Activation.USED, Activation.DONE})  # the paid call was made


@value
class Record:
    """One creation of one voice. Holds no secrets: `sent` is the redacted inputs."""

    external_task_id: str
    address: str
    provider: str
    account: str  # the fixed part of the account mark: type, endpoint, application id
    method: str
    generation: Annotated[int, Field(ge=1)]
    status: Status
    created_at: AwareDatetime  # when the intent was saved, UTC
    changed_at: AwareDatetime  # of the last change of status, UTC
    digest: str = ""  # of the full address and the identity inputs
    sent: Inputs = field(default_factory=dict)
    links: dict[str, str] | None = (
        None  # a link in `sent` -> a note about its query without the query's values: see `link_notes`
    )
    labels: dict[str, str] = field(default_factory=lambda: NO_LABELS)
    lifecycle: Lifecycle = DEFAULT_LIFECYCLE
    attempts: Annotated[int, Field(ge=0)] = 0  # how often the creation was begun; saved before each call
    task_id: str | None = None
    shown: bool = False  # the cloud showed its running task, so that its absence later is no delay of the list
    voice_id: str | None = None
    voice_name: str | None = None  # as the cloud first returned it; drift is detected against it
    owned_by: str | None = None  # the observed part of the account mark
    message: str | None = None  # why it failed, in the cloud's own text
    cause: Cause | None = None  # the cause, where the message is a known one; absent in records of older versions
    deposed_by: str | None = None  # external_task_id of the record that replaced it
    activation: Activation | None = None  # of a voice that its cloud lists only after the first use
    for_review: bool = False  # made beside the current voice: once its task has ended, it is a candidate
    rejected: bool = False  # the user rejected this candidate: its inputs are not paid for again without `--retry`
    moved_to: str | None = None  # the manifest whose state got this record; while it is live, the move is not finished
    moves: Annotated[int, Field(ge=0)] = 0  # how often it was moved to another state, counted when the move begins
    call_until: AwareDatetime | None = None  # when its last call is surely over; set if a run left before the answer
    url: str | None = None  # of a sound (not a voice); not redacted, because the URL is the result that was paid for
    file_id: str | None = None
    expires_at: AwareDatetime | None = None  # when the cloud drops the file, UTC

    @property
    def named(self) -> bool:
        """Whether the id or URL of the resulting voice or sound is known."""
        return (self.voice_id or self.url or self.file_id) is not None

    @property
    def key_was_used(self) -> bool:
        """Whether another run had used its key, so that what the cloud has under it was not made by its call."""
        return self.cause is Cause.KEY_IN_USE

    @property
    def origin(self) -> Origin:
        """Where the voice comes from: made by voicectl, official, or made elsewhere."""
        return origin_of(self.method)

    @property
    def type(self) -> str:
        """The provider type of its account, such as `kling`."""
        return self.account.partition(" ")[0]


def _as_dict(mapping: Mapping[str, object], serialize: SerializerFunctionWrapHandler) -> object:
    return serialize(dict(mapping))


_InLayers = WrapSerializer(_as_dict)  # the mapping may be layered, which pydantic does not know


class State(Frozen):
    """All records, and the current record of each address.

    `adopted_lineages` are the lineages whose voices this state has adopted (`state rebuild --lineage`).
    `foreign_lineages` are those that the user declared to belong to others (`state rebuild --new-lineage`).
    """

    lineage: str
    serial: int = Field(default=0, ge=0)
    manifest: str = "voices.yaml"
    records: Annotated[Mapping[str, Record], _InLayers] = {}
    current: Annotated[Mapping[str, str], _InLayers] = {}
    adopted_lineages: tuple[str, ...] = ()
    foreign_lineages: tuple[str, ...] = ()
    applying: str | None = None  # the id of the saved plan whose apply began
    applied: str | None = None  # the id of the saved plan whose apply finished
    paid_calls: PaidCalls | None = None  # of the last day with a paid call, by all runs; None: of an older voicectl
    accepts: str | None = None  # the entries that `state mv-manifest` gave it to: a digest of their addresses

    @cached_property
    def by_voice_id(self) -> Mapping[tuple[str, str], Record]:
        """(account, voice_id) -> the record. A live record has precedence over one that isn't live."""
        index: dict[tuple[str, str], Record] = {}
        for record in self.records.values():
            if record.voice_id is None:
                continue
            place = (record.account, record.voice_id)
            if place not in index or index[place].status not in LIVE:
                index[place] = record
        return index

    @cached_property
    def by_chosen_id(self) -> Mapping[tuple[str, str], list[Record]]:
        """(account, voice_id) -> records whose voice_id the user chose, and whose voice may still appear or exist."""
        index: dict[tuple[str, str], list[Record]] = {}
        for record in self.records.values():
            chosen = record.sent.get("voice_id")
            if isinstance(chosen, str) and record.status in SETTLING | {Status.ABANDONED, Status.DEPOSED}:
                index.setdefault((record.account, chosen), []).append(record)
        return index

    @cached_property
    def made_elsewhere(self) -> Mapping[tuple[str, str], list[Record]]:
        """(provider, voice_name) -> the records of voices that voicectl did not make, managed or released."""
        index: dict[tuple[str, str], list[Record]] = {}
        for record in self.records.values():
            if record.method == "existing" and record.status in (Status.READY, Status.ABANDONED):
                index.setdefault((record.provider, record.voice_name or ""), []).append(record)
        return index

    @cached_property
    def live_at(self) -> Mapping[str, list[Record]]:
        """Address -> its live records: the current one, deposed voices and pending creations."""
        index: dict[str, list[Record]] = {}
        for record in self.records.values():
            if record.status in LIVE:
                index.setdefault(record.address, []).append(record)
        return index

    def needed_at(self, address: str) -> list[Record]:
        """The live records of an address, and the candidates that were rejected there: what moves with it."""
        return [r for r in self.by_address.get(address, ()) if r.status in LIVE or r.rejected]

    @cached_property
    def by_address(self) -> Mapping[str, list[Record]]:
        """Address -> all its records."""
        index: dict[str, list[Record]] = {}
        for record in self.records.values():
            index.setdefault(record.address, []).append(record)
        return index

    def numbered(self, serial: int) -> State:
        """The state with this serial. Constructed, not copied: copying 10,000 records for each commit is slow."""
        if self.serial == serial:
            return self
        fields = {name: getattr(self, name) for name in State.model_fields}
        return State.model_construct(**(fields | {"serial": serial}))

    def at(self, address: str) -> Record | None:
        """The current record of the address."""
        key = self.current.get(address)
        return self.records[key] if key is not None else None

    @cached_property
    def highest(self) -> Mapping[str, int]:
        """Address -> the highest generation it ever had."""
        highest: dict[str, int] = {}
        for record in self.records.values():
            if record.generation > highest.get(record.address, 0):
                highest[record.address] = record.generation
        return highest

    def with_changes(
        self,
        records: Iterable[Record] = (),
        *,
        current: Mapping[str, str | None] | None = None,
        without: Iterable[str] = (),
        **fields: object,
    ) -> State:
        """The state with changes: records added or replaced, `without` removed, addresses bound (None unbinds).

        It shares all other records with this state, so the time depends on the size of the change.
        """
        changes = {
            "records": layered(self.records).changed({r.external_task_id: r for r in records}, without),
            "current": _rebound(self.current, current or {}),
        }
        unchanged = {name: getattr(self, name) for name in State.model_fields}
        # Constructed, not copied: a copy would keep the cached indexes of the old records.
        return State.model_construct(**(unchanged | fields | changes))


def _rebound(current: Mapping[str, str], changes: Mapping[str, str | None]) -> Mapping[str, str]:
    bound = {address: key for address, key in changes.items() if key is not None}
    return layered(current).changed(bound, [address for address, key in changes.items() if key is None])

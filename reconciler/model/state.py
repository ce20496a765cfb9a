"""What voicectl remembers: a record for every creation it ever began, from the intent to the tombstone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property

from pydantic import AwareDatetime, Field

from reconciler.errors import Cause
from reconciler.model.base import Frozen, Inputs
from reconciler.model.manifest import Lifecycle
from reconciler.model.method import Origin
from reconciler.model.methods import origin_of

STATE_VERSION = 1


class Status(StrEnum):
    INTENDED = "intended"  # durable before the call; whether it was made, `find` must say
    RUNNING = "running"  # accepted, has a task
    READY = "ready"
    DEPOSED = "deposed"  # replaced, to be deleted
    DELETED = "deleted"  # a tombstone: a key once accepted is burnt for ever
    FAILED = "failed"  # its task ended without a voice, or the cloud refused the request
    UNCERTAIN = "uncertain"  # nobody can know; a person resolves it
    ABANDONED = "abandoned"  # its cloud can't delete, so it is kept in sight
    LAPSED = "lapsed"  # an intent given up; kept 72 h, so that a late arrival is recognised


LIVE = frozenset({Status.INTENDED, Status.RUNNING, Status.READY, Status.DEPOSED, Status.UNCERTAIN})
SETTLING = frozenset({Status.INTENDED, Status.RUNNING, Status.UNCERTAIN})


class Activation(StrEnum):
    BEGUN = "begun"  # durable before the paid call; a run that died there may not have made it
    UNCERTAIN = "uncertain"  # its reply was lost, and the cloud's list did not show the voice; a person says
    USED = "used"  # the paid call was made; the cloud's list has not shown the voice yet, so it can't look gone
    DONE = "done"  # and the list has shown it: what it lacks from now on is gone


MADE = frozenset({Activation.USED, Activation.DONE})


class Record(Frozen):
    """One creation of one voice. Secrets never enter: `sent` is the inputs as they may be shown."""

    external_task_id: str
    address: str
    provider: str
    account: str  # the account mark's fixed part: type, endpoint, application id
    method: str
    generation: int = Field(ge=1)
    status: Status
    created_at: AwareDatetime  # when the intent became durable, UTC
    changed_at: AwareDatetime  # of the last change of status, UTC
    digest: str = ""  # of the whole address and the identity inputs
    sent: Inputs = {}
    links: dict[str, str] | None = (
        None  # a link in `sent` -> what is known of its query without its values: `link_notes`
    )
    labels: dict[str, str] = {}
    lifecycle: Lifecycle = Lifecycle()
    attempts: int = Field(default=0, ge=0)  # how often the creation was begun; durable before each call
    task_id: str | None = None
    voice_id: str | None = None
    voice_name: str | None = None  # what the cloud first returned; drift is measured against it
    owned_by: str | None = None  # the account mark's observed part
    message: str | None = None  # why it failed, in the cloud's words
    cause: Cause | None = None  # the same, where those words are known; absent in records of older versions
    deposed_by: str | None = None  # external_task_id of the record that took its place
    activation: Activation | None = None  # of a voice that shows only once it was used
    url: str | None = None  # of a sound that is no voice: whole, because it is what was paid for
    file_id: str | None = None
    expires_at: AwareDatetime | None = None  # when the cloud drops the file, UTC

    @property
    def named(self) -> bool:
        """Whether it is known which voice or sound came of it."""
        return (self.voice_id or self.url or self.file_id) is not None

    @property
    def origin(self) -> Origin:
        return origin_of(self.method)

    @property
    def type(self) -> str:
        """The type of its account."""
        return self.account.partition(" ")[0]


class State(Frozen):
    """All records, and which of them an address means now.

    `kin` are other lineages whose voices are ours (`state rebuild --lineage`), `strangers` those that somebody
    declared to be somebody else's (`--new-lineage`).
    """

    lineage: str
    serial: int = Field(default=0, ge=0)
    manifest: str = "voices.yaml"
    records: dict[str, Record] = {}
    current: dict[str, str] = {}
    kin: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    applying: str | None = None  # the id of the saved plan that a run began
    applied: str | None = None  # the id of the saved plan that a run finished

    @cached_property
    def by_voice_id(self) -> Mapping[tuple[str, str], Record]:
        """The second index: (account, voice_id) -> the record, a live one before a dead one."""
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
        """(account, voice_id) -> what was begun, or let go while it was made, under an id that a person chose."""
        index: dict[tuple[str, str], list[Record]] = {}
        for record in self.records.values():
            chosen = record.sent.get("voice_id")
            if isinstance(chosen, str) and record.status in SETTLING | {Status.ABANDONED, Status.DEPOSED}:
                index.setdefault((record.account, chosen), []).append(record)
        return index

    def numbered(self, serial: int) -> State:
        """Under this serial. Constructed, not copied: copying 10,000 records for each commit would be felt."""
        if self.serial == serial:
            return self
        fields = {name: getattr(self, name) for name in State.model_fields}
        return State.model_construct(**(fields | {"serial": serial}))

    def at(self, address: str) -> Record | None:
        """The record that an address means now."""
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
        """The state with these records written, these keys taken out, these addresses bound (None unbinds)."""
        kept = dict(self.records)
        kept.update((r.external_task_id, r) for r in records)
        for key in without:
            kept.pop(key, None)
        bound = dict(self.current)
        for address, key_or_none in (current or {}).items():
            if key_or_none is None:
                bound.pop(address, None)
            else:
                bound[address] = key_or_none
        told = {name: getattr(self, name) for name in State.model_fields}
        # Constructed, not copied: a copy would take the indexes of the old records along.
        return State.model_construct(**(told | fields | {"records": kept, "current": bound}))

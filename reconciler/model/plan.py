"""The verdicts. A plan is data: it can be saved, shown, compared and applied by another run on another day."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import AliasChoices, Field

from reconciler.hints import NO_HINT, Hint
from reconciler.model.base import AnyHint, Frozen
from reconciler.model.method import Origin
from reconciler.model.methods import origin_of
from reconciler.model.observed import RemoteVoice

PLAN_FORMAT = 1


class Action(StrEnum):
    CREATE = "create"
    CLONE = "clone"
    MOVE = "move"  # an entry was renamed: its record gets the new address, without a call
    REPLACE = "replace"
    UPDATE = "update"
    DELETE = "delete"
    RECOVER = "recover"  # an interrupted, marked, imported or official voice is taken into the state
    RESUME = "resume"  # its task still runs
    FORGET = "forget"  # leaves the state, without a call
    BLOCKED = "blocked"
    NO_OP = "no-op"


class FieldChange(Frozen):
    name: str  # `voice_name`, `labels.tier`, `lifecycle.keep_old`
    before: Any = None
    after: Any = None


class Change(Frozen):
    """The verdict for one address (or for one old record of it).

    `before` and `after` are what a person is shown: inputs without secrets, and `voice_id`. What apply goes by are the
    keys: `record` is the record acted on, `key` the record that is to be made or settled, `identity` the digest of
    what was approved.
    """

    address: str
    provider: str
    action: Action
    source: str | None = None  # of a move: the address that the record had
    along: tuple[str, ...] = ()  # of a move: keys of other records that get the new address too
    reason: str = ""  # for people; nothing may branch on it
    hint: AnyHint = NO_HINT
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    fields: tuple[FieldChange, ...] = ()
    method: str = ""
    record: str | None = None
    key: str | None = None
    identity: str | None = None
    approval_digest: str | None = Field(  # of all that apply goes by: account, inputs as shown, labels, lifecycle
        default=None,
        validation_alias=AliasChoices("approval_digest", "terms"),  # as older plans call it
    )
    generation: int = 0
    found: RemoteVoice | None = None  # what `record` turned out to be, where it was not settled yet
    made: RemoteVoice | None = None  # what `key` is to be bound to: nothing is bought
    gone: bool = False  # a re-creation of a voice that was there
    abandons: bool = False  # let go although it is there, because its cloud can't delete it
    activates: bool = False  # a paid call uses the voice once, so that its cloud shows it
    in_place: tuple[str, ...] = ()  # the body's keys that the cloud is told anew
    rebinds: tuple[str, ...] = ()  # keys of records that get this provider's name: the same account under another one

    @property
    def origin(self) -> Origin:
        return origin_of(self.method)


class DriftKind(StrEnum):
    GONE = "gone"
    RENAMED = "renamed"
    FAILED = "failed"
    EXPIRED = "expired"
    SURPLUS = "surplus"


class Drift(Frozen):
    """The cloud differs from the state. Shown beside changes, never mixed with them."""

    address: str
    provider: str
    kind: DriftKind
    fields: tuple[FieldChange, ...] = ()


class Stop(Frozen):
    """A threshold that the plan crosses; shown with the plan, and apply stops at it."""

    what: str
    hint: AnyHint


class Plan(Frozen):
    """All verdicts, bound to the lineage and the serial of the state they came from."""

    plan_id: str
    lineage: str
    serial: int
    manifest: str
    changes: tuple[Change, ...] = ()  # without no-ops
    unchanged: int = 0
    drift: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = ()  # what could not be looked at, and other remarks
    stops: tuple[Stop, ...] = ()
    unseen: tuple[str, ...] = ()  # `address: why`, for voices that could not be looked at
    ways_to_see: Hint = NO_HINT  # what can be done about it
    older: tuple[str, ...] = ()  # addresses of which the account holds something later than the state knows
    unclaimed: tuple[str, ...] = ()  # addresses without a record, of which the account holds a voice all the same
    destroy: bool = False
    sandbox: bool = False  # a rehearsal's: no account of a cloud was looked at
    retry: tuple[str, ...] = ()  # what was asked for beyond the manifest, so that apply asks the same
    replace: tuple[str, ...] = ()
    allow_deletes: int | None = None
    allow_recreates: int | None = None
    new_state: bool = False  # begin a state, whatever others hold

    @property
    def summary(self) -> dict[str, int]:
        """All eleven actions, zeros too."""
        counts = dict.fromkeys((str(a) for a in Action), 0)
        for change in self.changes:
            counts[change.action] += 1
        counts[Action.NO_OP] = self.unchanged
        return counts

    @property
    def empty(self) -> bool:
        return not self.changes

    def calls(self) -> dict[str, dict[str, int]]:
        """Action -> how many calls it makes and how many of those are paid, polls and lists aside."""
        told = {str(a): {"calls": 0, "paid": 0} for a in Action}
        for change in self.changes:
            made, paid = _CALLS[change.action]
            if change.made is not None:  # the voice was made already: nothing is bought
                made, paid = made - paid, 0
            if change.action is Action.REPLACE and change.abandons:
                made -= 1
            told[change.action]["calls"] += made + change.activates + bool(change.in_place)
            told[change.action]["paid"] += paid + change.activates
        return told


_CALLS = {
    Action.CREATE: (1, 1),
    Action.CLONE: (1, 1),
    Action.MOVE: (0, 0),
    Action.REPLACE: (2, 1),
    Action.UPDATE: (0, 0),  # of our own keys, the state only; what the cloud is told is counted apart
    Action.DELETE: (1, 0),
    Action.RECOVER: (0, 0),
    Action.RESUME: (0, 0),
    Action.FORGET: (0, 0),
    Action.BLOCKED: (0, 0),
    Action.NO_OP: (0, 0),
}

"""A plan and its changes. A plan is data: it can be saved, shown, compared and applied by a later run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AliasChoices, Field

from reconciler.hints import NO_HINT, Hint
from reconciler.model.base import AnyHint
from reconciler.model.cost import Cost
from reconciler.model.finding import Finding, Level
from reconciler.model.method import Origin
from reconciler.model.methods import origin_of
from reconciler.model.observed import RemoteVoice
from reconciler.values import value

PLAN_FORMAT = 1

# Older plans call it `terms`.
ApprovalDigest = Annotated[str | None, Field(validation_alias=AliasChoices("approval_digest", "terms"))]


class Action(StrEnum):
    """What a plan does for one address."""

    CREATE = "create"
    CLONE = "clone"
    MOVE = "move"  # an entry was renamed: its record gets the new address, without a call
    REPLACE = "replace"
    UPDATE = "update"
    DELETE = "delete"
    RECOVER = "recover"  # adds a voice to the state that exists: interrupted, marked, imported or official
    RESUME = "resume"  # waits for a task that still runs
    FORGET = "forget"  # removes the record from the state, without a call
    BLOCKED = "blocked"
    NO_OP = "no-op"


@value
class FieldChange:
    """One field with its value before and after."""

    name: str  # `voice_name`, `labels.tier`, `lifecycle.keep_old`
    before: Any = None
    after: Any = None


@value
class Change:
    """The planned action for one address, or for one old record of it.

    `before` and `after` are only shown: inputs without secrets, and `voice_id`. Apply uses the keys: `record` is the
    existing record that the action changes, `key` the record that it creates or resolves, `identity` the digest of
    the approved inputs.
    """

    address: str
    provider: str
    action: Action
    source: str | None = None  # move only: the address that the record had
    along: tuple[str, ...] = ()  # move only: keys of other records that get the new address too
    reason: str = ""  # text for the user; no code may depend on it
    cause: str = ""  # the reason in words that fit all changes of one cause: it names no ids
    hint: AnyHint = NO_HINT
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    fields: tuple[FieldChange, ...] = ()
    method: str = ""
    record: str | None = None
    key: str | None = None
    identity: str | None = None
    approval_digest: ApprovalDigest = None  # of everything that apply uses: account, redacted inputs, labels, lifecycle
    generation: int = 0
    found: RemoteVoice | None = None  # what the cloud shows for `record`, where its outcome was still open
    made: RemoteVoice | None = None  # the existing voice that `key` gets, so that no new voice is paid for
    gone: bool = False  # creates again a voice that no longer exists in the cloud
    abandons: bool = False  # releases a voice that still exists, because its cloud can't delete it
    activates: bool = False  # makes the paid call that uses the voice once, so that its cloud lists it
    in_place: tuple[str, ...] = ()  # keys of the body that are updated in the cloud, in place
    rebinds: tuple[str, ...] = ()  # keys of records that get this provider's name: the provider was renamed
    refresh: bool = False  # only writes what the account shows into the state
    candidate: bool = False  # its voice is made beside the current one, for review
    supersedes: str | None = None  # the key of an earlier candidate that is deleted once this one is made
    rejects: bool = False  # the voice is a candidate that the user rejects

    @property
    def origin(self) -> Origin:
        """Where the voice comes from: made by voicectl, official, or made elsewhere."""
        return origin_of(self.method)

    @property
    def calls(self) -> tuple[int, int]:
        """How many calls it makes, and how many of them are paid. Reads (polls, lists) don't count."""
        made, paid = _CALLS[self.action]
        if self.made is not None:  # the voice exists already: no paid call
            made, paid = made - paid, 0
        if self.action is Action.REPLACE and self.abandons:
            made -= 1
        return made + self.activates + bool(self.in_place), paid + self.activates


class DriftKind(StrEnum):
    """How the cloud differs from the state."""

    GONE = "gone"  # no longer exists in the cloud
    RENAMED = "renamed"
    FAILED = "failed"
    EXPIRED = "expired"
    SURPLUS = "surplus"  # carries a voicectl marker but is not in the state


@value
class Drift:
    """One difference between the cloud and the state. Shown beside the changes, never among them."""

    address: str
    provider: str
    kind: DriftKind
    fields: tuple[FieldChange, ...] = ()


@value
class Candidate:
    """A voice that waits for a decision of the user, beside the current one. `before` and `after` as in a change."""

    address: str
    provider: str
    key: str  # of its record
    current_key: str | None  # of the record of the current voice
    voice_id: str | None
    current_voice_id: str | None
    declared: bool  # whether the entry declares its inputs now: only then it can be accepted
    before: dict[str, Any]
    after: dict[str, Any]
    fields: tuple[FieldChange, ...] = ()
    hint: AnyHint = NO_HINT  # how to decide


@value
class Stop:
    """A reason for which apply refuses the plan. It is shown with the plan.

    `headline`: of the error; empty for a safety threshold that the plan exceeds.
    """

    what: str
    hint: AnyHint
    headline: str = ""


@value
class PlannedOutput:
    """A file for applications that apply would write or remove, or the reason why it could not."""

    path: str
    removed: bool = False
    problem: str = ""

    @property
    def what(self) -> str:
        """What happens to the file; may quote a cloud."""
        if self.problem:
            return f"can't be written: {self.problem}"
        return "is removed by the apply" if self.removed else "is written by the apply"


@value
class Plan:
    """All changes, with the lineage and the serial of the state that they were planned from."""

    plan_id: str
    lineage: str
    serial: int
    manifest: str
    changes: tuple[Change, ...] = ()  # without no-ops
    unchanged: int = 0
    drift: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = ()  # what could not be checked, and other remarks
    stops: tuple[Stop, ...] = ()
    unseen: tuple[str, ...] = ()  # `address: why`, for voices that could not be checked
    ways_to_see: Hint = NO_HINT  # what the user can do about them
    older: tuple[str, ...] = ()  # addresses whose voice in the account is newer than the state
    unclaimed: tuple[str, ...] = ()  # addresses without a record, although the account holds a voice for them
    outputs: tuple[PlannedOutput, ...] = ()
    candidates: tuple[Candidate, ...] = ()  # voices that wait for `accept` or `reject`
    destroy: bool = False
    sandbox: bool = False  # planned against the sandbox: no real account was read
    retry: tuple[str, ...] = ()  # this and the following: the options of the plan, so that apply plans the same
    replace: tuple[str, ...] = ()
    allow_deletes: int | None = None
    allow_recreates: int | None = None
    new_state: bool = False  # begin a new state, even if the account holds voices of another one
    targets: tuple[str, ...] = ()  # patterns of the addresses that the plan is restricted to
    excludes: tuple[str, ...] = ()  # patterns of the addresses that it leaves out
    left_out: int = 0  # changes that are needed too, and are out of scope
    refresh_only: bool = False  # only writes what the accounts show into the state
    cost: Cost | None = None  # None: not determined
    findings: tuple[Finding, ...] = ()  # what the rules of `policy:`, and limits of the command line, found
    max_paid_calls: int | None = None
    max_cost: str | None = None
    refreshed: bool = True  # False: made without a look at the accounts, so it can't be saved or applied

    @property
    def summary(self) -> dict[str, int]:
        """How many changes each of the eleven actions has, zeros included."""
        counts = dict.fromkeys((str(a) for a in Action), 0)
        for change in self.changes:
            counts[change.action] += 1
        counts[Action.NO_OP] = self.unchanged
        return counts

    @property
    def denied(self) -> bool:
        """Whether a rule of `policy:` or a limit of the command line stops the plan."""
        return any(found.level is Level.DENY for found in self.findings)

    @property
    def empty(self) -> bool:
        """Whether the plan changes no voice, and nothing in the state."""
        return not self.changes

    @property
    def does_nothing(self) -> bool:
        """Whether everything is as declared, files for applications included."""
        return self.empty and not self.outputs

    def calls(self) -> dict[str, dict[str, int]]:
        """Action -> how many calls it makes, and how many of them are paid. Reads (polls, lists) don't count."""
        counts = {str(a): {"calls": 0, "paid": 0} for a in Action}
        for change in self.changes:
            made, paid = change.calls
            counts[change.action]["calls"] += made
            counts[change.action]["paid"] += paid
        return counts


_CALLS = {  # action -> (calls, paid calls)
    Action.CREATE: (1, 1),
    Action.CLONE: (1, 1),
    Action.MOVE: (0, 0),
    Action.REPLACE: (2, 1),
    Action.UPDATE: (0, 0),  # changes the state only; an update in the cloud is counted by `in_place`
    Action.DELETE: (1, 0),
    Action.RECOVER: (0, 0),
    Action.RESUME: (0, 0),
    Action.FORGET: (0, 0),
    Action.BLOCKED: (0, 0),
    Action.NO_OP: (0, 0),
}

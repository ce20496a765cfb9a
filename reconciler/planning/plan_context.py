"""All that a change may depend on, collected once: the manifest, the state and the observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from reconciler.hints import Hint
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, Observation, Observations, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import LIVE, SETTLING, Record, State, Status
from reconciler.planning import markers
from reconciler.planning.account_check import AccountProblem, check_account
from reconciler.planning.marked_voices import Index, index
from reconciler.planning.scope import EVERYTHING, Scope
from reconciler.protocols.provider import ByKey, ByList, Capabilities, MethodCapabilities, Unknowable
from reconciler.values import value

_TOLERANCE = 600.0  # seconds that a machine's clock may be set back without making a record look wrong
_LIST_DELAY = timedelta(minutes=10)  # a new task may be missing from lists for so long; no cloud documents a figure
_NOT_REQUESTED = Unknown(why="voicectl did not check it")
_NO_CAPABILITIES = MethodCapabilities(deletes=False, found=Unknowable())
_UNBOUND_STATUSES = SETTLING | {Status.CANDIDATE, Status.DEPOSED, Status.LAPSED}
_GIVEN_UP = frozenset({Status.ABANDONED, Status.LAPSED})


@value
class PlanOptions:
    """Options of the user that change the plan, such as `--retry` and `--replace`."""

    retry: frozenset[str] = frozenset()  # addresses whose failed creation may be paid for again
    replace: frozenset[str] = frozenset()  # addresses that get a new voice
    accept: frozenset[str] = frozenset()  # addresses whose candidate becomes current
    reject: frozenset[str] = frozenset()  # addresses whose candidate is deleted
    allow_recreates: int | None = None
    destroy: bool = False
    scope: Scope = EVERYTHING
    refresh_only: bool = False
    under_way: str = ""  # who holds the lock of the state, and may go on with what is begun; for the words only


Place = tuple[str, str]  # account, voice_id


@value
class PlanContext:
    """All that the changes of one plan depend on. Mappings without another comment are by provider name."""

    manifest: Manifest
    state: State
    observations: Mapping[str, Observations]
    capabilities: Mapping[str, Capabilities]
    now: datetime
    options: PlanOptions = PlanOptions()
    account_problems: Mapping[str, AccountProblem] = field(default_factory=dict)
    marked: Index = field(default_factory=Index)  # marked voices and tasks that are in no record
    pending: Mapping[str, list[Record]] = field(default_factory=dict)  # address -> unbound creations, the newest first
    given_up: Mapping[str, list[Record]] = field(default_factory=dict)  # address -> records that may be adopted again
    refused: Mapping[str, list[Record]] = field(
        default_factory=dict
    )  # address -> released, as another run used the key
    candidates: Mapping[str, Record] = field(default_factory=dict)  # address -> the voice that waits for review
    rejected: Mapping[str, list[Record]] = field(default_factory=dict)  # address -> candidates that were rejected
    unbound: tuple[Record, ...] = ()  # unbound records that may still have a voice in a cloud
    blocked: Mapping[str, tuple[str, Hint]] = field(default_factory=dict)  # address -> why it can't change
    one_account: Mapping[str, str] = field(default_factory=dict)  # account -> the one name that is used for it

    def place(self, account: str, voice_id: str) -> Place:
        """The account and the id of a voice. An account with two names in this manifest has one place."""
        return self.one_account.get(account, account), voice_id

    def observation(self, record: Record) -> Observation:
        """What this run saw of a record. An observation of the wrong account counts as Unknown."""
        observations, found = self.observations.get(record.provider), self.account_problems.get(record.provider)
        if found is not None and (found.elsewhere or observations is None):
            return Unknown(why=found.why)
        if observations is None:
            return Unknown(why=f"the provider {record.provider} was not checked")
        observed = observations.of.get(record.external_task_id, _NOT_REQUESTED)
        if isinstance(observed, Absent) and is_just_accepted(record, self.now):
            return Found(remote=RemoteVoice(status=TaskStatus.RUNNING, task_id=record.task_id))
        if isinstance(observed, Absent) and self._list_may_lag(record):
            unknown = Unknown(why="its cloud may not list yet what an interrupted call made")
            return Found(remote=as_recorded(record)) if record.voice_id is not None else unknown
        return observed

    def may_be_unlisted(self, record: Record) -> bool:
        """Whether the record may still be missing from its cloud's list, so that its absence proves nothing."""
        return is_just_accepted(record, self.now) or self._list_may_lag(record)

    def _list_may_lag(self, record: Record) -> bool:
        """The same for records that only a list shows: during the list's lag, and while the call may be under way."""
        found, account = self.can(record).found, self.manifest.providers.get(record.provider)
        if record.status not in LIVE or not isinstance(found, ByList) or account is None:
            return False
        lag = _LIST_DELAY.total_seconds() if found.lag is None else found.lag
        longest = lag + (2 * account.timeouts.operation if record.status is Status.INTENDED else 0.0)
        return (self.now - record.changed_at).total_seconds() < longest

    def can(self, record_or_voice: Record | Voice) -> MethodCapabilities:
        """The capabilities of the record's or voice's method; none at all if its provider was not read."""
        cloud = self.capabilities.get(record_or_voice.provider)
        return cloud.methods.get(record_or_voice.method, _NO_CAPABILITIES) if cloud is not None else _NO_CAPABILITIES

    def deletable(self, record: Record) -> bool:
        """Whether the record's cloud can delete its voice now."""
        can = self.can(record)
        observed = self.observation(record)
        return can.can_delete(record) or (can.deletes and isinstance(observed, Found) and observed.remote.active)

    def is_own_lineage(self, lineage: str) -> bool:
        """Whether the lineage of a marker (eight characters) is this state's own or was adopted by it."""
        return lineage == self.state.lineage[:8] or lineage in self.state.adopted_lineages

    def is_too_old_to_find(self, record: Record) -> bool:
        """Whether the record is older than the time in which its cloud can find it by its key or list."""
        match self.can(record).found:
            case ByKey(window=window):
                age = (self.now - record.created_at).total_seconds()
                # A record from the future may be of any age.
                return window is not None and not -_TOLERANCE < age <= window
            case ByList(lag=lag):
                return lag is None
            case Unknowable():
                return False

    def key_may_be_forgotten(self, record: Record) -> bool:
        """Whether the cloud may no longer remember the key, so that it would accept the key a second time."""
        found = self.can(record).found
        window = found.window if isinstance(found, ByKey) else None
        return window is not None and (self.now - record.created_at).total_seconds() > window

    def name_to_resolve(self, record: Record) -> str:
        """The argument for `resolve`: the address of a creation, or its key where the address may mean another."""
        key, address = record.external_task_id, record.address
        if self.state.current.get(address) == key:
            return address
        others = (r for r in (self.state.at(address), *self.pending.get(address, ())) if r is not None)
        open_ones = (r for r in others if r.status in SETTLING and r.voice_id is None)
        return key if any(r.external_task_id != key for r in open_ones) else address

    @property
    def rebuilt(self) -> bool:
        """Whether `state rebuild` made this state from markers: it then lacks all that markers do not show."""
        return self.state.lineage[:8] in self.state.adopted_lineages

    def next_key(self, voice: Voice) -> tuple[str, int]:
        """The key and generation of this voice's next creation: above all generations in the state and in markers."""
        return markers.next_key(self.state, voice, above=self.marked.generation(voice, self.state.lineage[:8]))


def as_recorded(record: Record) -> RemoteVoice:
    """The voice as the state has it, for records that their cloud can't look up."""
    return RemoteVoice(
        status=TaskStatus.READY,
        voice_id=record.voice_id,
        voice_name=record.voice_name or None,
        url=record.url,
        file_id=record.file_id,
        expires_at=record.expires_at,
    )


def is_just_accepted(record: Record, now: datetime) -> bool:
    """Whether the task was accepted so recently that its cloud may not show it yet. It then counts as running."""
    waited_for = record.status is Status.RUNNING or (record.status is Status.DEPOSED and record.voice_id is None)
    return (
        waited_for and not record.shown and abs(now - record.changed_at) < _LIST_DELAY
    )  # abs: the clock may have been ahead


def has_expired(record: Record, now: datetime) -> bool:
    """Whether the record's file has expired: its cloud keeps files for a limited time."""
    return record.status is Status.READY and record.expires_at is not None and record.expires_at <= now


def is_due_for_deletion(record: Record, now: datetime, options: PlanOptions) -> bool:
    """Whether a deposed record has been kept for its `keep_old`. Before that, no run tries to delete it."""
    keep = record.lifecycle.keep_old
    return options.destroy or not keep or (now - record.changed_at).total_seconds() >= keep


def make_context(
    manifest: Manifest,
    state: State,
    observations: Mapping[str, Observations],
    capabilities: Mapping[str, Capabilities],
    *,
    now: datetime,
    options: PlanOptions,
    closed: Mapping[str, AccountProblem] | None = None,
    blocked: Mapping[str, tuple[str, Hint]] = MappingProxyType({}),
    one_account: Mapping[str, str] = MappingProxyType({}),
) -> PlanContext:
    """Collects the context of a plan. `closed` holds the providers that could not be read, with the reason."""
    bound = set(state.current.values())
    live: dict[str, list[Record]] = {}
    known: dict[str, list[Record]] = {}
    pending: dict[str, list[Record]] = {}
    given_up: dict[str, list[Record]] = {}
    refused: dict[str, list[Record]] = {}
    candidates: dict[str, Record] = {}
    rejected: dict[str, list[Record]] = {}
    unbound: list[Record] = []
    transferred: list[Record] = []
    for record in state.records.values():
        if record.moved_to is not None:
            transferred.append(record)
        if record.status in LIVE:
            live.setdefault(record.provider, []).append(record)
        if record.external_task_id in bound:
            if record.status in {Status.READY, Status.RUNNING} and record.origin is not Origin.OFFICIAL:
                known.setdefault(record.provider, []).append(record)
            continue
        if record.rejected:
            rejected.setdefault(record.address, []).append(record)
        if record.status in _UNBOUND_STATUSES and record.moved_to is None:
            unbound.append(record)
        if record.status is Status.CANDIDATE:
            known.setdefault(record.provider, []).append(record)
            if record.moved_to is None:
                candidates[record.address] = record
        if record.status in SETTLING or record.status is Status.FAILED:
            pending.setdefault(record.address, []).append(record)
        if record.status in _GIVEN_UP or (
            record.status is Status.DEPOSED and not is_due_for_deletion(record, now, options)
        ):
            given_up.setdefault(record.address, []).append(record)
        if record.status is Status.DELETED and record.key_was_used:
            refused.setdefault(record.address, []).append(record)
    for records in pending.values():
        records.sort(key=lambda r: r.generation, reverse=True)
    context = PlanContext(
        manifest=manifest,
        state=state,
        observations=observations,
        capabilities=capabilities,
        now=now,
        options=options,
        marked=index(observations, state),
        pending=pending,
        given_up=given_up,
        refused=refused,
        candidates=candidates,
        rejected=rejected,
        blocked=blocked if not transferred else {**_transfers(transferred, state, options), **blocked},
        one_account=one_account,
        unbound=tuple(sorted(unbound, key=lambda r: (r.address, r.generation))),
    )
    return replace(context, account_problems={**_account_problems(context, live, known), **(closed or {})})


def _transfers(records: list[Record], state: State, options: PlanOptions) -> dict[str, tuple[str, Hint]]:
    from reconciler.planning import transfers  # most states have none

    return transfers.blocked(records, state, options.retry)


def _account_problems(
    context: PlanContext, live: Mapping[str, list[Record]], known: Mapping[str, list[Record]]
) -> dict[str, AccountProblem]:
    observed_records: dict[str, list[tuple[Record, Observation]]] = {}
    for name, each in context.observations.items():
        pairs = [(record, each.of.get(record.external_task_id, _NOT_REQUESTED)) for record in known.get(name, ())]
        observed_records[name] = [
            (r, o) for r, o in pairs if not (isinstance(o, Absent) and context.may_be_unlisted(r))
        ]
    missing = sum(isinstance(observed, Absent) for pairs in observed_records.values() for _, observed in pairs)
    account_problems: dict[str, AccountProblem] = {}
    for name, each in context.observations.items():
        allowed = context.options.allow_recreates
        found = check_account(
            name, live.get(name, ()), observed_records[name], each, missing=missing, allow_recreates=allowed
        )
        if found is not None:
            account_problems[name] = found
    return account_problems

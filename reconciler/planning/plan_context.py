"""Everything a verdict may look at, gathered once: what is declared, remembered, and seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reconciler.hints import Hint
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, Observation, Observations, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import LIVE, SETTLING, Record, State, Status
from reconciler.planning import markers
from reconciler.planning.account_check import AccountProblem, doubt
from reconciler.planning.marked_voices import Index, index
from reconciler.protocols import ByKey, ByList, Capabilities, MethodCapabilities, Unknowable

_TOLERANCE = 600.0  # seconds that a clock may be set back, and is none to wonder at
_SHOWS_LATE = timedelta(minutes=10)  # after its acceptance a task may be missing from lists; no cloud says how long
_NOT_ASKED = Unknown(why="it was not asked about")
_CANNOT = MethodCapabilities(deletes=False, found=Unknowable())
_BESIDE = SETTLING | {Status.DEPOSED, Status.LAPSED}
_GIVEN_UP = frozenset({Status.ABANDONED, Status.LAPSED})


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a person asked for beyond the manifest."""

    retry: frozenset[str] = frozenset()  # addresses whose failed creation may be bought again
    replace: frozenset[str] = frozenset()  # addresses to be made anew
    allow_recreates: int | None = None
    destroy: bool = False


Place = tuple[str, str]  # account, voice_id


@dataclass(frozen=True, slots=True)
class PlanContext:
    manifest: Manifest
    state: State
    seen: Mapping[str, Observations]
    capabilities: Mapping[str, Capabilities]
    now: datetime
    options: PlanOptions = PlanOptions()
    account_problems: Mapping[str, AccountProblem] = field(default_factory=dict)
    marked: Index = field(default_factory=Index)  # voices and tasks of voicectl that no record knows
    pending: Mapping[str, list[Record]] = field(default_factory=dict)  # address -> unbound creations, the newest first
    given_up: Mapping[str, list[Record]] = field(default_factory=dict)  # address -> what may be taken back
    beside: tuple[Record, ...] = ()  # unbound records that may still mean a voice in a cloud
    stopped: Mapping[str, tuple[str, Hint]] = field(default_factory=dict)  # address -> why it can't change
    one_account: Mapping[str, str] = field(default_factory=dict)  # account -> the name that stands for it

    def place(self, account: str, voice_id: str) -> Place:
        """Where a voice is. An account that goes by two names in this manifest is one place."""
        return self.one_account.get(account, account), voice_id

    def observation(self, record: Record) -> Observation:
        """What this run saw of it. On another account nothing is seen, however properly it was asked."""
        seen, found = self.seen.get(record.provider), self.account_problems.get(record.provider)
        if found is not None and (found.elsewhere or seen is None):
            return Unknown(why=found.why)
        if seen is None:
            return Unknown(why=f"the provider {record.provider} was not looked at")
        observed = seen.of.get(record.external_task_id, _NOT_ASKED)
        if isinstance(observed, Absent) and shows_late(record, self.now):
            return Found(remote=RemoteVoice(status=TaskStatus.RUNNING, task_id=record.task_id))
        if isinstance(observed, Absent) and self._may_be_listed_later(record):
            unknown = Unknown(why="its cloud may not list yet what an interrupted call made")
            return Found(remote=as_recorded(record)) if record.voice_id is not None else unknown
        return observed

    def shows_late(self, record: Record) -> bool:
        """Whether a look that shows nothing of it says nothing yet."""
        return shows_late(record, self.now) or self._may_be_listed_later(record)

    def _may_be_listed_later(self, record: Record) -> bool:
        """Where only a list shows it: while that is late, and before, while a call waits to go out or is under way."""
        found, account = self.can(record).found, self.manifest.providers.get(record.provider)
        if record.status not in LIVE or not isinstance(found, ByList) or account is None:
            return False
        lag = _SHOWS_LATE.total_seconds() if found.lag is None else found.lag
        longest = lag + (2 * account.timeouts.operation if record.status is Status.INTENDED else 0.0)
        return (self.now - record.changed_at).total_seconds() < longest

    def can(self, record_or_voice: Record | Voice) -> MethodCapabilities:
        cloud = self.capabilities.get(record_or_voice.provider)
        return cloud.methods.get(record_or_voice.method, _CANNOT) if cloud is not None else _CANNOT

    def deletable(self, record: Record) -> bool:
        """Whether its cloud can delete it now."""
        can = self.can(record)
        observed = self.observation(record)
        return can.can_delete(record) or (can.deletes and isinstance(observed, Found) and observed.remote.active)

    def ours(self, lineage: str) -> bool:
        return lineage == self.state.lineage[:8] or lineage in self.state.kin

    def too_old(self, record: Record) -> bool:
        """Past the time in which its cloud can still be asked for it, if ever it could."""
        match self.can(record).found:
            case ByKey(window=float() as window):
                age = (self.now - record.created_at).total_seconds()
                return not -_TOLERANCE < age <= window  # one from the future may be of any age
            case ByKey():
                return False
            case ByList(lag=lag):
                return lag is None
            case Unknowable():
                return False

    def has_outlived_its_key(self, record: Record) -> bool:
        """Whether its cloud may have forgotten the key, so that it would take it a second time."""
        found = self.can(record).found
        window = found.window if isinstance(found, ByKey) else None
        return window is not None and (self.now - record.created_at).total_seconds() > window

    def name_to_resolve(self, record: Record) -> str:
        """What `resolve` has to be told: the address of a creation, or its key where the address may mean another."""
        key, address = record.external_task_id, record.address
        if self.state.current.get(address) == key:
            return address
        others = (r for r in (self.state.at(address), *self.pending.get(address, ())) if r is not None)
        open_ones = (r for r in others if r.status in SETTLING and r.voice_id is None)
        return key if any(r.external_task_id != key for r in open_ones) else address

    @property
    def rebuilt(self) -> bool:
        """Whether the state was put together again from markers, so that what they do not show is forgotten."""
        return self.state.lineage[:8] in self.state.kin

    def next_key(self, voice: Voice) -> tuple[str, int]:
        """The key of the next creation of this voice: above every generation known here or seen marked there."""
        return markers.following(self.state, voice, above=self.marked.generation(voice, self.state.lineage[:8]))


def as_recorded(record: Record) -> RemoteVoice:
    """What nobody can look up, as the state remembers it."""
    return RemoteVoice(
        status=TaskStatus.READY,
        voice_id=record.voice_id,
        voice_name=record.voice_name or None,
        url=record.url,
        file_id=record.file_id,
        expires_at=record.expires_at,
    )


def shows_late(record: Record, now: datetime) -> bool:
    """A task accepted moments ago and not shown yet still runs: nothing is bought again, and nothing given up."""
    waited_for = record.status is Status.RUNNING or (record.status is Status.DEPOSED and record.voice_id is None)
    return waited_for and abs(now - record.changed_at) < _SHOWS_LATE  # a clock may have been ahead


def has_expired(record: Record, now: datetime) -> bool:
    """Whether its cloud kept its file for a time that is over."""
    return record.status is Status.READY and record.expires_at is not None and record.expires_at <= now


def is_due(record: Record, now: datetime, options: PlanOptions) -> bool:
    """Whether a deposed record was kept as long as its `keep_old` asks. Until then no run has tried to delete it."""
    keep = record.lifecycle.keep_old
    return options.destroy or not keep or (now - record.changed_at).total_seconds() >= keep


def gather(
    manifest: Manifest,
    state: State,
    seen: Mapping[str, Observations],
    capabilities: Mapping[str, Capabilities],
    *,
    now: datetime,
    options: PlanOptions,
    closed: Mapping[str, AccountProblem] | None = None,
    stopped: Mapping[str, tuple[str, Hint]],
    one_account: Mapping[str, str],
) -> PlanContext:
    """`closed`: for each provider that could not be looked at, why not."""
    bound = set(state.current.values())
    live: dict[str, list[Record]] = {}
    known: dict[str, list[Record]] = {}
    pending: dict[str, list[Record]] = {}
    given_up: dict[str, list[Record]] = {}
    beside: list[Record] = []
    for record in state.records.values():
        if record.status in LIVE:
            live.setdefault(record.provider, []).append(record)
        if record.external_task_id in bound:
            if record.status in {Status.READY, Status.RUNNING} and record.origin is not Origin.OFFICIAL:
                known.setdefault(record.provider, []).append(record)
            continue
        if record.status in _BESIDE:
            beside.append(record)
        if record.status in SETTLING or record.status is Status.FAILED:
            pending.setdefault(record.address, []).append(record)
        if record.status in _GIVEN_UP or (record.status is Status.DEPOSED and not is_due(record, now, options)):
            given_up.setdefault(record.address, []).append(record)
    for records in pending.values():
        records.sort(key=lambda r: r.generation, reverse=True)
    context = PlanContext(
        manifest=manifest,
        state=state,
        seen=seen,
        capabilities=capabilities,
        now=now,
        options=options,
        marked=index(seen, state),
        pending=pending,
        given_up=given_up,
        stopped=stopped,
        one_account=one_account,
        beside=tuple(sorted(beside, key=lambda r: (r.address, r.generation))),
    )
    return replace(context, account_problems={**_account_problems(context, live, known), **(closed or {})})


def _account_problems(
    context: PlanContext, live: Mapping[str, list[Record]], known: Mapping[str, list[Record]]
) -> dict[str, AccountProblem]:
    looked: dict[str, list[tuple[Record, Observation]]] = {}
    for name, each in context.seen.items():
        pairs = [(record, each.of.get(record.external_task_id, _NOT_ASKED)) for record in known.get(name, ())]
        looked[name] = [(r, o) for r, o in pairs if not (isinstance(o, Absent) and context.shows_late(r))]
    missing = sum(isinstance(observed, Absent) for pairs in looked.values() for _, observed in pairs)
    account_problems: dict[str, AccountProblem] = {}
    for name, each in context.seen.items():
        allowed = context.options.allow_recreates
        found = doubt(name, live.get(name, ()), looked[name], each, missing=missing, allow_recreates=allowed)
        if found is not None:
            account_problems[name] = found
    return account_problems

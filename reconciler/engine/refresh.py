"""Reads every account that a plan needs, all at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf

from reconciler import waits
from reconciler.engine.cloud import Cloud
from reconciler.errors import CloudError, CredentialsMissing, EndpointInvalid, HostNotTrusted, OutcomeUnknown
from reconciler.hints import hint
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Observations, RemoteVoice
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.planning.account_check import AccountProblem
from reconciler.protocols.provider import RecentTasks, Unknowable

_LATE = timedelta(hours=72)  # so long a lapsed call may still arrive


def needed_providers(manifest: Manifest, state: State, *, now: datetime) -> list[str]:
    """The declared providers that have voices, may have them or will get them. Only these need credentials."""
    remembered = {
        r.provider
        for r in state.records.values()
        if r.status in LIVE
        or r.status is Status.FAILED
        or (r.status is Status.LAPSED and abs(now - r.changed_at) < _LATE)
    }
    declared = {v.provider for v in manifest.voices.values()}
    return [name for name in manifest.providers if name in remembered | declared]


def connect_all(
    connect: Callable[[Collection[str]], Mapping[str, Cloud]], names: Collection[str]
) -> tuple[dict[str, Cloud], dict[str, AccountProblem]]:
    """Connects to the named providers. Returns the clouds, and for each that can't be used the reason.

    Such a provider blocks only its own entries.
    """
    clouds: dict[str, Cloud] = {}
    closed: dict[str, AccountProblem] = {}
    for name in names:
        try:
            clouds |= connect([name])
        except CredentialsMissing as lacking:
            closed[name] = AccountProblem(why=f"no credentials: {lacking.detail.rstrip('.')}", hint=lacking.hint)
        except HostNotTrusted as untrusted:
            closed[name] = AccountProblem(
                why=untrusted.detail.removeprefix(f"{name}: ").rstrip("."), hint=untrusted.hint
            )
        except EndpointInvalid as invalid:
            closed[name] = AccountProblem(
                why=invalid.detail.rstrip("."), hint=hint(f"Correct the endpoint of {name} under providers.")
            )
    return clouds, closed


def observe_all(
    manifest: Manifest,
    state: State,
    clouds: Mapping[str, Cloud],
    unrecorded: Sequence[Record] = (),
    *,
    seconds: float = inf,
) -> tuple[dict[str, Observations], dict[str, AccountProblem]]:
    """Observes each account. Returns the observations, and the reason for each account that refuses to be read.

    An account may refuse because of its credentials, arrears or an IP rule. Raises the refusal if no account can be
    read. `unrecorded` are records that are not in the state, but must be observed as if they were. `seconds`: how long
    one of several accounts may take; after that it counts as refusing.
    """
    records_of: dict[str, list[Record]] = {name: [] for name in clouds}
    for record in (*_as_looked_up(manifest, state), *unrecorded):
        if record.provider in records_of:
            records_of[record.provider].append(record)
    presets = {v.provider for v in manifest.voices.values() if v.origin is Origin.OFFICIAL}
    unmade = {v.provider for v in manifest.voices.values() if v.address not in state.current and _has_key(v, clouds)}

    def observe_or_refusal(name: str) -> Observations | CloudError:
        try:
            return replace(observe(name), credentials=clouds[name].credentials)
        except CloudError as refusal:
            return refusal

    def observe(name: str) -> Observations:
        provider = clouds[name].provider
        if name not in unmade or not isinstance(provider, RecentTasks):
            return provider.observe(records_of[name], presets=name in presets)
        calls = provider.calls
        recent_tasks = _recent_tasks(provider, state.records)
        seen = provider.observe(records_of[name], presets=name in presets)
        return replace(_with_recent_tasks(recent_tasks, seen), calls=provider.calls - calls)

    if len(clouds) < 2:
        return _split({name: observe_or_refusal(name) for name in clouds})
    pool = ThreadPoolExecutor(max_workers=min(16, len(clouds)), thread_name_prefix="observe")
    try:
        futures = {name: pool.submit(observe_or_refusal, name) for name in clouds}
        latest = time.monotonic() + seconds
        return _split({name: _in_time(future, latest, seconds) for name, future in futures.items()})
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # an interrupted run does not wait for the answers


def _in_time(answer: Future[Observations | CloudError], latest: float, seconds: float) -> Observations | CloudError:
    try:
        return waits.result(answer, max(0.0, latest - time.monotonic()))
    except TimeoutError:
        return OutcomeUnknown(f"it could not be read within {seconds:g} s")


def _as_looked_up(manifest: Manifest, state: State) -> Iterable[Record]:
    """The records as their clouds are asked for them: an abandoned one with care, if an entry may take it back."""
    abandoned = [record for record in state.records.values() if record.status is Status.ABANDONED]
    if not abandoned:
        return state.records.values()
    from reconciler.planning import reusable  # most states have no abandoned record

    restored = {record.external_task_id: record for record in reusable.restored(manifest, state, abandoned)}
    return [restored.get(key, record) for key, record in state.records.items()]


def _split(
    answers: Mapping[str, Observations | CloudError],
) -> tuple[dict[str, Observations], dict[str, AccountProblem]]:
    seen = {name: answer for name, answer in answers.items() if isinstance(answer, Observations)}
    refused = {name: answer for name, answer in answers.items() if isinstance(answer, CloudError)}
    if refused and not seen:
        raise next(iter(refused.values()))
    closed = {
        name: AccountProblem(why=f"could not check {name}: {refusal.detail.rstrip('.')}", hint=refusal.hint)
        for name, refusal in refused.items()
    }
    return seen, closed


def _has_key(voice: Voice, clouds: Mapping[str, Cloud]) -> bool:
    """Whether a voice created for this entry carries our key."""
    if voice.provider not in clouds or voice.method not in clouds[voice.provider].provider.capabilities.methods:
        return False
    return clouds[voice.provider].can(voice.method).found != Unknowable()


def _recent_tasks(provider: RecentTasks, known: Collection[str]) -> Sequence[RemoteVoice] | CloudError:
    """The recent tasks of an account. They may show a voice that was paid for under a state that is lost."""
    try:
        return provider.recent_tasks(known)
    except CloudError as error:
        if error.systemic:
            raise
        return error


def _with_recent_tasks(recent_tasks: Sequence[RemoteVoice] | CloudError, seen: Observations) -> Observations:
    if isinstance(recent_tasks, CloudError):
        return replace(seen, unlisted=recent_tasks.detail)
    listed = {remote.external_task_id for remote in seen.marked}
    more = tuple(remote for remote in recent_tasks if remote.external_task_id not in listed)
    return replace(seen, marked=(*seen.marked, *more))

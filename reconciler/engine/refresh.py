"""Looks at every account that a plan needs, all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from reconciler import waits
from reconciler.engine.cloud import Cloud
from reconciler.errors import CloudError, CredentialsMissing, EndpointInvalid
from reconciler.hints import hint
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Observations, RemoteVoice
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.planning.account_check import AccountProblem
from reconciler.protocols import RecentTasks, Unknowable

_LATE = timedelta(hours=72)  # in which a call that was given up may arrive after all


def needed(manifest: Manifest, state: State, *, now: datetime) -> list[str]:
    """The declared providers that hold or shall hold a voice, or may: only their credentials are asked for."""
    remembered = {
        r.provider
        for r in state.records.values()
        if r.status in LIVE
        or r.status is Status.FAILED
        or (r.status is Status.LAPSED and abs(now - r.changed_at) < _LATE)
    }
    declared = {v.provider for v in manifest.voices.values()}
    return [name for name in manifest.providers if name in remembered | declared]


def opened(
    connect: Callable[[Collection[str]], Mapping[str, Cloud]], names: Collection[str]
) -> tuple[dict[str, Cloud], dict[str, AccountProblem]]:
    """The accounts that can be used, and for each of the others why not: it blocks its own entries only."""
    clouds: dict[str, Cloud] = {}
    closed: dict[str, AccountProblem] = {}
    for name in names:
        try:
            clouds |= connect([name])
        except CredentialsMissing as lacking:
            closed[name] = AccountProblem(why=f"no credentials: {lacking.detail.rstrip('.')}", hint=lacking.hint)
        except EndpointInvalid as invalid:
            closed[name] = AccountProblem(
                why=invalid.detail.rstrip("."), hint=hint(f"Mend the endpoint of {name} under providers.")
            )
    return clouds, closed


def look(
    manifest: Manifest, state: State, clouds: Mapping[str, Cloud], candidates: Sequence[Record] = ()
) -> tuple[dict[str, Observations], dict[str, AccountProblem]]:
    """What each account looks like, and for those that refuse to be looked at (credentials, arrears, IP) why.

    Raises the refusal where no account can be looked at. `candidates` are records that are not in the state, to be
    looked at as if they were.
    """
    asked: dict[str, list[Record]] = {name: [] for name in clouds}
    for record in (*state.records.values(), *candidates):
        if record.provider in asked:
            asked[record.provider].append(record)
    presets = {v.provider for v in manifest.voices.values() if v.origin is Origin.OFFICIAL}
    unmade = {v.provider for v in manifest.voices.values() if v.address not in state.current and _has_key(v, clouds)}

    def one(name: str) -> Observations | CloudError:
        try:
            return looked(name).model_copy(update={"credentials": clouds[name].credentials})
        except CloudError as refusal:
            return refusal

    def looked(name: str) -> Observations:
        provider = clouds[name].provider
        if name not in unmade or not isinstance(provider, RecentTasks):
            return provider.observe(asked[name], presets=name in presets)
        calls = provider.calls
        recent_tasks = _recent_tasks(provider, state.records)
        seen = provider.observe(asked[name], presets=name in presets)
        return _with(recent_tasks, seen).model_copy(update={"calls": provider.calls - calls})

    if len(clouds) < 2:
        return _apart({name: one(name) for name in clouds})
    pool = ThreadPoolExecutor(max_workers=min(16, len(clouds)), thread_name_prefix="observe")
    try:
        looks = {name: pool.submit(one, name) for name in clouds}
        return _apart({name: waits.result(look) for name, look in looks.items()})
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who interrupts a look does not wait for its answers


def _apart(
    answers: Mapping[str, Observations | CloudError],
) -> tuple[dict[str, Observations], dict[str, AccountProblem]]:
    seen = {name: answer for name, answer in answers.items() if isinstance(answer, Observations)}
    refused = {name: answer for name, answer in answers.items() if isinstance(answer, CloudError)}
    if refused and not seen:
        raise next(iter(refused.values()))
    closed = {
        name: AccountProblem(why=f"could not look at {name}: {refusal.detail.rstrip('.')}", hint=refusal.hint)
        for name, refusal in refused.items()
    }
    return seen, closed


def _has_key(voice: Voice, clouds: Mapping[str, Cloud]) -> bool:
    """Whether what is made of it carries our key."""
    if voice.provider not in clouds or voice.method not in clouds[voice.provider].provider.capabilities.methods:
        return False
    return clouds[voice.provider].can(voice.method).found != Unknowable()


def _recent_tasks(provider: RecentTasks, known: Collection[str]) -> Sequence[RemoteVoice] | CloudError:
    """Before a voice is bought for an address that has none: was it, under a state that was lost?"""
    try:
        return provider.recent_tasks(known)
    except CloudError as error:
        if error.systemic:
            raise
        return error


def _with(recent_tasks: Sequence[RemoteVoice] | CloudError, seen: Observations) -> Observations:
    if isinstance(recent_tasks, CloudError):
        return seen.model_copy(update={"unlisted": recent_tasks.detail})
    listed = {remote.external_task_id for remote in seen.marked}
    more = tuple(remote for remote in recent_tasks if remote.external_task_id not in listed)
    return seen.model_copy(update={"marked": (*seen.marked, *more)})

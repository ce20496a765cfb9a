"""Looks at every account that a plan needs, all of them at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from reconciler.engine.work import Cloud
from reconciler.errors import CloudError
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.observed import Observations, RemoteVoice
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.protocols import Tracing

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


def look(
    manifest: Manifest, state: State, clouds: Mapping[str, Cloud], candidates: Sequence[Record] = ()
) -> dict[str, Observations]:
    """What each account looks like. Raises only what stops everything (credentials, arrears, IP whitelist).

    `candidates` are records that are not in the state, to be looked at as if they were.
    """
    asked: dict[str, list[Record]] = {name: [] for name in clouds}
    for record in (*state.records.values(), *candidates):
        if record.provider in asked:
            asked[record.provider].append(record)
    presets = {v.provider for v in manifest.voices.values() if v.method == "preset"}
    unmade = {v.provider for v in manifest.voices.values() if v.address not in state.current and _has_key(v, clouds)}

    def one(name: str) -> Observations:
        provider = clouds[name].provider
        if name not in unmade or not isinstance(provider, Tracing):
            return provider.observe(asked[name], presets=name in presets)
        calls = provider.calls
        traces = _traces(provider, state.records)
        seen = provider.observe(asked[name], presets=name in presets)
        return _with(traces, seen).model_copy(update={"calls": provider.calls - calls})

    if len(clouds) < 2:
        return {name: one(name) for name in clouds}
    pool = ThreadPoolExecutor(max_workers=min(16, len(clouds)), thread_name_prefix="observe")
    try:
        return dict(zip(clouds, pool.map(one, clouds), strict=True))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who interrupts a look does not wait for its answers


def _has_key(voice: Voice, clouds: Mapping[str, Cloud]) -> bool:
    """Whether what is made of it carries our key."""
    if voice.provider not in clouds or voice.method not in clouds[voice.provider].provider.capabilities.methods:
        return False
    return clouds[voice.provider].can(voice.method).dedupes


def _traces(provider: Tracing, known: Collection[str]) -> Sequence[RemoteVoice] | CloudError:
    """Before a voice is bought for an address that has none: was it, under a state that was lost?"""
    try:
        return provider.traces(known)
    except CloudError as error:
        if error.systemic:
            raise
        return error


def _with(traces: Sequence[RemoteVoice] | CloudError, seen: Observations) -> Observations:
    if isinstance(traces, CloudError):
        return seen.model_copy(update={"unlisted": traces.detail})
    listed = {remote.external_task_id for remote in seen.marked}
    more = tuple(remote for remote in traces if remote.external_task_id not in listed)
    return seen.model_copy(update={"marked": (*seen.marked, *more)})

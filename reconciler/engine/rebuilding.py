"""A lost state, put together again from the markers of the voices that it made. No cloud is changed by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.engine import transitions
from reconciler.engine.operations import Request, Session
from reconciler.engine.surgery import changing
from reconciler.engine.work import Cloud
from reconciler.errors import UsageError
from reconciler.model.base import Frozen
from reconciler.model.manifest import Voice
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.state import Record, State, Status
from reconciler.planning import keys
from reconciler.planning.diff import noted, shown
from reconciler.protocols import Tracing


class Rebuilt(Frozen):
    """What `state rebuild` found: lineage -> the addresses whose voices it made; and which of them were taken in."""

    lineages: dict[str, list[str]]
    taken: list[str] = []


@dataclass(frozen=True, slots=True)
class _Stray:
    """A voice whose marker is of exactly a declared entry, and of a lineage that is not ours."""

    voice: Voice
    cloud: Cloud
    remote: RemoteVoice
    marker: keys.Marker


def rebuild(session: Session, request: Request, *, lineage: str | None, strangers: bool) -> Rebuilt:
    """Takes in the voices that carry this manifest's markers of a lost state, or declares them somebody else's.

    Without either it only says which lineages there are.
    """
    with changing(session, "state rebuild", request, finds=True, new=strangers) as held:
        state, now = held[0], session.clock.now()
        strays = list(_strays(session, state))
        found: dict[str, set[str]] = {}
        for stray in strays:
            found.setdefault(stray.marker.lineage, set()).add(stray.voice.address)
        wanted = [s for s in strays if s.marker.lineage == lineage and state.at(s.voice.address) is None]
        records = {address: _rebuilt(stray, now=now) for address, stray in _newest(wanted).items()}
        if strangers:
            held.append(state.having(strangers=(*state.strangers, *sorted(set(found) - set(state.strangers)))))
        elif lineage is not None:
            if lineage not in (*found, *state.kin):  # of its kin, all may have been taken in before
                raise UsageError(
                    f"No declared voice carries a marker of the lineage {lineage}.",
                    "To see which there are: voicectl state rebuild",
                )
            bound: dict[str, str | None] = {a: r.external_task_id for a, r in records.items()}
            kin = tuple(dict.fromkeys((*state.kin, lineage)))
            left = tuple(s for s in state.strangers if s != lineage)
            held.append(state.having(records.values(), current=bound, kin=kin, strangers=left))
        return Rebuilt(lineages={k: sorted(v) for k, v in sorted(found.items())}, taken=sorted(records))


def _strays(session: Session, state: State) -> Iterator[_Stray]:
    voices = session.manifest.voices.values()
    for name, cloud in session.connect(sorted({v.provider for v in voices})).items():
        declared = {digest: v for v in voices if v.provider == name for digest in reversed(keys.digests(v))}
        for remote in _there(cloud, state):
            marker = keys.read(remote.external_task_id)
            voice = declared.get(marker.digest) if marker else None
            if marker is None or voice is None or remote.status is TaskStatus.FAILED:
                continue
            if str(remote.external_task_id) not in state.records and marker.lineage != state.lineage[:8]:
                yield _Stray(voice, cloud, remote, marker)


def _there(cloud: Cloud, state: State) -> Iterator[RemoteVoice]:
    """What the account lists, and what its recent tasks made."""
    listed = cloud.provider.voices()
    yield from listed
    if isinstance(cloud.provider, Tracing):
        yield from cloud.provider.traces({*state.records, *(str(remote.external_task_id) for remote in listed)})


def _newest(strays: Iterable[_Stray]) -> dict[str, _Stray]:
    """Address -> the one of the highest generation."""
    newest: dict[str, _Stray] = {}
    for stray in strays:
        other = newest.get(stray.voice.address)
        if other is None or stray.marker.generation > other.marker.generation:
            newest[stray.voice.address] = stray
    return newest


def _rebuilt(stray: _Stray, *, now: datetime) -> Record:
    voice, marker = stray.voice, stray.marker
    record = Record(
        external_task_id=str(stray.remote.external_task_id),
        address=voice.address,
        provider=voice.provider,
        account=stray.cloud.provider.account,
        method=voice.method,
        generation=marker.generation,
        status=Status.INTENDED,
        created_at=now,
        changed_at=now,
        digest=marker.digest,
        sent=shown(voice),
        links=noted(voice),
        labels=voice.labels,
        lifecycle=voice.lifecycle,
        attempts=1,
    )
    return transitions.seen(record, stray.remote, now=now)

"""A lost state, put together again from the markers of the voices that it made. No cloud is changed by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.engine.cloud import Cloud
from reconciler.engine.session import Request, Session, changing
from reconciler.errors import CloudError, Declined, UsageError
from reconciler.hints import hint, way
from reconciler.model import transitions
from reconciler.model.base import Frozen
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Observation, RemoteVoice, TaskStatus
from reconciler.model.redaction import link_notes_of, redacted
from reconciler.model.state import Record, State, Status
from reconciler.planning import markers
from reconciler.protocols import Probing, RecentTasks


class Rebuilt(Frozen):
    """What `state rebuild` found: lineage -> the addresses whose voices it made; and which addresses are taken in.

    `failed` are those of them whose last task made no voice. `renamed` are addresses whose voice was made under another
    one: a person imports it.
    """

    lineages: dict[str, list[str]]
    taken: list[str] = []
    failed: list[str] = []
    renamed: list[str] = []


@dataclass(frozen=True, slots=True)
class _Stray:
    """A voice or a task that no record knows, whose marker is of a declared entry.

    `exact`: made of the inputs that are declared now. `renamed`: made of them under another address. `deleted`: its
    cloud says so.
    """

    voice: Voice
    cloud: Cloud
    remote: RemoteVoice
    marker: markers.Marker
    exact: bool
    deleted: bool = False
    renamed: bool = False


def rebuild(
    session: Session, request: Request, *, lineage: str | None, strangers: bool, approve: Callable[[Rebuilt], bool]
) -> Rebuilt:
    """Takes in the voices that carry this manifest's markers of a lost state, or declares them another project's.

    Without either it only says which lineages there are. `approve` is asked before anything is taken in; raises
    Declined. The state goes on with the lineage's eight characters, so that a second state that was rebuilt at the
    same time makes the same keys, which a cloud accepts only once.
    """
    with changing(session, "state rebuild", request, finds=True, new=strangers) as edit:
        state, now = edit.before, session.clock.now()
        strays = list(_strays(session, state))
        lineages: dict[str, set[str]] = {}
        for stray in strays:
            if (stray.exact or stray.renamed) and stray.remote.status is not TaskStatus.FAILED:
                lineages.setdefault(stray.marker.lineage, set()).add(stray.voice.address)
        found = Rebuilt(lineages={k: sorted(v) for k, v in sorted(lineages.items())})
        if strangers:
            others = {stray.marker.lineage for stray in strays} - {state.lineage[:8], *state.strangers}
            edit.after = state.with_changes(strangers=(*state.strangers, *sorted(others)))
        elif lineage is not None:
            known = (state.lineage[:8], *state.kin)  # all that there is of them may be in the state already
            if lineage not in (*(s.marker.lineage for s in strays), *known):
                raise UsageError(
                    f"No declared voice carries a marker of the lineage {lineage}.",
                    hint(way("To see which there are", "state rebuild")),
                )
            theirs = [s for s in strays if s.marker.lineage == lineage]
            records = _records([s for s in theirs if not s.renamed], state, now=now)
            taken = [r for r in records if r.status is not Status.DELETED]
            failed = sorted(r.address for r in taken if r.status is Status.FAILED)
            renamed = sorted({s.voice.address for s in theirs if s.renamed and not s.deleted} - {*state.current})
            found = found.model_copy(
                update={"taken": sorted(r.address for r in taken), "failed": failed, "renamed": renamed}
            )
            if taken and not approve(found):
                raise Declined(
                    "The question was not answered with yes.",
                    hint(
                        way(
                            "At a terminal, answer yes; elsewhere", "state rebuild --lineage", lineage, "--auto-approve"
                        )
                    ),
                    summary="Nothing was taken in",
                )
            edit.after = _adopted(state, records, lineage, tail=session.lineage(), now=now)
        return found


def _records(strays: Sequence[_Stray], state: State, *, now: datetime) -> list[Record]:
    """Of each address the newest that is not deleted, if it is of what is declared now; and what is deleted.

    What failed with other inputs made no voice, so that an address still means the one before it.
    """
    records = [transitions.tombstone(_rebuilt(s, now=now), now=now) for s in strays if s.deleted]
    there = (s for s in strays if not s.deleted and (s.exact or s.remote.status is not TaskStatus.FAILED))
    for address, stray in _newest(there).items():
        current = state.at(address)
        if stray.exact and (current is None or _is_later(stray.marker, current)):
            records.append(_rebuilt(stray, now=now))
    return records


def _is_later(marker: markers.Marker, current: Record) -> bool:
    """Generations count within a lineage. What an address has under another lineage stays, unless it is no voice."""
    own = markers.read(current.external_task_id)
    if own is not None and own.lineage != marker.lineage:
        return current.status not in {Status.RUNNING, Status.READY}
    return current.generation < marker.generation


def _adopted(state: State, records: Sequence[Record], lineage: str, *, tail: str, now: datetime) -> State:
    """What an address meant before is older than what was found: it is kept in sight, and never deleted by this."""
    meant = [r for r in records if r.status is not Status.DELETED]
    older = [old for r in meant if (old := state.at(r.address)) is not None]
    kept = [transitions.ended(r, Status.ABANDONED, now=now) for r in older]
    bound: dict[str, str | None] = {r.address: r.external_task_id for r in meant}
    goes_on = state.lineage[:8] == lineage or not state.records
    return state.with_changes(
        [*kept, *records],
        current=bound,
        lineage=f"{lineage}{tail[8:]}" if goes_on else state.lineage,
        kin=tuple(dict.fromkeys((*state.kin, lineage))),
        strangers=tuple(s for s in state.strangers if s != lineage),
    )


def _strays(session: Session, state: State) -> Iterator[_Stray]:
    voices = session.manifest.voices.values()
    for name, cloud in session.connect(sorted({v.provider for v in voices})).items():
        mine = [v for v in voices if v.provider == name]
        by_digest = {digest: v for v in mine for digest in reversed(markers.digests(v))}
        by_name = {markers.written(v.address): v for v in mine}
        found: list[_Stray] = []
        for remote in _there(cloud, state):
            marker = markers.read(remote.external_task_id)
            if marker is None or str(remote.external_task_id) in state.records:
                continue
            voice = by_digest.get(marker.digest)
            exact = voice is not None and markers.could_mark(marker, voice.address)
            if not exact:
                voice = by_name.get(marker.address) if not marker.cut else None
            if voice is not None:
                found.append(_Stray(voice, cloud, remote, marker, exact))
            elif (voice := next((v for v in mine if _may_be_of(marker, v)), None)) is not None:
                found.append(_Stray(voice, cloud, remote, marker, exact=False, renamed=True))
        yield from _without_deleted(list(_without_moved(found, mine)), cloud, now=session.clock.now())


def _may_be_of(marker: markers.Marker, voice: Voice) -> bool:
    """Of the same inputs under another address; or of a longer address, of which the marker shows the beginning."""
    return markers.marks_inputs(marker, voice) or (marker.cut and markers.could_mark(marker, voice.address))


def _without_moved(strays: Sequence[_Stray], voices: Sequence[Voice]) -> Iterator[_Stray]:
    """A voice that moved to another entry is not the newest of the address that it left, where a new one is made."""
    made: dict[str, int] = {}  # address -> the highest generation made of what is declared
    for stray in strays:
        if stray.exact:
            made[stray.voice.address] = max(made.get(stray.voice.address, 0), stray.marker.generation)
    for stray in strays:
        later = not (stray.exact or stray.renamed) and stray.marker.generation >= made.get(
            stray.voice.address, stray.marker.generation + 1
        )
        if not (later and _was_moved(stray, voices)):
            yield stray


def _was_moved(stray: _Stray, voices: Sequence[Voice]) -> bool:
    """Whether another entry is made of the same inputs."""
    others = (v for v in voices if v.address != stray.voice.address)
    return any(stray.marker.digest in markers.digests(v, address=stray.voice.address) for v in others)


def _without_deleted(strays: Sequence[_Stray], cloud: Cloud, *, now: datetime) -> Iterator[_Stray]:
    """Where the cloud says so for nothing, which of them were deleted: it may list their tasks all the same."""
    look = cloud.provider.capabilities.probe
    ready = [s for s in strays if s.remote.status is TaskStatus.READY]
    seen: Mapping[str, Observation] = {}
    if ready and isinstance(cloud.provider, Probing) and look is not None and not look.price:
        with suppress(CloudError):  # it is only a help
            seen = cloud.provider.probe([_rebuilt(stray, now=now) for stray in ready])
    for stray in strays:
        yield replace(stray, deleted=isinstance(seen.get(str(stray.remote.external_task_id)), Absent))


def _there(cloud: Cloud, state: State) -> Iterator[RemoteVoice]:
    """What the account lists, and what its recent tasks made."""
    listed = cloud.provider.voices()
    yield from listed
    if isinstance(cloud.provider, RecentTasks):
        yield from cloud.provider.recent_tasks({*state.records, *(str(remote.external_task_id) for remote in listed)})


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
        sent=redacted(voice),
        links=link_notes_of(voice),
        labels=voice.labels,
        lifecycle=voice.lifecycle,
        attempts=1,
    )
    return transitions.seen(record, stray.remote, now=now)

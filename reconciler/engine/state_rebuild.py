"""Rebuilds a lost state from the markers of the voices that it made. Changes nothing in a cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from datetime import datetime

from reconciler.engine.cloud import Cloud
from reconciler.engine.session import Request, Session, state_edit
from reconciler.errors import CloudError, Declined, UsageError
from reconciler.hints import hint, way
from reconciler.model import transitions
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Observation, RemoteVoice, TaskStatus
from reconciler.model.redaction import link_notes_of, redacted
from reconciler.model.state import Record, State, Status
from reconciler.planning import markers
from reconciler.protocols.provider import Probing, RecentTasks
from reconciler.values import value


@value
class Rebuilt:
    """What `state rebuild` found. `lineages` maps each lineage to the addresses whose voices it made.

    `taken` are the adopted addresses; `failed` are those of them whose last task made no voice. `renamed` are
    addresses whose voice was made under another address: the user has to import it. `held`: address -> the manifest
    beside whose state holds its voice, which is left there.
    """

    lineages: dict[str, list[str]]
    taken: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)


@value
class _Unrecorded:
    """A voice or a task without a record, whose marker fits a declared entry.

    `exact`: made from the inputs that are declared now. `renamed`: made from them under another address. `deleted`:
    its cloud says that it was deleted.
    """

    voice: Voice
    cloud: Cloud
    remote: RemoteVoice
    marker: markers.Marker
    exact: bool
    deleted: bool = False
    renamed: bool = False

    @property
    def key(self) -> str:
        """Its external_task_id."""
        return str(self.remote.external_task_id)


def rebuild(
    session: Session,
    request: Request,
    *,
    lineage: str | None,
    new_lineage: bool,
    approve: Callable[[Rebuilt], bool],
) -> Rebuilt:
    """Adopts the voices that a lost state of `lineage` made for this manifest, or ignores all others (`new_lineage`).

    Without either option, it only lists the lineages. `approve` is called before it adopts anything; raises Declined
    if it returns False. The new state keeps the lineage's eight characters, so that a second state which is rebuilt
    at the same time makes the same keys, which a cloud accepts only once.
    """
    with state_edit(session, "state rebuild", request, finds=True, new=new_lineage) as edit:
        state, now = edit.before, session.clock.now()
        there = list(_find_unrecorded(session, state))
        elsewhere = session.held_beside() if there else {}
        held = {s.voice.address: elsewhere[s.key] for s in there if s.key in elsewhere and (s.exact or s.renamed)}
        unrecorded = [s for s in there if s.key not in elsewhere]
        lineages: dict[str, set[str]] = {}
        for candidate in unrecorded:
            if (candidate.exact or candidate.renamed) and candidate.remote.status is not TaskStatus.FAILED:
                lineages.setdefault(candidate.marker.lineage, set()).add(candidate.voice.address)
        found = Rebuilt(lineages={k: sorted(v) for k, v in sorted(lineages.items())}, held=held)
        if new_lineage:
            known = (state.lineage[:8], *state.foreign_lineages)
            others = sorted({candidate.marker.lineage for candidate in there} - {*known})
            edit.after = state.with_changes(foreign_lineages=(*state.foreign_lineages, *others))
        elif lineage is not None:
            known = (state.lineage[:8], *state.adopted_lineages)  # all their voices may be in the state already
            if lineage not in (*(s.marker.lineage for s in there), *known):
                raise UsageError(
                    f"No declared voice carries a marker of the lineage {lineage}.",
                    hint(way("To see which there are", "state rebuild")),
                )
            theirs = [s for s in unrecorded if s.marker.lineage == lineage]
            records = _records([s for s in theirs if not s.renamed], state, now=now)
            taken = [r for r in records if r.status is not Status.DELETED]
            failed = sorted(r.address for r in taken if r.status is Status.FAILED)
            renamed = sorted({s.voice.address for s in theirs if s.renamed and not s.deleted} - {*state.current})
            found = replace(found, taken=sorted(r.address for r in taken), failed=failed, renamed=renamed)
            if taken and not approve(found):
                words = "Answer yes, or run without confirmation"
                unasked = way(words, "state rebuild --lineage", lineage, "--auto-approve")
                raise Declined("You did not answer yes.", hint(unasked), summary="No voice was adopted")
            edit.after = _with_adopted(state, records, lineage, tail=session.lineage(), now=now)
        return found


def _records(unrecorded: Sequence[_Unrecorded], state: State, *, now: datetime) -> list[Record]:
    """The records to write: for each address the newest voice, if made from the declared inputs, and all deleted ones.

    A task that failed with other inputs made no voice, so it does not replace the voice before it.
    """
    records = [transitions.tombstone(_rebuilt(s, now=now), now=now) for s in unrecorded if s.deleted]
    there = (s for s in unrecorded if not s.deleted and (s.exact or s.remote.status is not TaskStatus.FAILED))
    for address, candidate in _newest(there).items():
        current = state.at(address)
        if candidate.exact and (current is None or _is_later(candidate.marker, current)):
            records.append(_rebuilt(candidate, now=now))
    return records


def _is_later(marker: markers.Marker, current: Record) -> bool:
    """Whether the marker is newer than the current record. A voice of another lineage is never replaced."""
    own = markers.read(current.external_task_id)
    if own is not None and own.lineage != marker.lineage:
        return current.status not in {Status.RUNNING, Status.READY}
    return current.generation < marker.generation


def _with_adopted(state: State, records: Sequence[Record], lineage: str, *, tail: str, now: datetime) -> State:
    """The state with these records. Earlier current records are kept as abandoned, so that nothing is deleted."""
    meant = [r for r in records if r.status is not Status.DELETED]
    older = [old for r in meant if (old := state.at(r.address)) is not None]
    kept = [transitions.ended(r, Status.ABANDONED, now=now) for r in older]
    bound: dict[str, str | None] = {r.address: r.external_task_id for r in meant}
    keeps_lineage = state.lineage[:8] == lineage or not state.records
    return state.with_changes(
        [*kept, *records],
        current=bound,
        lineage=f"{lineage}{tail[8:]}" if keeps_lineage else state.lineage,
        adopted_lineages=tuple(dict.fromkeys((*state.adopted_lineages, lineage))),
        foreign_lineages=tuple(s for s in state.foreign_lineages if s != lineage),
    )


def _find_unrecorded(session: Session, state: State) -> Iterator[_Unrecorded]:
    voices = session.manifest.voices.values()
    for name, cloud in session.connect(sorted({v.provider for v in voices})).items():
        mine = [v for v in voices if v.provider == name]
        digests = [(markers.Digests(v), v) for v in mine]
        by_digest = {digest: v for each, v in digests for digest in reversed(each.at(v.address))}
        by_name = {markers.escaped(v.address): v for v in mine}
        found: list[_Unrecorded] = []
        for remote in _remote_voices(cloud, state):
            marker = markers.read(remote.external_task_id)
            if marker is None or str(remote.external_task_id) in state.records:
                continue
            voice = by_digest.get(marker.digest)
            exact = voice is not None and markers.fits_address(marker, voice.address)
            if not exact:
                voice = by_name.get(marker.address) if not marker.cut else None
            if voice is not None:
                found.append(_Unrecorded(voice, cloud, remote, marker, exact))
            elif (voice := next((v for each, v in digests if _may_fit(marker, v, each)), None)) is not None:
                found.append(_Unrecorded(voice, cloud, remote, marker, exact=False, renamed=True))
        yield from _without_deleted(list(_without_moved(found, mine)), cloud, now=session.clock.now())


def _may_fit(marker: markers.Marker, voice: Voice, digests: markers.Digests) -> bool:
    """Whether the marker has the same inputs under another address, or shows the beginning of this address."""
    return digests.fit(marker) or (marker.cut and markers.fits_address(marker, voice.address))


def _without_moved(unrecorded: Sequence[_Unrecorded], voices: Sequence[Voice]) -> Iterator[_Unrecorded]:
    """Leaves out voices that were moved to another entry: they do not count as the newest of their old address."""
    digests = [(markers.Digests(v), v) for v in voices]
    made: dict[str, int] = {}  # address -> the highest generation made from the declared inputs
    for candidate in unrecorded:
        if candidate.exact:
            made[candidate.voice.address] = max(made.get(candidate.voice.address, 0), candidate.marker.generation)
    for candidate in unrecorded:
        later = not (candidate.exact or candidate.renamed) and candidate.marker.generation >= made.get(
            candidate.voice.address, candidate.marker.generation + 1
        )
        if not (later and _was_moved(candidate, digests)):
            yield candidate


def _was_moved(candidate: _Unrecorded, digests: Sequence[tuple[markers.Digests, Voice]]) -> bool:
    """Whether another entry declares the same inputs."""
    address = candidate.voice.address
    return any(candidate.marker.digest in each.at(address) for each, v in digests if v.address != address)


def _without_deleted(unrecorded: Sequence[_Unrecorded], cloud: Cloud, *, now: datetime) -> Iterator[_Unrecorded]:
    """Marks the voices that were deleted, if the cloud says so without charge. A list may show their tasks anyway."""
    look = cloud.provider.capabilities.probe
    ready = [s for s in unrecorded if s.remote.status is TaskStatus.READY]
    seen: Mapping[str, Observation] = {}
    if ready and isinstance(cloud.provider, Probing) and look is not None and not look.price:
        with suppress(CloudError):  # the probe is optional
            seen = cloud.provider.probe([_rebuilt(candidate, now=now) for candidate in ready])
    for candidate in unrecorded:
        yield replace(candidate, deleted=isinstance(seen.get(str(candidate.remote.external_task_id)), Absent))


def _remote_voices(cloud: Cloud, state: State) -> Iterator[RemoteVoice]:
    """The voices that the account lists, and those of its recent tasks."""
    listed = cloud.provider.voices()
    yield from listed
    if isinstance(cloud.provider, RecentTasks):
        yield from cloud.provider.recent_tasks({*state.records, *(str(remote.external_task_id) for remote in listed)})


def _newest(unrecorded: Iterable[_Unrecorded]) -> dict[str, _Unrecorded]:
    """Address -> its voice with the highest generation."""
    newest: dict[str, _Unrecorded] = {}
    for candidate in unrecorded:
        other = newest.get(candidate.voice.address)
        if other is None or candidate.marker.generation > other.marker.generation:
            newest[candidate.voice.address] = candidate
    return newest


def _rebuilt(candidate: _Unrecorded, *, now: datetime) -> Record:
    voice, marker = candidate.voice, candidate.marker
    record = Record(
        external_task_id=str(candidate.remote.external_task_id),
        address=voice.address,
        provider=voice.provider,
        account=candidate.cloud.provider.account,
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
    return transitions.seen(record, candidate.remote, now=now)

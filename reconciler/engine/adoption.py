"""The use case `adopt`: takes the unmanaged voices of an account into the state. It changes nothing in a cloud."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from reconciler.engine.cloud import Cloud
from reconciler.engine.import_resolve import candidate, rebound
from reconciler.engine.session import Request, Session, state_edit
from reconciler.errors import CloudError, UsageError
from reconciler.hints import hint, way
from reconciler.model import transitions
from reconciler.model.adoption import METHOD, Adoptable, Selection
from reconciler.model.cloud_types import cloud_type
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Observations, RemoteVoice
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.planning import adoptable
from reconciler.planning.account_check import check_account
from reconciler.protocols.provider import Probing

Publish = Callable[[Sequence[Adoptable]], Mapping[str, Voice]]


def adopt(
    session: Session, provider: str, request: Request, *, lineages: Collection[str], publish: Publish
) -> Selection:
    """Adopts the voices that the provider's account lists and that no voicectl state holds.

    `lineages`: adopt the voices with a marker of these, too. `publish` is called before the state is written, with the
    voices that the manifest does not declare yet; it returns the entries of the manifest and of these voices. If the
    run is killed in between, the entries have no records yet, and the next run writes them.
    """
    _refuse_cloud_without_list(session, provider)
    with state_edit(session, "adopt", request, begins=True) as edit:
        state, now = edit.before, session.clock.now()
        cloud = session.connect([provider])[provider]
        listed = cloud.provider.voices()
        _refuse_other_account(session, state, provider, cloud, listed)
        _refuse_unknown_lineages(provider, lineages, listed)

        def select(deleted: Collection[str] = ()) -> Selection:
            account = cloud.provider.account
            return adoptable.select(
                session.manifest, state, provider, listed, account=account, lineages=lineages, deleted=deleted
            )

        selected = select()
        deleted = _deleted(cloud, provider, selected, now=now)
        if deleted:
            selected = select(deleted)
        voices = publish(selected.undeclared)
        if selected.all:
            records = _records(state, voices, cloud, selected.all, now=now)
            bound = {record.address: record.external_task_id for record in records}
            edit.after = state.with_changes(records, current=bound)
        return selected


def _records(
    state: State, voices: Mapping[str, Voice], cloud: Cloud, adopted: Sequence[Adoptable], *, now: datetime
) -> list[Record]:
    records: dict[str, Record] = {}
    for each in adopted:
        record = candidate(state, voices[each.address], cloud, each.voice_id, now=now, used=records)
        current = state.at(each.address)
        if current is not None and current.status in LIVE:
            record = rebound(current, record)
        records[record.external_task_id] = transitions.seen(record, each.remote, now=now)
    return list(records.values())


def _refuse_cloud_without_list(session: Session, provider: str) -> None:
    declared = session.manifest.providers
    if provider not in declared:
        raise UsageError(
            f"The manifest declares no provider {provider}.",
            f"It declares {', '.join(declared)}." if declared else "It declares no provider at all.",
        )
    account = declared[provider]
    if METHOD in cloud_type(account.type).methods:
        return
    raise UsageError(
        f"{account.cloud} lists no voices that were made elsewhere, so voicectl can't find the voices of {provider}.",
        hint(way("Declare a voice as what it was made from. Then", "import", "ADDRESS", "VOICE_ID")),
    )


def _refuse_other_account(
    session: Session, state: State, provider: str, cloud: Cloud, listed: Sequence[RemoteVoice]
) -> None:
    """Raises UsageError if the recorded voices of the provider were made on another account."""
    official = session.manifest.providers[provider].official_owner
    live = [r for r in state.records.values() if r.provider == provider and r.status in LIVE]
    elsewhere = adoptable.other_account(state, provider, listed, official)
    problem = check_account(
        provider,
        live,
        [(record, Absent()) for record in elsewhere],
        Observations(
            account=cloud.provider.account,
            owners=frozenset(v.owned_by for v in listed if v.owned_by not in (None, official)),
        ),
        missing=len(elsewhere),
        allow_recreates=None,
    )
    if problem is not None:
        raise UsageError(f"{problem.why[0].upper()}{problem.why[1:]}", problem.hint)


def _refuse_unknown_lineages(provider: str, lineages: Collection[str], listed: Sequence[RemoteVoice]) -> None:
    known = adoptable.listed_lineages(listed)
    for lineage in lineages:
        if lineage[:8] not in known:
            raise UsageError(
                f"No voice of {provider} carries a marker of the lineage {lineage}.",
                f"There are {', '.join(sorted(known))}." if known else "No voice carries a marker of voicectl.",
            )


def _deleted(cloud: Cloud, provider: str, selected: Selection, *, now: datetime) -> set[str]:
    """The voices that were deleted, if the cloud says so without charge. A list may show their tasks anyway."""
    probe = cloud.provider.capabilities.probe
    if not isinstance(cloud.provider, Probing) or probe is None or probe.price:
        return set()
    asked = [
        Record(
            external_task_id=each.voice_id,
            address=each.address,
            provider=provider,
            account=cloud.provider.account,
            method=METHOD,
            generation=1,
            status=Status.READY,
            created_at=now,
            changed_at=now,
            task_id=each.remote.task_id,
            voice_id=each.voice_id,
        )
        for each in selected.all
    ]
    with suppress(CloudError):  # the probe is optional
        seen = cloud.provider.probe(asked)
        return {voice_id for voice_id, observation in seen.items() if isinstance(observation, Absent)}
    return set()

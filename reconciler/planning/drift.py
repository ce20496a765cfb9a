"""Lists drift: what the clouds show that differs from the state. It is shown beside the changes, never mixed with them.

Also lists the voices that could not be observed, and notes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import chain

from reconciler.hints import NO_HINT, Hint
from reconciler.model.manifest import Voice
from reconciler.model.notes import listed, notes
from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.plan import Action, Change, Drift, DriftKind, FieldChange
from reconciler.model.state import Record, Status
from reconciler.model.time_format import format_time
from reconciler.planning.marked_voices import Marked
from reconciler.planning.plan_context import PlanContext, has_expired, is_due_for_deletion
from reconciler.planning.replaced import LONGEST_KEEP
from reconciler.planning.shared_voices import shared_samples
from reconciler.values import value

_MADE = frozenset({Status.READY, Status.CANDIDATE})
_BUYS = frozenset({Action.CREATE, Action.CLONE, Action.REPLACE})


@value
class Remarks:
    """What a plan reports beside its changes."""

    drift: tuple[Drift, ...]
    notes: tuple[str, ...]
    unseen: tuple[str, ...]  # `address: why`, for voices that could not be observed this time
    ways_to_see: Hint  # hints how to make them observable


def remarks(
    context: PlanContext, changes: Collection[Change], newer: Mapping[str, Marked], unchanged: Collection[str] = ()
) -> Remarks:
    """The drift, the notes and the unobserved voices of a plan.

    `newer`: the voices that prove the state stale. `unchanged`: addresses whose voices are as declared and recorded.
    """
    taken = {change.key for change in changes if change.made is not None}  # these voices are not surplus
    taken |= {marked.remote.external_task_id for marked in newer.values()}  # these prove that the state is stale
    changed = {change.address for change in changes}
    drifted: list[Drift] = []
    unknown: list[tuple[str, Unknown | Unverifiable]] = []
    current = ((address, context.state.records[key]) for address, key in context.state.current.items())
    checked = (pair for pair in current if pair[0] not in unchanged)
    for address, record in chain(checked, context.candidates.items()):
        if has_expired(record, context.now):
            ended = format_time(record.expires_at) if record.expires_at else None
            until = FieldChange(name="expires_at", before=ended, after="over")
            drifted.append(Drift(address=address, provider=record.provider, kind=DriftKind.EXPIRED, fields=(until,)))
            continue
        match context.observation(record):
            case (Unknown() | Unverifiable()) as observed:
                unknown.append((address, _why_unread(context, record.provider) or observed))
            case Absent() if record.status in _MADE | {Status.RUNNING}:
                lost = (FieldChange(name="voice_id", before=record.voice_id),) if record.voice_id else ()
                drifted.append(Drift(address=address, provider=record.provider, kind=DriftKind.GONE, fields=lost))
            case Found(remote=remote) if record.status in _MADE and not _is_unchanged(record, remote):
                drifted.extend(_changes_outside(address, record, remote))
            case Absent() | Found():
                pass
    unknown += _unread_entries(context)
    drifted.sort(key=lambda drift: drift.address)
    unknown.sort(key=lambda pair: pair[0])
    bought = list(_new_voices(context, changes))
    unverifiable = {address for address, observed in unknown if isinstance(observed, Unverifiable)}
    return Remarks(
        drift=(*drifted, *_surplus(context, taken)),
        notes=(
            *notes(context.manifest, bought),
            *shared_samples(context.manifest.voices, bought),
            *_kept_notes(context, changes),
            *_unverifiable_note(sorted(unverifiable - changed)),
        ),
        unseen=tuple(f"{address}: {observed.why}" for address, observed in unknown if isinstance(observed, Unknown)),
        ways_to_see=sum(
            (d.hint for name, d in context.account_problems.items() if name not in context.observations), NO_HINT
        ),
    )


def _unread_entries(context: PlanContext) -> Iterator[tuple[str, Unknown]]:
    """The declared entries without a record whose account could not be read: it is unknown what it has for them."""
    for voice in (
        context.manifest.voices.values() if len(context.observations) < len(context.manifest.providers) else ()
    ):
        unseen = _why_unread(context, voice.provider)
        if unseen is not None and voice.address not in context.state.current:
            yield voice.address, unseen


def _why_unread(context: PlanContext, provider: str) -> Unknown | None:
    """Why a provider could not be read; None if it was read."""
    problem = context.account_problems.get(provider) if provider not in context.observations else None
    return Unknown(why=problem.why) if problem is not None else None


def _is_unchanged(record: Record, remote: RemoteVoice) -> bool:
    return remote.voice_name == record.voice_name and remote.status is not TaskStatus.FAILED


def _changes_outside(address: str, record: Record, remote: RemoteVoice) -> Iterator[Drift]:
    if remote.status is TaskStatus.FAILED:
        why = FieldChange(name="message", after=remote.message)
        yield Drift(address=address, provider=record.provider, kind=DriftKind.FAILED, fields=(why,))
    elif remote.voice_name and record.voice_name:
        name = FieldChange(name="voice_name", before=record.voice_name, after=remote.voice_name)
        yield Drift(address=address, provider=record.provider, kind=DriftKind.RENAMED, fields=(name,))


def _surplus(context: PlanContext, taken: Collection[str | None]) -> Iterator[Drift]:
    """Our marked voices without a record, each once: two providers may be one account."""
    shown: set[tuple[str, str]] = set()
    for marked in sorted(context.marked.all, key=lambda m: (m.provider, m.marker.digest)):
        key = marked.remote.external_task_id
        place = (context.observations[marked.provider].account, str(key))
        if not context.is_own_lineage(marked.marker.lineage) or key in taken or place in shown:
            continue
        if marked.remote.status is not TaskStatus.FAILED:
            shown.add(place)
            fields = _id_fields(marked.remote)
            yield Drift(address=marked.marker.address, provider=marked.provider, kind=DriftKind.SURPLUS, fields=fields)


def _id_fields(remote: RemoteVoice) -> tuple[FieldChange, ...]:
    return (
        FieldChange(name="external_task_id", after=remote.external_task_id),
        FieldChange(name="voice_id", after=remote.voice_id),
    )


def _kept_notes(context: PlanContext, changes: Collection[Change]) -> Iterator[str]:
    """Notes for old voices that `keep_old` keeps, except those that an address has or will get."""
    if not context.unbound:
        return
    meant = {change.key for change in changes if change.made is not None}
    meant |= {change.made.voice_id for change in changes if change.made is not None}
    meant |= {context.state.records[key].voice_id for key in context.state.current.values()}
    for record in context.unbound:
        if record.external_task_id in meant or (record.voice_id is not None and record.voice_id in meant):
            continue
        if record.status is Status.DEPOSED and not is_due_for_deletion(record, context.now, context.options):
            yield f"{record.address}: the replaced voice {record.voice_id} is kept {_until_when(record)} (keep_old)"


def _until_when(record: Record) -> str:
    keep = record.lifecycle.keep_old or 0
    if keep > LONGEST_KEEP:
        return "for ever"
    return f"until {format_time(record.changed_at + timedelta(seconds=keep))}"


def _unverifiable_note(addresses: list[str]) -> Iterable[str]:
    if not addresses:
        return ()
    one = len(addresses) == 1
    voices, theirs = ("1 voice", "its cloud") if one else (f"{len(addresses)} voices", "their cloud")
    named = listed(addresses)
    return (f"{voices} {'is' if one else 'are'} unverifiable, because {theirs} can't be queried: {named}",)


def _new_voices(context: PlanContext, changes: Collection[Change]) -> Iterator[Voice]:
    for change in changes:
        voice = context.manifest.voices.get(change.address)
        if voice is not None and change.made is None and change.action in _BUYS:
            yield voice

"""Manual decisions about a voice: `import`, `resolve` and `drift --accept`. They change nothing in a cloud."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from reconciler.engine.cloud import Cloud
from reconciler.engine.session import Request, Session, state_edit
from reconciler.errors import UsageError, not_in_state
from reconciler.hints import hint, way
from reconciler.model import transitions
from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, Unknown, Unverifiable
from reconciler.model.redaction import link_notes_of, redacted
from reconciler.model.state import LIVE, SETTLING, Record, State, Status
from reconciler.model.time_format import format_time
from reconciler.model.urls import is_url
from reconciler.planning import markers
from reconciler.planning.blocked_change import provider_undeclared


def import_voice(session: Session, address: str, voice_id: str, request: Request) -> Record:
    """Imports a voice that was made elsewhere as the voice of `address`. The manifest must declare that address."""
    voice = _declared(session, address)
    if voice.origin is Origin.OFFICIAL:
        raise UsageError(f"{address} is a preset: apply takes it into the state.", hint(way("", "apply")))
    with state_edit(session, "import", request, begins=True) as edit:
        state, now = edit.before, session.clock.now()
        current = state.at(address)
        if current is not None and current.status in LIVE and not _is_made_elsewhere(current, voice, voice_id):
            raise UsageError(
                f"{address} has a voice already, {current.voice_id or 'being made'}.",
                hint(way("First remove that one from the state", "state rm", address)),
            )
        cloud = session.connect([voice.provider])[voice.provider]
        record = candidate(state, voice, cloud, voice_id, now=now)
        left = _of_removed_entry(session, state, record, voice)
        known = current if current is not None and current.status in LIVE else left
        if known is not None:
            record = rebound(known, record)
        _refuse_managed(state, record, address)
        record = _look_up(cloud, record, now=now)
        released = {known.address: None} if known is not None else {}
        edit.after = state.with_changes([record], current={**released, address: record.external_task_id})
        return record


def accept(session: Session, addresses: Collection[str], request: Request) -> list[Record]:
    """Accepts the names that these voices have in their clouds now: they no longer count as drift."""
    with state_edit(session, "drift --accept", request) as edit:
        state = edit.before
        renamed = [_renamed(session, state, address) for address in sorted(set(addresses))]
        edit.after = state.with_changes(renamed)
        return renamed


def _renamed(session: Session, state: State, address: str) -> Record:
    record = state.at(address)
    if record is None:
        raise not_in_state(address)
    if record.provider not in session.manifest.providers:
        raise UsageError(*provider_undeclared(record))
    seen = session.connect([record.provider])[record.provider].provider.observe([record]).of[record.external_task_id]
    match seen:
        case Found(remote=remote) if remote.voice_name not in (None, record.voice_name):
            return replace(record, voice_name=remote.voice_name)
        case Found():
            raise UsageError(f"{address} was not renamed, so there is nothing to accept.", hint(way("", "drift")))
        case Absent():
            ways = hint(way("", "plan", after=" says what to do."))
            raise UsageError(f"{address} is gone, which can't be accepted.", ways)
        case Unknown(why=why) | Unverifiable(why=why):
            raise UsageError(f"{address} could not be checked: {why}", "Try again later.")


def resolve(session: Session, address: str, request: Request, *, voice_id: str | None, retry: bool) -> Record:
    """Resolves a creation whose outcome is unknown: it made this voice, or pay again (`retry`), or abandon it."""
    with state_edit(session, "resolve", request) as edit:
        state, now = edit.before, session.clock.now()
        record = open_creation(state, address)
        address = record.address
        bound = state.current.get(address) == record.external_task_id
        if voice_id is not None:
            if record.provider not in session.manifest.providers:
                raise UsageError(*provider_undeclared(record))
            cloud = session.connect([record.provider])[record.provider]
            named = replace(_with_result(record, voice_id), status=Status.READY, attempts=0)
            _refuse_managed(state, named, address)
            found = _look_up(cloud, named, now=now)
            resolved = replace(found, attempts=record.attempts, message=None)
            # If the address has another voice, this one stays unbound: the next apply finishes the replace with it.
            status = Status.READY if bound else Status.RUNNING
            resolved = replace(resolved, status=status)
            edit.after = state.with_changes([resolved])
            return resolved
        if retry and record.call_until is not None and record.call_until > now:
            raise _call_may_be_open(record.call_until, address)
        resolved = (
            transitions.given_up(record, now=now) if retry else transitions.ended(record, Status.ABANDONED, now=now)
        )
        edit.after = state.with_changes([resolved], current={address: None} if bound else {})
        return resolved


def _call_may_be_open(until: datetime, address: str) -> UsageError:
    """The error for a retry that may pay twice: a run left while its call was under way."""
    return UsageError(
        f"The call for {address} may still be under way until {format_time(until)}: the run that sent it was "
        "interrupted, and left before the answer.",
        hint(way("Wait until then, and look in the account. Then", "resolve", address, "--retry")),
    )


def _is_made_elsewhere(record: Record, voice: Voice, voice_id: str) -> bool:
    """Whether the record has this voice as `existing`, and the entry now says what the voice was made from."""
    same = record.voice_id == voice_id and record.provider == voice.provider and record.status is Status.READY
    return same and record.origin is Origin.ELSEWHERE and voice.origin is Origin.MADE


def _of_removed_entry(session: Session, state: State, record: Record, voice: Voice) -> Record | None:
    """The record of the same voice whose `existing` entry was removed: the entry has another address now."""
    holder = state.by_voice_id.get((record.account, record.voice_id or ""))
    if holder is None or holder.address in session.manifest.voices:
        return None
    return holder if _is_made_elsewhere(holder, voice, record.voice_id or "") else None


def _declared(session: Session, address: str) -> Voice:
    voice = session.manifest.voices.get(address)
    if voice is None:
        raise UsageError(
            f"The manifest declares no voice {address}.",
            f"Declare it first, as what the voice was made from: voices: {address}: ...",
        )
    return voice


def open_creation(state: State, address: str) -> Record:
    """The creation of an address that has no outcome yet. `address` may also be an external_task_id.

    Of several, one without a voice_id comes first, then one that does not wait for its deletion, then the current
    record of the address (a renamed entry may bring another one), then the newest.
    """
    if address in state.records:
        address, only = state.records[address].address, address
    else:
        only = None
    unresolved = [
        r
        for r in state.records.values()
        if r.address == address
        and only in (None, r.external_task_id)
        and (r.status in SETTLING or (r.status is Status.DEPOSED and r.voice_id is None))
    ]
    if not unresolved:
        raise UsageError(
            f"{address} has nothing to resolve: no creation of it is open.",
            hint(way("", "plan", after=" says what is blocked, and why.")),
        )
    meant = state.current.get(address)

    def rank(record: Record) -> tuple[bool, bool, bool, int]:
        bound = record.external_task_id == meant
        return record.voice_id is None, record.status in SETTLING, bound, record.generation

    return max(unresolved, key=rank)


def _refuse_managed(state: State, record: Record, address: str) -> None:
    holder = state.by_voice_id.get((record.account, record.voice_id)) if record.voice_id is not None else None
    if holder is not None and holder.status in LIVE and holder.external_task_id != record.external_task_id:
        if holder.status is Status.DEPOSED:
            raise UsageError(
                f"The voice {record.voice_id} is an old one of {holder.address}, and will be deleted.",
                f'To keep it, declare {address} as existing: {{voice_id: "{record.voice_id}"}}, and apply.',
            )
        if holder.status is Status.CANDIDATE:
            accepting = hint(way("To make it the voice of this entry", "accept", holder.address))
            raise UsageError(f"The voice {record.voice_id} is the candidate of {holder.address}.", accepting)
        raise UsageError(
            f"The voice {record.voice_id} is managed as {holder.address} already.",
            hint(way("To give it another address", "state mv", holder.address, address)),
        )


def _with_result(record: Record, named: str) -> Record:
    """The record with the result that the user names: a voice_id; for a sound, its URL or its media library file_id."""
    if not record.address.startswith(AUDIO):
        return replace(record, voice_id=named)
    return replace(record, url=named) if is_url(named) else replace(record, file_id=named)


def _look_up(cloud: Cloud, record: Record, *, now: datetime) -> Record:
    """The record as its cloud shows it. If the cloud can't look it up, the user's statement is accepted."""
    observed = cloud.provider.observe([record]).of.get(record.external_task_id)
    listed = hint(way("", "voices", record.provider, after=" lists what there is."))
    match observed:
        case Found(remote=remote):
            return transitions.seen(record, remote, now=now)
        case Unverifiable():
            return replace(record, changed_at=now)
        case Unknown(why=why):
            raise UsageError(f"The voice {record.voice_id} was not found on this account: {why}.", listed)
        case Absent() | None:
            raise UsageError(f"The voice {record.voice_id} was not found on this account.", listed)


def candidate(
    state: State, voice: Voice, cloud: Cloud, voice_id: str, *, now: datetime, used: Collection[str] = ()
) -> Record:
    """The record of a voice made elsewhere, as the voice of this entry. `used` are keys of other new records."""
    digest = markers.digest_of(voice)
    key, generation = markers.next_key(state, voice)
    while key in used:
        key, generation = markers.next_key(state, voice, above=generation)
    record = Record(
        external_task_id=key,
        address=voice.address,
        provider=voice.provider,
        account=cloud.provider.account,
        method=voice.method,
        generation=generation,
        status=Status.READY,
        created_at=now,
        changed_at=now,
        digest=digest,
        sent=redacted(voice),
        links=link_notes_of(voice),
        labels=voice.labels,
        lifecycle=voice.lifecycle,
    )
    return _with_result(record, voice_id)


def rebound(current: Record, record: Record) -> Record:
    """The new record of a voice that has a record already: it keeps the key, so that the state has the voice once."""
    return replace(
        record,
        external_task_id=current.external_task_id,
        generation=current.generation,
        created_at=current.created_at,
        attempts=current.attempts,
        task_id=current.task_id,
        voice_name=current.voice_name,
        owned_by=current.owned_by,
    )

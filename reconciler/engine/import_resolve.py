"""A person's word on a voice: it is this one, it is not, its new name is meant. No cloud is changed by any of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from reconciler.engine.cloud import Cloud
from reconciler.engine.session import Request, Session, changing
from reconciler.errors import UsageError, not_in_state
from reconciler.hints import hint, way
from reconciler.model import transitions
from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, Unknown, Unverifiable
from reconciler.model.redaction import link_notes_of, redacted
from reconciler.model.state import LIVE, SETTLING, Record, State, Status
from reconciler.model.urls import is_url
from reconciler.planning import markers
from reconciler.planning.blocked_change import undeclared


def import_voice(session: Session, address: str, voice_id: str, request: Request) -> Record:
    """Takes a voice that was made elsewhere to be what the manifest says of `address`."""
    voice = _declared(session, address)
    if voice.origin is Origin.OFFICIAL:
        raise UsageError(f"{address} is a preset, which is taken in by apply.", hint(way("", "apply")))
    with changing(session, "import", request, begins=True) as edit:
        state, now = edit.before, session.clock.now()
        current = state.at(address)
        if current is not None and current.status in LIVE:
            raise UsageError(
                f"{address} has a voice already, {current.voice_id or 'being made'}.",
                hint(way("To let go of that one first", "state rm", address)),
            )
        cloud = session.connect([voice.provider])[voice.provider]
        record = _candidate(state, voice, cloud, voice_id, now=now)
        _refuse_held(state, record, address)
        record = _found(cloud, record, now=now)
        edit.after = state.with_changes([record], current={address: record.external_task_id})
        return record


def accept(session: Session, addresses: Collection[str], request: Request) -> list[Record]:
    """Takes the names that these voices have in their clouds now for theirs: no drift any more, and nothing else."""
    with changing(session, "drift --accept", request) as edit:
        state = edit.before
        renamed = [_renamed(session, state, address) for address in sorted(set(addresses))]
        edit.after = state.with_changes(renamed)
        return renamed


def _renamed(session: Session, state: State, address: str) -> Record:
    record = state.at(address)
    if record is None:
        raise not_in_state(address)
    if record.provider not in session.manifest.providers:
        raise UsageError(*undeclared(record))
    seen = session.connect([record.provider])[record.provider].provider.observe([record]).of[record.external_task_id]
    match seen:
        case Found(remote=remote) if remote.voice_name not in (None, record.voice_name):
            return record.model_copy(update={"voice_name": remote.voice_name})
        case Found():
            raise UsageError(f"{address} is not renamed: there is nothing to accept.", hint(way("", "drift")))
        case Absent():
            ways = hint(way("", "plan", after=" says what is to be done."))
            raise UsageError(f"{address} is gone, which can't be accepted.", ways)
        case Unknown(why=why) | Unverifiable(why=why):
            raise UsageError(f"{address} could not be looked at: {why}", "Try again later.")


def resolve(session: Session, address: str, request: Request, *, voice_id: str | None, retry: bool) -> Record:
    """A person's word on a creation that nobody can settle: it is this voice; or it is not, pay again; or let it go."""
    with changing(session, "resolve", request) as edit:
        state, now = edit.before, session.clock.now()
        record = open_creation(state, address)
        address = record.address
        bound = state.current.get(address) == record.external_task_id
        if voice_id is not None:
            if record.provider not in session.manifest.providers:
                raise UsageError(*undeclared(record))
            cloud = session.connect([record.provider])[record.provider]
            named = _named(record, voice_id).model_copy(update={"status": Status.READY, "attempts": 0})
            _refuse_held(state, named, address)
            found = _found(cloud, named, now=now)
            settled = found.model_copy(update={"attempts": record.attempts, "message": None})
            # Beside a voice that still stands it stays unbound: the next apply finishes the replace with it.
            status = Status.READY if bound else Status.RUNNING
            settled = settled.model_copy(update={"status": status})
            edit.after = state.with_changes([settled])
            return settled
        settled = (
            transitions.given_up(record, now=now) if retry else transitions.ended(record, Status.ABANDONED, now=now)
        )
        edit.after = state.with_changes([settled], current={address: None} if bound else {})
        return settled


def _declared(session: Session, address: str) -> Voice:
    voice = session.manifest.voices.get(address)
    if voice is None:
        raise UsageError(
            f"The manifest declares no voice {address}.",
            f"Declare it first, as what the voice was made from: voices: {address}: ...",
        )
    return voice


def open_creation(state: State, address: str) -> Record:
    """The creation of an address that is not settled, also one whose task never ends; may be an external_task_id too.

    Of several, one that a person named before comes last, and so does one that waits for its deletion; then the one
    that the address means comes first (a renamed entry brings its own to an address in use), then the newest.
    """
    if address in state.records:
        address, only = state.records[address].address, address
    else:
        only = None
    unsettled = [
        r
        for r in state.records.values()
        if r.address == address
        and only in (None, r.external_task_id)
        and (r.status in SETTLING or (r.status is Status.DEPOSED and r.voice_id is None))
    ]
    if not unsettled:
        raise UsageError(
            f"{address} has nothing to resolve: no creation of it is open.",
            hint(way("", "plan", after=" says what is blocked, and why.")),
        )
    meant = state.current.get(address)

    def rank(record: Record) -> tuple[bool, bool, bool, int]:
        bound = record.external_task_id == meant
        return record.voice_id is None, record.status in SETTLING, bound, record.generation

    return max(unsettled, key=rank)


def _refuse_held(state: State, record: Record, address: str) -> None:
    holder = state.by_voice_id.get((record.account, record.voice_id)) if record.voice_id is not None else None
    if holder is not None and holder.status in LIVE and holder.external_task_id != record.external_task_id:
        if holder.status is Status.DEPOSED:
            raise UsageError(
                f"The voice {record.voice_id} is an old one of {holder.address}, and will be deleted.",
                f'To keep it, declare {address} as existing: {{voice_id: "{record.voice_id}"}}, and apply.',
            )
        raise UsageError(
            f"The voice {record.voice_id} is managed as {holder.address} already.",
            hint(way("To give it another address", "state mv", holder.address, address)),
        )


def _named(record: Record, named: str) -> Record:
    """The record with what a person says it made: a voice_id; of a sound its URL, or its file in the media library."""
    if not record.address.startswith(AUDIO):
        return record.model_copy(update={"voice_id": named})
    return record.model_copy(update={"url" if is_url(named) else "file_id": named})


def _found(cloud: Cloud, record: Record, *, now: datetime) -> Record:
    """As its cloud shows it; where that can't be asked, a person's word is all there is."""
    observed = cloud.provider.observe([record]).of.get(record.external_task_id)
    listed = hint(way("", "voices", record.provider, after=" lists what there is."))
    match observed:
        case Found(remote=remote):
            return transitions.seen(record, remote, now=now)
        case Unverifiable():
            return record.model_copy(update={"changed_at": now})
        case Unknown(why=why):
            raise UsageError(f"The voice {record.voice_id} was not found on this account: {why}.", listed)
        case Absent() | None:
            raise UsageError(f"The voice {record.voice_id} was not found on this account.", listed)


def _candidate(state: State, voice: Voice, cloud: Cloud, voice_id: str, *, now: datetime) -> Record:
    digest = markers.digest_of(voice)
    key, generation = markers.following(state, voice)
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
    return _named(record, voice_id)

"""State transitions of a record. Pure functions: they take a record and an event, and return the new record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.errors import Cause
from reconciler.model.base import Inputs
from reconciler.model.manifest import DEFAULT_LIFECYCLE, Voice
from reconciler.model.observed import RemoteVoice, check
from reconciler.model.plan import Change
from reconciler.model.redaction import kept_notes, link_notes_of, redacted, with_current_notes
from reconciler.model.state import Activation, Record, Status


def intended(change: Change, voice: Voice, *, account: str, before: Record | None, now: datetime) -> Record:
    """The intent that is saved before the call. With `before` it keeps that record's key, else it gets a new one."""
    if before is not None:
        return replace(
            before,
            status=Status.INTENDED,
            generation=max(before.generation, change.generation),
            attempts=before.attempts + 1,
            sent=redacted(voice),
            links=link_notes_of(voice),
            labels=voice.labels,
            lifecycle=voice.lifecycle,
            for_review=change.candidate,
            changed_at=now,
        )
    return _record(change, voice, account=account, status=Status.INTENDED, now=now, attempts=1)


def bound(change: Change, voice: Voice, made: RemoteVoice, *, account: str, now: datetime) -> Record:
    """A new record for a voice that exists already: found by its marker, imported, or official."""
    record = _record(change, voice, account=account, status=Status.INTENDED, now=now, attempts=0)
    return seen(record, made, now=now)


def accepted(record: Record, task_id: str, *, now: datetime) -> Record:
    """The cloud accepted the creation and runs it as this task."""
    return replace(record, status=Status.RUNNING, task_id=task_id, changed_at=now)


def seen(record: Record, remote: RemoteVoice, *, now: datetime) -> Record:
    """The record with what the cloud shows of its task or voice, whatever the status. Raises TypeError.

    Its time changes only with its status: a task that has run for days must not look like a new one.
    """
    check(remote)
    made = Status.CANDIDATE if record.for_review else Status.READY
    status = {"running": Status.RUNNING, "ready": made, "failed": Status.FAILED}[remote.status]
    return replace(
        record,
        status=status,
        changed_at=record.changed_at if status is record.status else now,
        shown=status is Status.RUNNING,
        task_id=remote.task_id or record.task_id,
        voice_id=remote.voice_id or record.voice_id,
        voice_name=remote.voice_name or record.voice_name,
        owned_by=remote.owned_by or record.owned_by,
        url=remote.url or record.url,
        file_id=remote.file_id or record.file_id,
        expires_at=remote.expires_at or record.expires_at,
        activation=Activation.DONE if remote.active else record.activation,
        message=(remote.message or "the cloud gave no reason") if status is Status.FAILED else None,
        cause=remote.cause if status is Status.FAILED else None,
    )


def failed(record: Record, message: str, *, cause: Cause | None = None, now: datetime) -> Record:
    """The creation failed."""
    return replace(record, status=Status.FAILED, message=message, cause=cause, changed_at=now)


def uncertain(record: Record, message: str, *, now: datetime) -> Record:
    """The outcome of the creation is unknown."""
    return replace(record, status=Status.UNCERTAIN, message=message, changed_at=now)


def unsent(record: Record) -> Record:
    """The intent as it was before the last call, which provably had no effect."""
    return replace(record, attempts=max(0, record.attempts - 1))


def updated(record: Record, voice: Voice) -> Record:
    """The record with the keys that only the state keeps, and with the links, as they are declared now.

    An entry may declare its own voice as `existing` now: then the method and the inputs change too.
    """
    kept = replace(record, labels=voice.labels, lifecycle=voice.lifecycle)
    if record.method != voice.method:
        return replace(kept, method=voice.method, sent=redacted(voice), links=link_notes_of(voice))
    sent, links = with_current_notes(voice, record)
    return replace(kept, sent=_with_keys(sent, voice, voice.body.ours) if voice.body.ours else sent, links=links)


def labelled(record: Record, voice: Voice) -> Record:
    """The record with the declared labels and lifecycle. Its inputs stay: the entry declares those of a candidate."""
    return replace(record, labels=voice.labels, lifecycle=voice.lifecycle)


def changed_in_place(record: Record, voice: Voice, keys: Iterable[str]) -> Record:
    """The cloud was updated: these keys of the body have their declared values now."""
    sent, links = with_current_notes(voice, record)
    now = _with_keys(sent, voice, keys)
    name = voice.inputs.get("name") if "name" in keys else None
    notes = kept_notes(now, links, link_notes_of(voice))
    return replace(record, sent=now, links=notes, voice_name=name or record.voice_name)


def activating(record: Record, activation: Activation | None) -> Record:
    """The record with this activation; None where the paid call was provably not made."""
    return replace(record, activation=activation)


def _with_keys(sent: Inputs, voice: Voice, keys: Iterable[str]) -> Inputs:
    now = redacted(voice)
    kept = {name: value for name, value in sent.items() if name not in keys}
    return kept | {name: now[name] for name in keys if name in now}


def deposed(record: Record, *, by: str | None, keep_old: float | None, now: datetime) -> Record:
    """The voice is to be deleted; `prevent_destroy` no longer holds it."""
    lifecycle = record.lifecycle.model_copy(update={"keep_old": keep_old, "prevent_destroy": False})
    return replace(record, status=Status.DEPOSED, deposed_by=by, lifecycle=lifecycle, changed_at=now)


def tombstone(record: Record, *, now: datetime) -> Record:
    """The deleted voice's record, without its inputs. It stays for ever: the cloud never accepts its key again.

    A rejected candidate keeps its inputs, so that they are not paid for again.
    """
    return replace(
        record,
        status=Status.DELETED,
        changed_at=now,
        sent=record.sent if record.rejected else {},
        links=record.links if record.rejected else None,
        labels={},
        lifecycle=DEFAULT_LIFECYCLE,
        voice_name=None,
        owned_by=None,
        message=None,
        cause=record.cause if record.key_was_used else None,
    )


def ended(record: Record, status: Status, *, now: datetime) -> Record:
    """The record was given up (LAPSED) or released (ABANDONED). It keeps all fields, to recognise its voice later."""
    return replace(record, status=status, changed_at=now)


def _record(change: Change, voice: Voice, *, account: str, status: Status, now: datetime, attempts: int) -> Record:
    """A new record for the change. Raises ValueError for a change that creates nothing."""
    if change.key is None or change.identity is None:
        raise ValueError(f"{change.address}: {change.action} creates no record")
    return Record(
        external_task_id=change.key,
        address=voice.address,
        provider=voice.provider,
        account=account,
        method=voice.method,
        generation=change.generation,
        status=status,
        created_at=now,
        changed_at=now,
        digest=change.identity,
        sent=redacted(voice),
        links=link_notes_of(voice),
        labels=voice.labels,
        lifecycle=voice.lifecycle,
        attempts=attempts,
        for_review=change.candidate,
    )


def given_up(record: Record, *, now: datetime) -> Record:
    """The user gave up this creation and pays for a new one.

    The record loses its inputs, so that its voice, if it still appears, is never taken for the new one.
    """
    return replace(
        record, status=Status.LAPSED, changed_at=now, sent={}, links=None, digest="", message=None, cause=None
    )

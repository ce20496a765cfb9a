"""A record's next self. Pure: a record and what happened in, the record as it must be kept out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reconciler.errors import Cause
from reconciler.model.base import Inputs
from reconciler.model.manifest import Lifecycle, Voice
from reconciler.model.observed import RemoteVoice
from reconciler.model.plan import Change
from reconciler.model.redaction import kept_notes, link_notes_of, redacted, with_current_notes
from reconciler.model.state import Activation, Record, Status


def intended(change: Change, voice: Voice, *, account: str, before: Record | None, now: datetime) -> Record:
    """What is made durable before the call: the same key once more, or a new one."""
    if before is not None:
        return before.model_copy(
            update={
                "status": Status.INTENDED,
                "generation": max(before.generation, change.generation),  # one that had lapsed is the newest again
                "attempts": before.attempts + 1,
                "sent": redacted(voice),
                "links": link_notes_of(voice),
                "labels": voice.labels,
                "lifecycle": voice.lifecycle,
                "changed_at": now,
            }
        )
    return _record(change, voice, account=account, status=Status.INTENDED, now=now, attempts=1)


def bound(change: Change, voice: Voice, made: RemoteVoice, *, account: str, now: datetime) -> Record:
    """A voice that exists without a call of ours: marked, imported, official."""
    record = _record(change, voice, account=account, status=Status.INTENDED, now=now, attempts=0)
    return seen(record, made, now=now)


def accepted(record: Record, task_id: str, *, now: datetime) -> Record:
    return record.model_copy(update={"status": Status.RUNNING, "task_id": task_id, "changed_at": now})


def seen(record: Record, remote: RemoteVoice, *, now: datetime) -> Record:
    """The record as its task or voice was found, whatever its status."""
    status = {"running": Status.RUNNING, "ready": Status.READY, "failed": Status.FAILED}[remote.status]
    found = {
        "status": status,
        "changed_at": now,
        "task_id": remote.task_id or record.task_id,
        "voice_id": remote.voice_id or record.voice_id,
        "voice_name": remote.voice_name or record.voice_name,
        "owned_by": remote.owned_by or record.owned_by,
        "url": remote.url or record.url,
        "file_id": remote.file_id or record.file_id,
        "expires_at": remote.expires_at or record.expires_at,
        "activation": Activation.DONE if remote.active else record.activation,
        "message": (remote.message or "the cloud gave no reason") if status is Status.FAILED else None,
        "cause": remote.cause if status is Status.FAILED else None,
    }
    return record.model_copy(update=found)


def failed(record: Record, message: str, *, cause: Cause | None = None, now: datetime) -> Record:
    told = {"status": Status.FAILED, "message": message, "cause": cause, "changed_at": now}
    return record.model_copy(update=told)


def uncertain(record: Record, message: str, *, now: datetime) -> Record:
    return record.model_copy(update={"status": Status.UNCERTAIN, "message": message, "changed_at": now})


def unsent(record: Record) -> Record:
    """The intent as it was before a call that provably did nothing."""
    return record.model_copy(update={"attempts": max(0, record.attempts - 1)})


def updated(record: Record, voice: Voice) -> Record:
    """Our own keys told anew, and links as they are signed now; and `existing`, where an entry now says that of its own
    voice.
    """
    told: dict[str, object] = {"labels": voice.labels, "lifecycle": voice.lifecycle}
    if record.method != voice.method:
        told |= {"method": voice.method, "sent": redacted(voice), "links": link_notes_of(voice)}
    else:
        sent, links = with_current_notes(voice, record)
        told |= {"sent": _with_keys(sent, voice, voice.body.ours) if voice.body.ours else sent, "links": links}
    return record.model_copy(update=told)


def changed_in_place(record: Record, voice: Voice, keys: Iterable[str]) -> Record:
    """The cloud has taken these keys of the body as they are declared now."""
    sent, links = with_current_notes(voice, record)
    now = _with_keys(sent, voice, keys)
    told: dict[str, object] = {"sent": now, "links": kept_notes(now, links, link_notes_of(voice))}
    if "name" in keys and voice.inputs.get("name"):
        told["voice_name"] = voice.inputs["name"]
    return record.model_copy(update=told)


def activating(record: Record, activation: Activation | None) -> Record:
    """Its first use, begun, done, or provably not made."""
    return record.model_copy(update={"activation": activation})


def _with_keys(sent: Inputs, voice: Voice, keys: Iterable[str]) -> Inputs:
    now = redacted(voice)
    kept = {name: value for name, value in sent.items() if name not in keys}
    return kept | {name: now[name] for name in keys if name in now}


def deposed(record: Record, *, by: str | None, keep_old: float | None, now: datetime) -> Record:
    """To be deleted, from now on, come what may."""
    lifecycle = record.lifecycle.model_copy(update={"keep_old": keep_old, "prevent_destroy": False})
    return record.model_copy(
        update={"status": Status.DEPOSED, "deposed_by": by, "lifecycle": lifecycle, "changed_at": now}
    )


def tombstone(record: Record, *, now: datetime) -> Record:
    """What stays for ever: a key once accepted is burnt."""
    return record.model_copy(
        update={
            "status": Status.DELETED,
            "changed_at": now,
            "sent": {},
            "links": None,
            "labels": {},
            "lifecycle": Lifecycle(),
            "voice_name": None,
            "owned_by": None,
            "message": None,
            "cause": record.cause if record.cause is Cause.KEY_IN_USE else None,  # what is there is not of this call
        }
    )


def ended(record: Record, status: Status, *, now: datetime) -> Record:
    """Given up (LAPSED) or out of reach (ABANDONED): kept whole, so that it can be recognised."""
    return record.model_copy(update={"status": status, "changed_at": now})


def _record(change: Change, voice: Voice, *, account: str, status: Status, now: datetime, attempts: int) -> Record:
    """What makes a voice has a key: a record refuses None."""
    return Record.model_validate(
        {
            "external_task_id": change.key,
            "address": voice.address,
            "provider": voice.provider,
            "account": account,
            "method": voice.method,
            "generation": change.generation,
            "status": status,
            "created_at": now,
            "changed_at": now,
            "digest": change.identity,
            "sent": redacted(voice),
            "links": link_notes_of(voice),
            "labels": voice.labels,
            "lifecycle": voice.lifecycle,
            "attempts": attempts,
        }
    )


def given_up(record: Record, *, now: datetime) -> Record:
    """Let go by a person who pays again: without its inputs it is never taken for the new one, should it arrive."""
    return record.model_copy(
        update={
            "status": Status.LAPSED,
            "changed_at": now,
            "sent": {},
            "links": None,
            "digest": "",
            "message": None,
            "cause": None,
        }
    )

"""The outputs for applications: the id of each voice and sound, and whether it can be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from reconciler.model.manifest import AUDIO
from reconciler.model.methods import inputs_model
from reconciler.model.state import Record, State, Status
from reconciler.values import value


class OutputStatus(StrEnum):
    """Whether applications can use the voice or sound."""

    READY = "ready"
    RUNNING = "running"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    UNVERIFIABLE = "unverifiable"  # it was made, but its cloud can no longer say whether it still exists
    EXPIRED = "expired"  # the time for which its cloud keeps it is over


@value
class Output:
    """A voice. `voice_id` is set when the status is ready; `voice_name` is the cloud's, else the declared one.

    `previous_voice_id`: the voice that it replaced, while `keep_old` keeps that one.
    """

    voice_id: str | None
    voice_name: str | None
    provider: str
    status: OutputStatus
    labels: dict[str, str] = field(default_factory=dict)
    previous_voice_id: str | None = None

    @property
    def names(self) -> str:
        """The name of the field in `value`."""
        return "voice_id"

    @property
    def value(self) -> str | None:
        """What applications use to call the cloud."""
        return self.voice_id


@value
class SoundOutput:
    """A generated sound: its file is at `url`, or in the media library as `file_id`."""

    url: str | None
    file_id: str | None
    expires_at: datetime | None
    provider: str
    status: OutputStatus

    @property
    def names(self) -> str:
        """The name of the field in `value`."""
        return "url"

    @property
    def value(self) -> str | None:
        """What applications use to get the sound."""
        return self.url or self.file_id


Row = Output | SoundOutput


def outputs(state: State, *, now: datetime) -> dict[str, Row]:
    """Address -> its output, sorted. Only the current record of an address counts, no replaced or deleted voices."""
    rows: dict[str, Row] = {}
    kept = kept_voices(state)
    for address, key in sorted(state.current.items()):
        record = state.records[key]
        status = _status(record, now)
        if status is not None:
            rows[address] = _row(record, status, kept.get(address))
    return rows


def kept_voices(state: State) -> dict[str, Record]:
    """Address -> the record of the last replaced voice, where `keep_old` keeps it."""
    kept: dict[str, Record] = {}
    for record in state.records.values():
        if record.status is Status.DEPOSED and record.lifecycle.keep_old and record.voice_id is not None:
            other = kept.get(record.address)
            if other is None or other.generation < record.generation:
                kept[record.address] = record
    return kept


def missing(addresses: Iterable[str], rows: Mapping[str, Row]) -> dict[str, str]:
    """The addresses that an application can't use, with the reason."""
    reasons = {address: _why_unusable(rows.get(address)) for address in addresses}
    return {address: why for address, why in reasons.items() if why is not None}


def _why_unusable(row: Row | None) -> str | None:
    if row is None:
        return "it has not been made yet"
    usable = row.status in (OutputStatus.READY, OutputStatus.UNVERIFIABLE) and row.value is not None
    return None if usable else f"it is {row.status}"


def _row(record: Record, status: OutputStatus, kept: Record | None) -> Row:
    if record.address.startswith(AUDIO):
        return SoundOutput(
            url=record.url,
            file_id=record.file_id,
            expires_at=record.expires_at,
            provider=record.provider,
            status=status,
        )
    return Output(
        voice_id=record.voice_id,
        voice_name=record.voice_name or _declared_name(record),
        provider=record.provider,
        status=status,
        labels=record.labels,
        previous_voice_id=kept.voice_id if kept is not None else None,
    )


def _status(record: Record, now: datetime) -> OutputStatus | None:
    """The status of the record's voice; None if the record has no voice."""
    match record.status:
        case Status.INTENDED | Status.RUNNING:
            return OutputStatus.RUNNING
        case Status.READY if record.expires_at is not None and record.expires_at <= now:
            return OutputStatus.EXPIRED
        case Status.READY if _is_unverifiable(record, now):
            return OutputStatus.UNVERIFIABLE
        case Status.READY:
            return OutputStatus.READY
        case Status.FAILED:
            return OutputStatus.FAILED
        case Status.UNCERTAIN:
            return OutputStatus.UNCERTAIN
        case Status.CANDIDATE | Status.DEPOSED | Status.DELETED | Status.ABANDONED | Status.LAPSED:
            return None


def _is_unverifiable(record: Record, now: datetime) -> bool:
    """Whether its cloud proves only new voices, and this one is older. Sounds have `expires_at`."""
    body = inputs_model(record.type, record.method)
    return (
        record.voice_id is not None
        and body is not None
        and not body.watched
        and now - record.created_at > body.proven_for
    )


def _declared_name(record: Record) -> str | None:
    for key in ("voice_name", "name"):
        name = record.sent.get(key)
        if isinstance(name, str):
            return name
    return None

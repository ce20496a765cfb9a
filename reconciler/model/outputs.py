"""What applications need to know of each voice and sound: its id, and whether it can be used. State in, rows out."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.model.base import Frozen
from reconciler.model.manifest import AUDIO
from reconciler.model.methods import METHODS
from reconciler.model.state import Record, State, Status

_TASKS_SHOW = timedelta(hours=72)  # Tencent Cloud VOD, DescribeTaskDetail: tasks of the last three days


class OutputStatus(StrEnum):
    READY = "ready"
    RUNNING = "running"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    UNVERIFIABLE = "unverifiable"  # made, and its cloud can't be asked any more whether it is still there
    EXPIRED = "expired"  # kept by its cloud for a time that is over


class Output(Frozen):
    """A voice. `voice_id` is there when the status is ready; `voice_name` is the cloud's, else the one asked for."""

    voice_id: str | None
    voice_name: str | None
    provider: str
    status: OutputStatus
    labels: dict[str, str] = {}

    @property
    def names(self) -> str:
        """What applications ask for: see `value`."""
        return "voice_id"

    @property
    def value(self) -> str | None:
        return self.voice_id


class SoundOutput(Frozen):
    """A sound that is no voice: its file is at `url`, or in the media library as `file_id`."""

    url: str | None
    file_id: str | None
    expires_at: datetime | None
    provider: str
    status: OutputStatus

    @property
    def names(self) -> str:
        return "url"

    @property
    def value(self) -> str | None:
        return self.url or self.file_id


Row = Output | SoundOutput


def outputs(state: State, *, now: datetime) -> dict[str, Row]:
    """Address -> its row, sorted. Only what an address means now counts: replaced and deleted voices are no outputs."""
    rows: dict[str, Row] = {}
    for address, key in sorted(state.current.items()):
        record = state.records[key]
        status = _status(record, now)
        if status is not None:
            rows[address] = _row(record, status)
    return rows


def _row(record: Record, status: OutputStatus) -> Row:
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
        voice_name=record.voice_name or _asked_name(record),
        provider=record.provider,
        status=status,
        labels=record.labels,
    )


def _status(record: Record, now: datetime) -> OutputStatus | None:
    """None: an address that means such a record means no voice."""
    match record.status:
        case Status.INTENDED | Status.RUNNING:
            return OutputStatus.RUNNING
        case Status.READY if record.expires_at is not None and record.expires_at <= now:
            return OutputStatus.EXPIRED
        case Status.READY if _out_of_sight(record, now):
            return OutputStatus.UNVERIFIABLE
        case Status.READY:
            return OutputStatus.READY
        case Status.FAILED:
            return OutputStatus.FAILED
        case Status.UNCERTAIN:
            return OutputStatus.UNCERTAIN
        case Status.DEPOSED | Status.DELETED | Status.ABANDONED | Status.LAPSED:
            return None


def _out_of_sight(record: Record, now: datetime) -> bool:
    """Whether its cloud shows only tasks, and its task no more. Of a sound its own end tells."""
    body = METHODS.get(record.type, {}).get(record.method)
    return (
        record.voice_id is not None and body is not None and not body.watched and now - record.created_at > _TASKS_SHOW
    )


def _asked_name(record: Record) -> str | None:
    for key in ("voice_name", "name"):
        name = record.sent.get(key)
        if isinstance(name, str):
            return name
    return None

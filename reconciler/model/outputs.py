"""What applications need to know of each voice: its id, and whether it can be used. State in, rows out."""

from __future__ import annotations

from enum import StrEnum

from reconciler.model.base import Frozen
from reconciler.model.state import Record, State, Status


class OutputStatus(StrEnum):
    READY = "ready"
    RUNNING = "running"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    UNVERIFIABLE = "unverifiable"  # its cloud can't be asked about it; no cloud known so far needs it
    EXPIRED = "expired"  # kept by its cloud for a time that is over; no cloud known so far needs it


class Output(Frozen):
    """One row. `voice_id` is there when the status is ready; `voice_name` is the cloud's, else the one asked for."""

    voice_id: str | None
    voice_name: str | None
    provider: str
    status: OutputStatus
    labels: dict[str, str] = {}


def outputs(state: State) -> dict[str, Output]:
    """Address -> its row, sorted. Only what an address means now counts: replaced and deleted voices are no outputs."""
    rows: dict[str, Output] = {}
    for address, key in sorted(state.current.items()):
        record = state.records[key]
        status = _status(record.status)
        if status is not None:
            rows[address] = Output(
                voice_id=record.voice_id,
                voice_name=record.voice_name or _asked_name(record),
                provider=record.provider,
                status=status,
                labels=record.labels,
            )
    return rows


def _status(status: Status) -> OutputStatus | None:
    """None: an address that means such a record means no voice."""
    match status:
        case Status.INTENDED | Status.RUNNING:
            return OutputStatus.RUNNING
        case Status.READY:
            return OutputStatus.READY
        case Status.FAILED:
            return OutputStatus.FAILED
        case Status.UNCERTAIN:
            return OutputStatus.UNCERTAIN
        case Status.DEPOSED | Status.DELETED | Status.ABANDONED | Status.LAPSED:
            return None


def _asked_name(record: Record) -> str | None:
    name = record.sent.get("voice_name")
    return name if isinstance(name, str) else None

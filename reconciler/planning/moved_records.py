"""What is written when records move to other addresses: the records, and the bindings that change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.model import transitions
from reconciler.model.manifest import Voice
from reconciler.model.state import Record, State, Status


def moved(
    state: State,
    pairs: Mapping[str, Record],
    along: Mapping[str, Sequence[str]],
    declared: Mapping[str, Voice],
    *,
    now: datetime,
) -> tuple[list[Record], dict[str, str | None]]:
    """The records and bindings to write when these records move to these addresses, all at once.

    A record keeps its key. `along`: new address -> the keys of the other records that move there. `declared`: the
    entries, whose `keep_old` holds for a voice that another one displaces, as after a replace.
    """
    moving: dict[str, Record] = {}
    leaving: dict[str, str | None] = {}
    bound: dict[str, str | None] = {}
    for address, record in pairs.items():
        key = record.external_task_id
        if state.current.get(record.address) == key:
            leaving[record.address], bound[address] = None, key
    moving |= {key: _with_address(state.records[key], address) for address, keys in along.items() for key in keys}
    moving |= {record.external_task_id: _with_address(record, address) for address, record in pairs.items()}
    displaced = [
        _depose(state.records[old], by=key, keep_old=declared[address].lifecycle.keep_old, now=now)
        for address, key in bound.items()
        if key is not None and (old := state.current.get(address)) is not None and old not in moving
    ]
    return [*moving.values(), *displaced], leaving | bound


def others_at_address(state: State, record: Record) -> list[Record]:
    """The other records of an address that it needs, if `record` is its current one.

    They are the live ones (deposed voices, candidates, pending creations), and the candidates that were rejected.
    """
    if state.current.get(record.address) != record.external_task_id:
        return []
    return [r for r in state.needed_at(record.address) if r.external_task_id != record.external_task_id]


def _depose(record: Record, *, by: str, keep_old: float | None, now: datetime) -> Record:
    if record.status is not Status.READY:
        return record  # it is unbound now, and is planned as a pending creation
    return transitions.deposed(record, by=by, keep_old=keep_old, now=now)


def _with_address(record: Record, address: str) -> Record:
    return replace(record, address=address)

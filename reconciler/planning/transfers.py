"""Moves records from the state of one manifest into the state of another: `state mv --to-manifest`.

Three writes, each of which may be the last one: the source marks the records as leaving, so that its plans change
nothing about them; the target gets them; the source keeps a tombstone of each. The same command finishes a move that
was interrupted. The tombstone says where the voice went: it is not made again here, and no list shows it as unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.errors import UsageError, not_in_state
from reconciler.hints import Hint, hint, way
from reconciler.model import transitions
from reconciler.model.manifest import Manifest
from reconciler.model.state import LIVE, SETTLING, Record, State, Status
from reconciler.planning.scope import Scope


def leaving_addresses(state: State, patterns: Sequence[str]) -> list[str]:
    """The recorded addresses that these patterns name. Raises UsageError for a pattern that names none."""
    found: dict[str, None] = {}
    for pattern in patterns:
        scope = Scope((pattern,))
        named = [address for address in sorted(state.current) if scope.covers(address, _labels(state, address))]
        gone = [r.address for r in state.records.values() if _has_left(r) and scope.covers(r.address, (r.labels,))]
        if not named and not gone:
            raise not_in_state(pattern)
        found |= dict.fromkeys(named)
    return list(found)


def outgoing(state: State, addresses: Collection[str], to: str) -> list[Record]:
    """The records of these addresses, marked as leaving. Raises UsageError if one can't leave now."""
    empty = next((address for address in addresses if not state.live_at.get(address)), None)
    if empty is not None:
        raise UsageError(f"{empty} has no voice that could move.", hint(way("", "state show", empty)))
    records = [record for address in addresses for record in state.needed_at(address)]
    for record in records:
        if record.status in SETTLING:
            raise UsageError(
                f"{record.address} is still being made, so it can't move to another state.",
                hint(way("Finish it first", "apply")),
            )
        if record.moved_to not in (None, to):
            raise UsageError(
                f"{record.address} is on its way to {record.moved_to} already.",
                way_to_finish(record.moved_to, record.address),
            )
    return [replace(record, moved_to=to, moves=record.moves + (record.moved_to is None)) for record in records]


def incoming(
    records: Iterable[Record], source: State, target: State, manifest: Manifest, providers: Mapping[str, str]
) -> tuple[list[Record], dict[str, str | None]]:
    """The records as the target keeps them, and its new bindings. `providers`: provider of the source -> of the target.

    Raises UsageError if the target has another voice at one of the addresses, or does not declare it: its next apply
    would delete the voice.
    """
    arriving: list[Record] = []
    bound: dict[str, str | None] = {}
    for record in records:
        key, held = record.external_task_id, target.current.get(record.address)
        there = target.records.get(key)
        if there is not None and (there.moved_to is None or there.moves >= record.moves):
            continue  # it arrived with an interrupted move; the target may have changed it since, or moved it on
        if record.address not in manifest.voices:
            raise UsageError(
                f"{manifest.name} does not declare {record.address}, so its next apply would delete that voice.",
                "Copy the entry there first, then move the voice.",
            )
        if source.current.get(record.address) == key:
            if held not in (None, key):
                raise UsageError(
                    f"{manifest.name} has another voice at {record.address} already.",
                    "Give one of them another address first.",
                )
            bound[record.address] = key
        arriving.append(replace(record, provider=providers[record.provider], moved_to=None))
    return arriving, bound


def departed(records: Iterable[Record], source: State, *, now: datetime) -> tuple[list[Record], dict[str, str | None]]:
    """The tombstones that the source keeps, and the addresses that it frees."""
    gone = [replace(transitions.tombstone(record, now=now), moved_to=record.moved_to) for record in records]
    freed: dict[str, str | None] = {
        record.address: None for record in gone if source.current.get(record.address) == record.external_task_id
    }
    return gone, freed


def blocked(records: Iterable[Record], state: State, retry: Collection[str]) -> dict[str, tuple[str, Hint]]:
    """Address -> why nothing may change there, and what to do. `records`: all that left, or are leaving."""
    reasons: dict[str, tuple[str, Hint]] = {}
    for record in records:
        address, to = record.address, str(record.moved_to)
        if record.status in LIVE:
            reasons[address] = f"its move to {to} was interrupted", way_to_finish(to, address)
        elif address not in state.current and address not in retry and record.generation == state.highest[address]:
            reasons[address] = (
                f"its voice was moved to {to}",
                hint("Remove the entry here", way("or, to pay for another voice", "--retry", address)),
            )
    return reasons


def _has_left(record: Record) -> bool:
    return record.moved_to is not None and record.status is Status.DELETED


def way_to_finish(to: str | None, address: str) -> Hint:
    """How an interrupted move is finished."""
    return hint(way("To finish it", "state mv --to-manifest", str(to), address))


def _labels(state: State, address: str) -> Sequence[Mapping[str, str]]:
    record = state.at(address)
    return (record.labels,) if record is not None else ()

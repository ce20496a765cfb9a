"""Blocks changes that would bind one voice to two addresses, or delete a voice that another address has or declares.

Official voices may have several addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.hints import hint, way
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.plan import Action, Change
from reconciler.model.state import LIVE, Record, Status
from reconciler.planning.change import as_blocked
from reconciler.planning.plan_context import Place, PlanContext

Holders = Mapping[Place, set[str]]  # -> addresses
_DELETING = {Action.DELETE, Action.REPLACE}


def block_conflicts(context: PlanContext, changes: Sequence[Change], declared: Mapping[str, Voice]) -> list[Change]:
    """The changes. Those that would take or delete a voice of another address are blocked."""
    if not any(change.made is not None or change.action in _DELETING for change in changes):
        return list(changes)
    holders, wanted = _holders(context), _wanted(context, declared)
    for change in changes:
        if (place := _made(context, change)) is not None:
            wanted.setdefault(place, set()).add(change.address)
    leaving = {change.address for change in changes if change.action is Action.DELETE}
    taken: dict[Place, str] = {}
    kept: list[Change] = []
    for change in changes:
        made, deleted = _made(context, change), _deleted(context, change)
        others: set[str] = set()
        if made is not None:
            others = (holders.get(made, set()) | {taken.setdefault(made, change.address)}) - {change.address}
        claimed = {place: holders.get(place, set()) - leaving | wanted.get(place, set()) for place in deleted}
        needed = {place: owners - {change.address} for place, owners in claimed.items()}
        if made is not None and (others or made in deleted):
            kept.append(_blocked_as_taken(context, change, made, min(others, default=change.address)))
        elif any(needed.values()):
            place = next(place for place in deleted if needed[place])
            kept.append(_blocked_as_needed(context, change, place, min(needed[place])))
        else:
            kept.append(change)
    return kept


def held_and_declared(
    context: PlanContext, changes: Iterable[Change], declared: Mapping[str, Voice]
) -> tuple[frozenset[Place], frozenset[Place]]:
    """The voices that addresses have or will get; and those that are declared as existing, but not imported yet."""
    held = {
        context.place(record.account, record.voice_id)
        for key in context.state.current.values()
        if (record := context.state.records[key]).voice_id
        and record.origin is not Origin.OFFICIAL
        and record.status in LIVE
    }
    held |= {place for change in changes if (place := _made(context, change)) is not None}
    return frozenset(held), frozenset(_wanted(context, declared)) - held


def _holders(context: PlanContext) -> Holders:
    holders: dict[Place, set[str]] = {}
    for record in context.state.records.values():
        live = record.status in LIVE and record.status is not Status.DEPOSED
        if live and record.voice_id is not None and record.origin is not Origin.OFFICIAL:
            holders.setdefault(context.place(record.account, record.voice_id), set()).add(record.address)
    return holders


def _wanted(context: PlanContext, declared: Mapping[str, Voice]) -> dict[Place, set[str]]:
    wanted: dict[Place, set[str]] = {}
    for voice in declared.values():
        if voice.origin is not Origin.ELSEWHERE:
            continue
        voice_id = str(voice.inputs["voice_id"])
        for account in _accounts(context, voice.provider, voice_id):
            wanted.setdefault(context.place(account, voice_id), set()).add(voice.address)
    return wanted


def _accounts(context: PlanContext, provider: str, voice_id: str) -> set[str]:
    """The account of a provider; all accounts that it may be, if the provider was not read."""
    if provider in context.observations:
        return {context.observations[provider].account}
    return {record.account for record in context.state.records.values() if record.voice_id == voice_id}


def _made(context: PlanContext, change: Change) -> Place | None:
    if change.made is None or change.made.voice_id is None or change.origin is Origin.OFFICIAL:
        return None
    return context.place(context.observations[change.provider].account, change.made.voice_id)


def _deleted(context: PlanContext, change: Change) -> list[Place]:
    record = context.state.records.get(change.record or "")
    if change.action not in _DELETING or record is None or record.origin is Origin.OFFICIAL:
        return []
    ids = {record.voice_id, change.found.voice_id if change.found is not None else None}
    return [context.place(record.account, voice_id) for voice_id in sorted(i for i in ids if i is not None)]


def _blocked_as_taken(context: PlanContext, change: Change, place: Place, other: str) -> Change:
    """The change would take a voice that `other` has."""
    own = context.state.at(change.address)
    if not _has(context, context.state.at(other), place):
        ways = hint(f"Only one of {other} and {change.address} can have it.")
    elif own is not None and own.status in LIVE:
        ways = hint(
            way(
                f"{change.address} has a voice of its own. To remove that one from the state",
                "state rm",
                change.address,
            )
        )
    else:
        ways = hint(way("To give it this address", "state mv", other, change.address))
    return as_blocked(change, f"the voice {place[1]} is managed as {other} already", ways)


def _blocked_as_needed(context: PlanContext, change: Change, place: Place, other: str) -> Change:
    """The change, blocked because it would delete a voice that `other` has or declares."""
    if _has(context, context.state.at(other), place):
        ways = hint(way(f"To keep it only for {other}", "state rm", change.address))
    else:
        ways = hint(way("To give it that address", "state mv", change.address, other))
    return as_blocked(change, f"its voice {place[1]} is declared as {other}, and would be deleted", ways)


def _has(context: PlanContext, record: Record | None, place: Place) -> bool:
    return record is not None and context.place(record.account, record.voice_id or "") == place

"""An entry that moves from one provider name to another of the same account: only the state changes.

Where both names are proven to be one account (`same_account`), the records are planned as if they had the new name
already. Where that can't be decided, the entry is blocked. Where they are two accounts, it is a replace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from reconciler.hints import Hint, hint, way
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Observations
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.state import SETTLING, Record, State, Status
from reconciler.planning.change import make_change
from reconciler.planning.diff import face
from reconciler.planning.plan_context import PlanOptions, is_due_for_deletion, is_just_accepted
from reconciler.planning.provider_moves import Move, movable, names_it, same_inputs
from reconciler.planning.same_account import Comparison, Name, Undecided, compare

REASON = "same account under another name"
_STATE_ONLY = "in the state only, no call"
_RETURNS = SETTLING | {Status.ABANDONED, Status.LAPSED, Status.DEPOSED}  # an address without a voice may take it back


class BlockReason(NamedTuple):
    """Why an entry can't move yet, and what to type."""

    why: str
    hint: Hint


@dataclass(frozen=True, slots=True)
class Renaming:
    """`state` is what is planned from: there the moved records have the new name. `moved` holds them as they were."""

    state: State
    moved: Mapping[str, Sequence[Record]] = field(default_factory=dict)  # by address
    blocked: Mapping[str, BlockReason] = field(default_factory=dict)  # by address
    one_account: Mapping[str, str] = field(default_factory=dict)  # account -> the name that stands for it


def candidates(manifest: Manifest, state: State, accounts: Mapping[str, str]) -> list[Record]:
    """The records that may move, as they would be under the new name: so that both names are asked for them."""
    return [
        move.renamed(accounts[move.voice.provider])
        for move in movable(manifest, state)
        if move.voice.provider in accounts and move.record.account == accounts.get(move.record.provider)
    ]


def settled(
    manifest: Manifest, state: State, seen: Mapping[str, Observations], *, now: datetime, options: PlanOptions
) -> Renaming:
    """Who moves and who may not. `seen` holds what both names show of the `candidates`."""
    moves = [] if options.destroy else list(movable(manifest, state))
    if not moves:
        return Renaming(state)
    results = {m.record.external_task_id: _compared(m, seen, now=now) for m in moves}
    same = [m for m in moves if results[m.record.external_task_id] is Comparison.SAME]
    proven = {m.names for m in same if m.record.origin is not Origin.OFFICIAL}
    moved: dict[str, Sequence[Move]] = {}
    blocked: dict[str, BlockReason] = {}
    for address, group in _by_address(moves).items():
        verdict = _verdict(state, group, results, proven, now=now, options=options)
        if isinstance(verdict, BlockReason):
            blocked |= dict.fromkeys((address, group[0].voice.address), verdict)
        elif verdict:
            moved[address] = verdict
    renamed = [m.renamed(seen[m.voice.provider].account) for found in moved.values() for m in found]
    before = {address: [m.record for m in found] for address, found in moved.items()}
    one_account = _joined((seen[old].account, seen[new].account) for old, new in sorted(proven))
    return Renaming(state.with_changes(renamed) if renamed else state, before, blocked, one_account)


def _joined(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Each name of an account -> the first of them in the alphabet."""
    joined: dict[str, str] = {}
    for pair in pairs:
        joined |= {name: name for name in pair if name not in joined}
        meant = {joined[name] for name in pair}
        joined = {name: min(meant) if first in meant else first for name, first in joined.items()}
    return joined


def noted(renaming: Renaming, voice: Voice, change: Change | None) -> Change | None:
    """The verdict for an entry, which says what moves with it. What is blocked moves another time."""
    moved = {record.external_task_id: record for record in renaming.moved.get(voice.address, ())}
    if not moved:
        return change
    if change is None:
        record = renaming.state.at(voice.address)
        return _update(voice, moved[record.external_task_id], record, tuple(moved)) if record is not None else None
    known = moved.get(change.record or "") or moved.get(change.key or "")
    if change.action is Action.BLOCKED or known is None:
        return change
    names = _fields(known, renaming.state.records[known.external_task_id]) if change.action is Action.UPDATE else ()
    reason = "; ".join(words for words in (change.reason, _why(known, voice)) if words)
    return change.model_copy(update={"reason": reason, "fields": names + change.fields, "rebinds": tuple(moved)})


def noted_move(renaming: Renaming, change: Change) -> Change:
    """The move of an entry that was renamed as well."""
    moved = {record.external_task_id: record for record in renaming.moved.get(change.source or "", ())}
    known = moved.get(change.record or "")
    if known is None:
        return change
    fields = _fields(known, renaming.state.records[known.external_task_id])
    reason = f"{change.reason}; {REASON}"
    return change.model_copy(update={"reason": reason, "fields": fields + change.fields, "rebinds": tuple(moved)})


# -- what both names were asked for ------------------------------------------------------------------------------------


def _compared(move: Move, seen: Mapping[str, Observations], *, now: datetime) -> Comparison | Undecided:
    old, new = move.names
    for name in (old, new):
        if name not in seen:
            return Undecided(f"{name} could not be looked at", passing=True)
    if move.record.account != seen[old].account:
        return Undecided(f"its voice was made on {move.record.account}, and {old} is {seen[old].account} now")
    return compare(move.record, Name(old, seen[old]), Name(new, seen[new]), now=now)


def _by_address(moves: Sequence[Move]) -> Mapping[str, list[Move]]:
    groups: dict[str, list[Move]] = {}
    for move in moves:
        groups.setdefault(move.record.address, []).append(move)
    return groups


# -- what becomes of an entry ------------------------------------------------------------------------------------------


def _verdict(
    state: State,
    group: Sequence[Move],
    results: Mapping[str, Comparison | Undecided],
    proven: set[tuple[str, str]],
    *,
    now: datetime,
    options: PlanOptions,
) -> list[Move] | BlockReason:
    """Which of them move, or why none may."""
    current = state.at(group[0].record.address)
    if current is None:
        meant = [m for m in group if _returns(m, now=now, options=options)]
    else:
        meant = [m for m in group if m.record.external_task_id == current.external_task_id]
    for move in meant:
        blocked = _stops(
            move, results[move.record.external_task_id], proven=move.names in proven, now=now, options=options
        )
        if blocked is not None:
            return blocked
    if current is not None and not _same(meant[0], results, proven):
        return []
    return [m for m in group if _same(m, results, proven)]


def _same(move: Move, results: Mapping[str, Comparison | Undecided], proven: set[tuple[str, str]]) -> bool:
    """What shows nothing itself is on the same account if another voice of both names shows it."""
    result = results[move.record.external_task_id]
    return result is Comparison.SAME or (result is Comparison.NOTHING and move.names in proven)


def _returns(move: Move, *, now: datetime, options: PlanOptions) -> bool:
    """Whether the address would take it back, were it on the same account."""
    record = move.record
    if record.status not in _RETURNS or move.voice.origin is not Origin.MADE:
        return False
    if record.status is Status.DEPOSED and is_due_for_deletion(record, now, options):
        return False
    return same_inputs(move.voice, record)


def _stops(
    move: Move, result: Comparison | Undecided, *, proven: bool, now: datetime, options: PlanOptions
) -> BlockReason | None:
    """Why nothing of this entry may be bought, changed or deleted."""
    record, voice = move.record, move.voice
    paid_for = options.replace if record.address == voice.address else options.replace | options.retry
    if voice.address in paid_for and not (voice.origin is Origin.ELSEWHERE and names_it(voice, record)):
        return None  # somebody pays for another one, whichever account it is
    if result is Comparison.TWO and proven and record.origin is not Origin.OFFICIAL:
        result = Undecided(f"{voice.provider} lists other voices of {record.provider}, but not this one", passing=True)
    if (
        result is Comparison.NOTHING
        and not proven
        and (record.status is Status.INTENDED or is_just_accepted(record, now))
    ):
        result = Undecided("nothing of its creation is shown yet", passing=record.status is Status.RUNNING)
    if not isinstance(result, Undecided):
        return None
    why = f"could not tell whether {record.provider} and {voice.provider} are one account: {result.why}"
    return BlockReason(why, _AGAIN if result.passing else _ways_on(record, voice))


_AGAIN = hint("Nothing of it is paid or deleted until that can be decided. Try again later.")


def _ways_on(record: Record, voice: Voice) -> Hint:
    old, new, address = record.provider, voice.provider, voice.address
    if record.status in {Status.INTENDED, Status.UNCERTAIN}:
        return hint(
            f"Write provider: {old} in {address} again and apply, then change it",
            way("to give that creation up and pay again", "resolve", address, "--retry"),
        )
    one = way(f"If they are one, declare {new} in place of {old}, then", "state rebind", new, "--from", old)
    if voice.origin is Origin.ELSEWHERE:
        return hint(one, way("if they are two", "state rm", address))
    option = "--replace" if record.address == address else "--retry"
    return hint(one, way("if they are two, pay for another voice", "apply", option, address))


# -- how the plan says it ----------------------------------------------------------------------------------------------


def _why(record: Record, voice: Voice) -> str:
    return f"an official voice, which {voice.provider} offers too" if record.origin is Origin.OFFICIAL else REASON


def _update(voice: Voice, before: Record, record: Record, moved: tuple[str, ...]) -> Change:
    return make_change(
        voice,
        Action.UPDATE,
        f"{_STATE_ONLY}: {_why(record, voice)}",
        record=record,
        before=face(record),
        fields=_fields(before, record),
        key=record.external_task_id,
        rebinds=moved,
    )


def _fields(before: Record, after: Record) -> tuple[FieldChange, ...]:
    pairs = {"provider": (before.provider, after.provider), "account": (before.account, after.account)}
    return tuple(FieldChange(name=n, before=old, after=new) for n, (old, new) in pairs.items() if old != new)

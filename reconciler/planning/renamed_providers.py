"""Plans entries whose provider was renamed. If both names are one account, only the state changes.

If `same_account` proves that both names are one account, the records are planned under the new name. If that can't be
decided, the entry is blocked. If they are two accounts, the change is a replace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import NamedTuple

from reconciler.hints import Hint, hint, way
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Observations
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.request_ids import unmarked
from reconciler.model.state import SETTLING, Record, State, Status
from reconciler.planning.change import make_change
from reconciler.planning.diff import shown_inputs
from reconciler.planning.plan_context import PlanOptions, is_due_for_deletion, is_just_accepted
from reconciler.planning.provider_moves import Move, names_voice_id, possible_moves, same_inputs
from reconciler.planning.same_account import Comparison, Name, Undecided, compare
from reconciler.values import value

REASON = "same account under another name"
_STATE_ONLY = "changes the state only, no call"
_ADOPTABLE = SETTLING | {Status.ABANDONED, Status.LAPSED, Status.DEPOSED}  # an address without a voice may adopt it


class BlockReason(NamedTuple):
    """Why an entry can't move yet, with a hint."""

    why: str
    hint: Hint


@value
class Renaming:
    """The state to plan from, in which moved records have the new provider name. `moved` holds them as they were."""

    state: State
    moved: Mapping[str, Sequence[Record]] = field(default_factory=dict)  # by address
    blocked: Mapping[str, BlockReason] = field(default_factory=dict)  # by address
    one_account: Mapping[str, str] = field(default_factory=dict)  # account -> the one name that is used for it


def resolve_renames(
    manifest: Manifest, state: State, seen: Mapping[str, Observations], *, now: datetime, options: PlanOptions
) -> Renaming:
    """Decides which records move and which addresses are blocked. `seen` holds what both names show of `candidates`."""
    moves = [] if options.destroy else list(possible_moves(manifest, state))
    if not moves:
        return Renaming(state)
    results = {m.record.external_task_id: _compare_names(m, seen, now=now) for m in moves}
    same = [m for m in moves if results[m.record.external_task_id] is Comparison.SAME]
    proven = {m.names for m in same if m.record.origin is not Origin.OFFICIAL}
    moved: dict[str, Sequence[Move]] = {}
    blocked: dict[str, BlockReason] = {}
    for address, group in _by_address(moves).items():
        decision = _decide(state, group, results, proven, now=now, options=options)
        if isinstance(decision, BlockReason):
            blocked |= dict.fromkeys((address, group[0].voice.address), decision)
        elif decision:
            moved[address] = decision
    renamed = [m.renamed(seen[m.voice.provider].account) for found in moved.values() for m in found]
    before = {address: [m.record for m in found] for address, found in moved.items()}
    one_account = _join_names((seen[old].account, seen[new].account) for old, new in sorted(proven))
    return Renaming(state.with_changes(renamed) if renamed else state, before, blocked, one_account)


def _join_names(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Account name -> the alphabetically first name of the same account."""
    first_names: dict[str, str] = {}
    for pair in pairs:
        first_names |= {name: name for name in pair if name not in first_names}
        meant = {first_names[name] for name in pair}
        first_names = {name: min(meant) if first in meant else first for name, first in first_names.items()}
    return first_names


def with_rebind(renaming: Renaming, voice: Voice, change: Change | None) -> Change | None:
    """The change of an entry, with the rebinding of its records added. A blocked change rebinds nothing."""
    moved = {record.external_task_id: record for record in renaming.moved.get(voice.address, ())}
    if not moved:
        return change
    if change is None:
        record = renaming.state.at(voice.address)
        return (
            _rebind_change(voice, moved[record.external_task_id], record, tuple(moved)) if record is not None else None
        )
    known = moved.get(change.record or "") or moved.get(change.key or "")
    if change.action is Action.BLOCKED or known is None:
        return change
    names = _fields(known, renaming.state.records[known.external_task_id]) if change.action is Action.UPDATE else ()
    reason = "; ".join(words for words in (change.reason, _reason(known, voice)) if words)
    return replace(change, reason=reason, cause=unmarked(reason), fields=names + change.fields, rebinds=tuple(moved))


def with_rebind_on_move(renaming: Renaming, change: Change) -> Change:
    """The move of a renamed entry, with the rebinding of its records added."""
    moved = {record.external_task_id: record for record in renaming.moved.get(change.source or "", ())}
    known = moved.get(change.record or "")
    if known is None:
        return change
    fields = _fields(known, renaming.state.records[known.external_task_id])
    reason = f"{change.reason}; {REASON}"
    return replace(change, reason=reason, cause=unmarked(reason), fields=fields + change.fields, rebinds=tuple(moved))


# -- comparing both names ----------------------------------------------------------------------------------------------


def _compare_names(move: Move, seen: Mapping[str, Observations], *, now: datetime) -> Comparison | Undecided:
    old, new = move.names
    for name in (old, new):
        if name not in seen:
            return Undecided(f"{name} could not be checked", temporary=True)
    if move.record.account != seen[old].account:
        return Undecided(f"its voice was made on {move.record.account}, and {old} is {seen[old].account} now")
    return compare(move.record, Name(old, seen[old]), Name(new, seen[new]), now=now)


def _by_address(moves: Sequence[Move]) -> Mapping[str, list[Move]]:
    groups: dict[str, list[Move]] = {}
    for move in moves:
        groups.setdefault(move.record.address, []).append(move)
    return groups


# -- deciding for one entry --------------------------------------------------------------------------------------------


def _decide(
    state: State,
    group: Sequence[Move],
    results: Mapping[str, Comparison | Undecided],
    proven: set[tuple[str, str]],
    *,
    now: datetime,
    options: PlanOptions,
) -> list[Move] | BlockReason:
    """The records of one address that move, or why none may."""
    current = state.at(group[0].record.address)
    if current is None:
        meant = [m for m in group if _would_be_adopted(m, now=now, options=options)]
    else:
        meant = [m for m in group if m.record.external_task_id == current.external_task_id]
    for move in meant:
        blocked = _block_reason(
            move, results[move.record.external_task_id], proven=move.names in proven, now=now, options=options
        )
        if blocked is not None:
            return blocked
    if current is not None and not _same(meant[0], results, proven):
        return []
    return [m for m in group if _same(m, results, proven)]


def _same(move: Move, results: Mapping[str, Comparison | Undecided], proven: set[tuple[str, str]]) -> bool:
    """Whether the record is on the same account. If it shows no evidence, another voice of both names may prove it."""
    result = results[move.record.external_task_id]
    return result is Comparison.SAME or (result is Comparison.NO_EVIDENCE and move.names in proven)


def _would_be_adopted(move: Move, *, now: datetime, options: PlanOptions) -> bool:
    """Whether the address would adopt the record, if it is on the same account."""
    record = move.record
    if record.status not in _ADOPTABLE or move.voice.origin is not Origin.MADE:
        return False
    if record.status is Status.DEPOSED and is_due_for_deletion(record, now, options):
        return False
    return same_inputs(move.voice, record)


def _block_reason(
    move: Move, result: Comparison | Undecided, *, proven: bool, now: datetime, options: PlanOptions
) -> BlockReason | None:
    """Why nothing of this entry may be paid for, changed or deleted; None if it may."""
    record, voice = move.record, move.voice
    paid_for = options.replace if record.address == voice.address else options.replace | options.retry
    if voice.address in paid_for and not (voice.origin is Origin.ELSEWHERE and names_voice_id(voice, record)):
        return None  # the user pays for another voice, on whichever account
    if result is Comparison.DIFFERENT and proven and record.origin is not Origin.OFFICIAL:
        result = Undecided(
            f"{voice.provider} lists other voices of {record.provider}, but not this one", temporary=True
        )
    if (
        result is Comparison.NO_EVIDENCE
        and not proven
        and (record.status is Status.INTENDED or is_just_accepted(record, now))
    ):
        result = Undecided("nothing of its creation is shown yet", temporary=record.status is Status.RUNNING)
    if not isinstance(result, Undecided):
        return None
    why = f"could not determine whether {record.provider} and {voice.provider} are one account: {result.why}"
    return BlockReason(why, _RETRY_LATER if result.temporary else _block_hint(record, voice))


_RETRY_LATER = hint("Until that is known, nothing is paid or deleted for it. Try again later.")


def _block_hint(record: Record, voice: Voice) -> Hint:
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


# -- making the changes ------------------------------------------------------------------------------------------------


def _reason(record: Record, voice: Voice) -> str:
    return f"an official voice, which {voice.provider} offers too" if record.origin is Origin.OFFICIAL else REASON


def _rebind_change(voice: Voice, before: Record, record: Record, moved: tuple[str, ...]) -> Change:
    return make_change(
        voice,
        Action.UPDATE,
        f"{_STATE_ONLY}: {_reason(record, voice)}",
        record=record,
        before=shown_inputs(record),
        fields=_fields(before, record),
        key=record.external_task_id,
        rebinds=moved,
    )


def _fields(before: Record, after: Record) -> tuple[FieldChange, ...]:
    pairs = {"provider": (before.provider, after.provider), "account": (before.account, after.account)}
    return tuple(FieldChange(name=n, before=old, after=new) for n, (old, new) in pairs.items() if old != new)

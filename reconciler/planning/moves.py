"""Renamed entries: a record is not what its address declares any more, and another entry has its inputs.

Then the record moves to that address: no call, nothing is paid. Where more than one pair fits, a person decides. So
one plan may rename a to b and b to c, or let two entries change places. A voice in whose place another one moves is
deleted, as after a replace.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.model.base import Inputs
from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.method import KeyClass, Origin
from reconciler.model.plan import Action, Change
from reconciler.model.redaction import redacted
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.planning import markers
from reconciler.planning.change import make_change
from reconciler.planning.diff import difference, face
from reconciler.planning.plan_context import PlanContext
from reconciler.planning.renamed_entries import of_an_older_state, to_a_protected_place, which_entry, which_record

_OPEN = frozenset({Status.INTENDED, Status.RUNNING, Status.READY, Status.FAILED, Status.UNCERTAIN})


@dataclass(frozen=True, slots=True)
class Moves:
    """`pairs` maps a new address to the record that moves there; `unclear` are the verdicts where several fit."""

    pairs: Mapping[str, Record] = field(default_factory=dict)
    unclear: Mapping[str, Change] = field(default_factory=dict)  # by address, old and new ones
    along: Mapping[str, Sequence[str]] = field(default_factory=dict)  # new address -> keys of what moves with it


def find(context: PlanContext, declared: Mapping[str, Voice], *, older: Collection[str] = ()) -> Moves:
    """What moves in this plan. Addresses with `--retry` are left out: a person pays for another voice there.

    Nothing moves away from the addresses of which the state is `older` than the account.
    """
    new = [voice for voice in declared.values() if _is_new(context, voice)]
    changed = [voice for voice in declared.values() if _is_to_be_replaced(context, voice)]
    if not new and not changed:
        return Moves()
    left = [context.state.records[key] for address, key in context.state.current.items() if address not in declared]
    left += [r for address, begun in context.pending.items() if address not in declared for r in begun]
    kept = [r for r in context.state.records.values() if r.status is Status.ABANDONED and r.address not in declared]
    losing = [record for voice in changed if (record := context.state.at(voice.address)) is not None]
    found = _Found(context)
    found.match(new, [r for r in left if r.status in _OPEN])
    found.match(changed, [r for r in left if r.status in _OPEN])
    found.match([*new, *changed], losing, undecided=False)
    found.match(new, [r for r in kept if r.named and not _is_held(context.state, r)])
    found.spare_protected()
    for address in [a for a, record in found.pairs.items() if {a, record.address} & set(older)]:
        found.unclear[address] = of_an_older_state(declared[address], found.pairs.pop(address))
    along = {address: _along(context, declared, record) for address, record in found.pairs.items()}
    return Moves(found.pairs, found.unclear, along)


def changes(moves: Moves, declared: Mapping[str, Voice]) -> Iterator[Change]:
    """One `move` for each pair, in the order of the new addresses."""
    for address, record in sorted(moves.pairs.items()):
        yield make_change(
            declared[address],
            Action.MOVE,
            "same inputs, nothing is paid",
            record=record,
            source=record.address,
            before=face(record),
            along=tuple(moves.along[address]),
        )


def applied(state: State, moves: Moves, *, now: datetime) -> State:
    """The state after the moves, as the rest of the plan sees it."""
    if not moves.pairs:
        return state
    records, bound = moved(state, moves.pairs, moves.along, now=now)
    return state.with_changes(records, current=bound)


def moved(
    state: State, pairs: Mapping[str, Record], along: Mapping[str, Sequence[str]], *, now: datetime
) -> tuple[list[Record], dict[str, str | None]]:
    """What is written when these records move to these addresses, all at once: records, and bindings that change.

    A record keeps its key. `along` are by new address the keys of what else moves there.
    """
    going: dict[str, Record] = {}
    leaving: dict[str, str | None] = {}
    bound: dict[str, str | None] = {}
    for address, record in pairs.items():
        key = record.external_task_id
        if state.current.get(record.address) == key:
            leaving[record.address], bound[address] = None, key
    going |= {key: _at(state.records[key], address) for address, keys in along.items() for key in keys}
    going |= {record.external_task_id: _at(record, address) for address, record in pairs.items()}
    displaced = [
        _deposed(state.records[old], by=key, now=now)
        for address, key in bound.items()
        if key is not None and (old := state.current.get(address)) is not None and old not in going
    ]
    return [*going.values(), *displaced], leaving | bound


def others_at(state: State, record: Record) -> list[Record]:
    """What else is live at the address of a record that it means: old voices, and what an interrupted run began."""
    if state.current.get(record.address) != record.external_task_id:
        return []
    here = [r for r in state.records.values() if r.address == record.address and r.status in LIVE]
    return [r for r in here if r.external_task_id != record.external_task_id]


def _along(context: PlanContext, declared: Mapping[str, Voice], record: Record) -> list[str]:
    """All of it, but for what the entry would take back that still has the old address."""
    stays = declared.get(record.address)
    others = others_at(context.state, record)
    return [r.external_task_id for r in others if stays is None or not _fits(context, stays, r)]


def _deposed(record: Record, *, by: str, now: datetime) -> Record:
    if record.status is not Status.READY:
        return record  # unbound from now on, and judged as what an interrupted run left
    return record.model_copy(update={"status": Status.DEPOSED, "deposed_by": by, "changed_at": now})


def _at(record: Record, address: str) -> Record:
    return record.model_copy(update={"address": address})


def _is_new(context: PlanContext, voice: Voice) -> bool:
    """Whether a voice would have to be bought for it, with a known account, and without records of its own to use."""
    address = voice.address
    if address in context.state.current or voice.origin is Origin.OFFICIAL or address in context.options.retry:
        return False
    if address in context.blocked:
        return False
    if voice.provider not in context.observations or voice.provider in context.account_problems:
        return False
    own = (*context.pending.get(address, ()), *context.given_up.get(address, ()))
    return not any(_fits(context, voice, record) for record in own)


def _is_to_be_replaced(context: PlanContext, voice: Voice) -> bool:
    """Whether its inputs or its account changed, and a voice would be bought in the place of the one it has."""
    record, address = context.state.at(voice.address), voice.address
    if record is None or record.status not in _OPEN:
        return False
    if record.provider == voice.provider and record.digest == markers.digest_of(voice):
        return False
    if voice.origin is not Origin.MADE:
        return False
    if address in context.options.retry | context.options.replace or address in context.blocked:
        return False
    if not all(
        name in context.observations and name not in context.account_problems
        for name in (voice.provider, record.provider)
    ):
        return False
    return bool(difference(voice, record).identity)


class _Found:
    """What was found so far. An address, or a record, that fitted once is not looked at again."""

    def __init__(self, context: PlanContext) -> None:
        self.pairs: dict[str, Record] = {}
        self.unclear: dict[str, Change] = {}
        self._context = context
        self._fitted: set[str] = set()  # addresses of entries and keys of records

    def match(self, entries: Iterable[Voice], records: Iterable[Record], *, undecided: bool = True) -> None:
        """The pairs that fit each other alone; of the others a person decides, or nothing is said."""
        targets = [voice for voice in entries if voice.address not in self._fitted]
        free = [record for record in records if record.external_task_id not in self._fitted]
        fitting, wanted = _fitting(self._context, targets, free)
        for voice in targets:
            found = fitting.get(voice.address, [])
            if len(found) == 1 and len(wanted[found[0].external_task_id]) == 1:
                self.pairs[voice.address] = found[0]
            elif found and undecided:
                self._ask(voice, found, wanted)
        if undecided:
            self._fitted |= fitting.keys() | wanted.keys()
        else:
            self._fitted |= self.pairs.keys()

    def spare_protected(self) -> None:
        """Nothing moves to where a voice would be deleted that must never be."""
        while held := [address for address in self.pairs if self._protected(address)]:
            for address in held:
                record = self.pairs.pop(address)
                if record.address not in self._context.manifest.voices:
                    self.unclear[record.address] = to_a_protected_place(record, address)

    def _protected(self, address: str) -> bool:
        protected = self._context.manifest.voices[address].lifecycle.prevent_destroy
        going = {record.address for record in self.pairs.values()}
        return protected and address in self._context.state.current and address not in going

    def _ask(self, voice: Voice, found: Sequence[Record], wanted: Mapping[str, Sequence[Voice]]) -> None:
        state = self._context.state
        self.unclear[voice.address] = which_record(state, voice, found)
        for record in found:
            if _means(self._context, record):
                entries = wanted[record.external_task_id]
                self.unclear[record.address] = which_entry(state, record, entries)


def _fitting(
    context: PlanContext, targets: Iterable[Voice], records: Iterable[Record]
) -> tuple[dict[str, list[Record]], dict[str, list[Voice]]]:
    """For each address the records that fit it; for each key the entries that it fits."""
    by_inputs: dict[str, list[Record]] = {}
    for record in records:
        by_inputs.setdefault(likeness(record.provider, record.method, record.sent), []).append(record)
    fitting: dict[str, list[Record]] = {}
    wanted: dict[str, list[Voice]] = {}
    for voice in targets if by_inputs else ():
        for record in by_inputs.get(likeness(voice.provider, voice.method, made_from(voice)), ()):
            if _fits(context, voice, record):
                fitting.setdefault(voice.address, []).append(record)
                wanted.setdefault(record.external_task_id, []).append(voice)
    return fitting, wanted


def _fits(context: PlanContext, voice: Voice, record: Record) -> bool:
    """The same inputs on the same account. What `ignore_changes` names counts too: a move must not guess."""
    if record.account != context.observations[voice.provider].account or _is_sound(voice.address) != _is_sound(
        record.address
    ):
        return False
    strict = voice.lifecycle.model_copy(update={"ignore_changes": ()})
    return not difference(voice.model_copy(update={"lifecycle": strict}), record).identity


def _is_sound(address: str) -> bool:
    return address.startswith(AUDIO)


def _means(context: PlanContext, record: Record) -> bool:
    return context.state.current.get(record.address) == record.external_task_id


def _is_held(state: State, record: Record) -> bool:
    """Whether an address has its voice all the same."""
    place = (record.account, record.voice_id or "")
    holder = state.by_voice_id.get(place)
    return holder is not None and holder.status in LIVE


def made_from(voice: Voice) -> Inputs:
    """The inputs that make it this voice, as they may be kept."""
    return {k: v for k, v in redacted(voice).items() if voice.body.class_of(k) is KeyClass.IDENTITY}


def likeness(provider: str, method: str, inputs: Mapping[str, Any]) -> str:
    """Equal for all that may fit; links without their queries, whose comparison has rules of its own."""
    name = {key: _bare(inputs.get(key)) for key in _TELLING if inputs.get(key) is not None}
    return json.dumps([provider, method, name], sort_keys=True, default=str)


_TELLING = ("voice_id", "voice_name", "voice_url", "video_id", "prompt")  # enough to keep the groups small


def _bare(value: Any) -> Any:
    return value.partition("?")[0] if isinstance(value, str) and "://" in value else value

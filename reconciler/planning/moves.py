"""Plans renamed entries: if another entry has the inputs of a record whose own entry is gone or changed, it moves.

A move makes no call and costs nothing. If more than one pair fits, the user decides; a record without a voice counts
only if no other fits. One plan may rename a to b and b to c, or swap two entries. If the target address has a voice
that does not move, that voice is deleted, as after a replace.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime

from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.method import Origin
from reconciler.model.plan import Action, Change
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.planning import explicit_moves, markers
from reconciler.planning.change import make_change
from reconciler.planning.diff import difference, shown_inputs
from reconciler.planning.moved_records import moved, others_at_address
from reconciler.planning.outcome import Failed, Gone, NeverArrived, outcome
from reconciler.planning.plan_context import PlanContext
from reconciler.planning.renamed_entries import (
    ask_which_entry,
    ask_which_record,
    blocked_by_protection,
    blocked_by_stale_state,
)
from reconciler.planning.same_inputs import made_from, matching_key
from reconciler.values import value

_OPEN = frozenset({Status.INTENDED, Status.RUNNING, Status.READY, Status.FAILED, Status.UNCERTAIN})


@value
class Moves:
    """`pairs` maps a new address to the record that moves there. `unclear` has a blocked change where several fit."""

    pairs: Mapping[str, Record] = field(default_factory=dict)
    unclear: Mapping[str, Change] = field(default_factory=dict)  # by old and by new address
    along: Mapping[str, Sequence[str]] = field(default_factory=dict)  # new address -> keys of records that move with it
    declared: frozenset[str] = frozenset()  # the new addresses that the manifest names under `moved:`


def find(
    context: PlanContext, declared: Mapping[str, Voice], unchanged: Collection[str] = (), *, stale: Collection[str] = ()
) -> Moves:
    """Finds the moves of a plan. Addresses with `--retry` are left out: the user pays for another voice there.

    No record moves to or from the stale addresses, of which the account has newer voices than the state, nor to the
    `unchanged` addresses, whose voices are as declared.
    """
    said = explicit_moves.find(context, declared, stale=stale) if context.manifest.moved else explicit_moves.NONE
    decided = said.pairs.keys() | said.unclear.keys()
    open_entries = [v for address, v in declared.items() if address not in unchanged and address not in decided]
    new = [voice for voice in open_entries if _is_new(context, voice)]
    changed = [voice for voice in open_entries if _is_to_be_replaced(context, voice)]
    if not new and not changed and not decided:
        return Moves()
    taken = {*said.unclear, *(record.address for record in said.pairs.values())}
    gone = [address for address in context.state.current if address not in declared and address not in taken]
    left = [context.state.records[context.state.current[address]] for address in gone]
    left += [r for address, begun in context.pending.items() if address not in declared for r in begun]
    kept = [r for r in context.state.records.values() if r.status is Status.ABANDONED and r.address not in declared]
    replaced_records = [record for voice in changed if (record := context.state.at(voice.address)) is not None]
    open_records = [(record, _made_nothing(context, record)) for record in left if record.status in _OPEN]
    made = [record for record, nothing in open_records if not nothing]
    found = _Matcher(context)
    found.match(new, made)
    found.match(changed, made)
    found.match([*new, *changed], replaced_records, undecided=False)
    found.match(new, [r for r in kept if r.named and not _has_other_record(context.state, r)])
    # Last: the user is not asked to choose between a voice and a creation that made none.
    empty = [record for record, nothing in open_records if nothing]
    found.match(new, empty)
    found.match(changed, empty)
    found.match_candidates(new, (record for address, record in context.candidates.items() if address in set(gone)))
    found.remove_protected()
    found.pairs |= said.pairs
    found.unclear |= said.unclear
    for address in [a for a, r in found.pairs.items() if a not in said.pairs and {a, r.address} & set(stale)]:
        found.unclear[address] = blocked_by_stale_state(declared[address], found.pairs.pop(address))
    along = {address: _records_along(context, declared, record) for address, record in found.pairs.items()}
    return Moves(found.pairs, found.unclear, along, frozenset(said.pairs))


def awaiting(
    context: PlanContext, declared: Mapping[str, Voice], unchanged: Collection[str] = ()
) -> Mapping[str, Voice]:
    """Key of a record -> the other entry that it may move to once an account is not in doubt any more."""
    open_entries = (voice for address, voice in declared.items() if address not in unchanged)
    undecided = [voice for voice in open_entries if _is_undecided(context, voice)]
    if not undecided:
        return {}
    begun = (r for address, records in context.pending.items() if address not in declared for r in records)
    records = [*(context.state.records[key] for key in context.state.current.values()), *begun]
    found: dict[str, Voice] = {}
    for key, voices in _match_all(context, undecided, records)[1].items():
        others = [voice for voice in voices if voice.address != context.state.records[key].address]
        if others:
            found[key] = others[0]
    return found


def changes(moves: Moves, declared: Mapping[str, Voice]) -> Iterator[Change]:
    """One change of action `move` for each pair, sorted by the new address."""
    for address, record in sorted(moves.pairs.items()):
        yield make_change(
            declared[address],
            Action.MOVE,
            "as the manifest says under moved:" if address in moves.declared else "same inputs, nothing is paid",
            record=record,
            source=record.address,
            before=shown_inputs(record),
            along=tuple(moves.along[address]),
        )


def applied(state: State, moves: Moves, declared: Mapping[str, Voice], *, now: datetime) -> State:
    """The state after the moves, from which the other changes are planned."""
    if not moves.pairs:
        return state
    records, bound = moved(state, moves.pairs, moves.along, declared, now=now)
    return state.with_changes(records, current=bound)


def _records_along(context: PlanContext, declared: Mapping[str, Voice], record: Record) -> list[str]:
    """The records that move with this one: all others of the address, except those that its entry could adopt."""
    entry_there = declared.get(record.address)
    others = others_at_address(context.state, record)
    return [r.external_task_id for r in others if entry_there is None or not _fits_entry(context, entry_there, r)]


def _is_new(context: PlanContext, voice: Voice) -> bool:
    """Whether the entry needs a new voice, its account is known, and it has no own record to adopt."""
    address = voice.address
    if address in context.state.current or voice.origin is Origin.OFFICIAL or address in context.options.retry:
        return False
    if address in context.blocked:
        return False
    if voice.provider not in context.observations or voice.provider in context.account_problems:
        return False
    own = (*context.pending.get(address, ()), *context.given_up.get(address, ()))
    return not any(_fits_entry(context, voice, record) for record in own)


def _is_to_be_replaced(context: PlanContext, voice: Voice) -> bool:
    """Whether the entry's inputs or account changed, so that a new voice would replace the one it has."""
    record, address = context.state.at(voice.address), voice.address
    if record is None or record.status not in _OPEN:
        return False
    if record.provider == voice.provider:
        unchanged = record.method == voice.method and record.sent == voice.inputs  # most are: no digest is needed
        if unchanged or record.digest == markers.digest_of(voice):
            return False
    if voice.origin is not Origin.MADE or voice.lifecycle.replace == "review":
        return False
    if address in context.options.retry | context.options.replace or address in context.blocked:
        return False
    if not all(
        name in context.observations and name not in context.account_problems
        for name in (voice.provider, record.provider)
    ):
        return False
    return bool(difference(voice, record).identity)


def _is_undecided(context: PlanContext, voice: Voice) -> bool:
    """Whether nothing can move there only because an account, or which one is meant, is in doubt."""
    record, address = context.state.at(voice.address), voice.address
    if voice.origin is not Origin.MADE or voice.provider not in context.observations:
        return False
    if address in context.options.retry | context.options.replace:
        return False
    names = {voice.provider} if record is None else {voice.provider, record.provider}
    doubted = any(name not in context.observations or name in context.account_problems for name in names)
    return (doubted or address in context.blocked) and (record is None or bool(difference(voice, record).identity))


class _Matcher:
    """Matches entries with records, in several passes. What has fitted in one pass is not matched in the next."""

    def __init__(self, context: PlanContext) -> None:
        self.pairs: dict[str, Record] = {}
        self.unclear: dict[str, Change] = {}
        self._context = context
        self._seen: set[str] = set()  # addresses of entries and keys of records

    def match(self, entries: Iterable[Voice], records: Iterable[Record], *, undecided: bool = True) -> None:
        """Adds the pairs that fit only each other. For the others the user is asked, if `undecided`."""
        targets = [voice for voice in entries if voice.address not in self._seen]
        free = [record for record in records if record.external_task_id not in self._seen]
        fitting, wanted = _match_all(self._context, targets, free)
        for voice in targets:
            found = fitting.get(voice.address, [])
            if len(found) == 1 and len(wanted[found[0].external_task_id]) == 1:
                self.pairs[voice.address] = found[0]
            elif found and undecided:
                self._ask_user(voice, found, wanted)
        if undecided:
            self._seen |= fitting.keys() | wanted.keys()
        else:
            self._seen |= self.pairs.keys()

    def match_candidates(self, entries: Iterable[Voice], candidates: Iterable[Record]) -> None:
        """Adds the pairs of entries with the inputs of a candidate: the voice moves that the candidate is beside."""
        before = dict(self.pairs)
        self.match(entries, candidates, undecided=False)
        for address in self.pairs.keys() - before.keys():
            current = self._context.state.at(self.pairs[address].address)
            if current is None or current in before.values():
                del self.pairs[address]
            else:
                self.pairs[address] = current

    def remove_protected(self) -> None:
        """Removes the pairs whose move would delete a voice that prevent_destroy protects."""
        while held := [address for address in self.pairs if self._protected(address)]:
            for address in held:
                record = self.pairs.pop(address)
                if record.address not in self._context.manifest.voices:
                    self.unclear[record.address] = blocked_by_protection(record, address)

    def _protected(self, address: str) -> bool:
        protected = self._context.manifest.voices[address].lifecycle.prevent_destroy
        moving = {record.address for record in self.pairs.values()}
        return protected and address in self._context.state.current and address not in moving

    def _ask_user(self, voice: Voice, found: Sequence[Record], wanted: Mapping[str, Sequence[Voice]]) -> None:
        state = self._context.state
        self.unclear[voice.address] = ask_which_record(state, voice, found)
        for record in found:
            if _is_current(self._context, record):
                entries = wanted[record.external_task_id]
                self.unclear[record.address] = ask_which_entry(state, record, entries)


def _match_all(
    context: PlanContext, targets: Iterable[Voice], records: Iterable[Record]
) -> tuple[dict[str, list[Record]], dict[str, list[Voice]]]:
    """Address -> the records that fit its entry; and key -> the entries that its record fits."""
    by_inputs: dict[str, list[Record]] = {}
    for record in records:
        by_inputs.setdefault(matching_key(record.provider, record.method, record.sent), []).append(record)
    fitting: dict[str, list[Record]] = {}
    wanted: dict[str, list[Voice]] = {}
    for voice in targets if by_inputs else ():
        for record in by_inputs.get(matching_key(voice.provider, voice.method, made_from(voice)), ()):
            if _fits_entry(context, voice, record):
                fitting.setdefault(voice.address, []).append(record)
                wanted.setdefault(record.external_task_id, []).append(voice)
    return fitting, wanted


def _fits_entry(context: PlanContext, voice: Voice, record: Record) -> bool:
    """Whether they have the same inputs on the same account. Keys in `ignore_changes` count too."""
    if record.account != context.observations[voice.provider].account or _is_sound(voice.address) != _is_sound(
        record.address
    ):
        return False
    strict = voice.lifecycle.model_copy(update={"ignore_changes": ()})
    return not difference(replace(voice, lifecycle=strict), record).identity


def _made_nothing(context: PlanContext, record: Record) -> bool:
    """Whether the creation has provably no voice: its call never arrived, it failed, or its voice was deleted."""
    match outcome(context, record):
        case NeverArrived() | Gone():
            return True
        case Failed(unseen=why):
            return not why and not record.key_was_used
        case _:
            return False


def _is_sound(address: str) -> bool:
    return address.startswith(AUDIO)


def _is_current(context: PlanContext, record: Record) -> bool:
    return context.state.current.get(record.address) == record.external_task_id


def _has_other_record(state: State, record: Record) -> bool:
    """Whether another live record has the same voice."""
    place = (record.account, record.voice_id or "")
    holder = state.by_voice_id.get(place)
    return holder is not None and holder.status in LIVE

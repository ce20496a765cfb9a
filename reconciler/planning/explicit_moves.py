"""Plans the renames that the manifest declares under `moved:`: the record of the former address gets the new one.

Unlike a rename that is found by equal inputs, it may change inputs at the same time. An entry of `moved:` whose record
has moved already, or never existed, changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field

from reconciler.hints import hint, way
from reconciler.model.address import instance, parts
from reconciler.model.manifest import Voice
from reconciler.model.plan import Action, Change
from reconciler.model.state import Record
from reconciler.planning.blocked_change import blocked
from reconciler.planning.change import make_change
from reconciler.planning.diff import shown_inputs
from reconciler.planning.plan_context import PlanContext
from reconciler.planning.renamed_entries import blocked_by_stale_state
from reconciler.values import value


@value
class ExplicitMoves:
    """`pairs`: new address -> the record that moves there. `unclear`: blocked changes, by the old and new address."""

    pairs: Mapping[str, Record] = field(default_factory=dict)
    unclear: Mapping[str, Change] = field(default_factory=dict)


NONE = ExplicitMoves()


def find(context: PlanContext, declared: Mapping[str, Voice], *, stale: Collection[str] = ()) -> ExplicitMoves:
    """The moves that are declared and not made yet. `stale`: addresses with newer voices than the state knows."""
    moved = context.manifest.moved
    wanted: dict[str, list[Record]] = {}
    for source, key in context.state.current.items():
        target = last_address(moved, source)
        if target != source and source not in declared and target in declared:
            wanted.setdefault(target, []).append(context.state.records[key])
    if not wanted:
        return NONE
    pairs: dict[str, Record] = {}
    unclear: dict[str, Change] = {}
    for target, records in wanted.items():
        voice, held = declared[target], context.state.at(target)
        if {target, *(record.address for record in records)} & set(stale):
            unclear[target] = blocked_by_stale_state(voice, records[0])
        elif held is not None:
            unclear[target] = _taken(voice, held, f"moved: from {records[0].address}, but {target} has a voice already")
        elif len(records) > 1:
            sources = " and ".join(sorted(record.address for record in records))
            unclear[target] = _taken(voice, None, f"moved: from {sources}, and only one of them can become {target}")
        else:
            pairs[target] = records[0]
        if target in unclear:
            unclear |= {record.address: _waiting(record, target) for record in records}
    return ExplicitMoves(pairs, unclear)


def last_address(moved: Mapping[str, str], address: str) -> str:
    """The address at the end of a chain of moves. An entry takes the instances of its `for_each` along."""
    seen: set[str] = set()
    while address not in seen:
        seen.add(address)
        name, key = parts(address)
        if address in moved:
            address = moved[address]
        elif key is not None and name in moved and parts(moved[name])[1] is None:
            address = instance(moved[name], key)
        else:
            break
    return address


def _taken(voice: Voice, held: Record | None, reason: str) -> Change:
    ways = hint(
        way("To leave its present voice in the account", "state rm", voice.address), "or remove the entry of moved:"
    )
    return blocked(voice, held, reason, ways if held is not None else "Remove all but one of these entries of moved:")


def _waiting(record: Record, target: str) -> Change:
    reason = f"moved: to {target}, which can't take it now"
    return make_change(record, Action.BLOCKED, reason, record=record, before=shown_inputs(record))

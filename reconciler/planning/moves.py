"""Renamed entries: the address of a record is not declared any more, and a new entry has the same inputs.

Then the record moves to the new address: no call, nothing is paid. Where more than one pair fits, a person decides.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.base import Inputs
from reconciler.model.body import KeyClass
from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.plan import Action, Change
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.planning import keys
from reconciler.planning.blocking import blocked
from reconciler.planning.diff import difference, face, shown
from reconciler.planning.scene import Scene

_OPEN = frozenset({Status.INTENDED, Status.RUNNING, Status.READY, Status.FAILED, Status.UNCERTAIN})
_SHOWN = 5  # candidates in a hint


@dataclass(frozen=True, slots=True)
class Moves:
    """`pairs` maps a new address to the record that moves there; `unclear` are the verdicts where several fit."""

    pairs: Mapping[str, Record] = field(default_factory=dict)
    unclear: Mapping[str, Change] = field(default_factory=dict)  # by address, old and new ones


def find(scene: Scene, declared: Mapping[str, Voice], *, older: Collection[str] = ()) -> Moves:
    """What moves in this plan. Addresses with `--retry` are left out: a person pays for another voice there.

    Nothing moves away from the addresses of which the state is `older` than the account.
    """
    targets = [voice for voice in declared.values() if _is_new(scene, voice)]
    if not targets:
        return Moves()
    left = [scene.state.records[key] for address, key in scene.state.current.items() if address not in declared]
    kept = [r for r in scene.state.records.values() if r.status is Status.ABANDONED and r.address not in declared]
    found, taken = _matched(scene, targets, [r for r in left if r.status in _OPEN])
    rest = [voice for voice in targets if voice.address not in taken]
    again, _ = _matched(scene, rest, [r for r in kept if r.named and not _is_held(scene.state, r)])
    pairs, unclear = {**found.pairs, **again.pairs}, {**found.unclear, **again.unclear}
    for address in [a for a, record in pairs.items() if record.address in older]:
        unclear[address] = _of_an_older_state(declared[address], pairs.pop(address))
    return Moves(pairs, unclear)


def changes(moves: Moves, declared: Mapping[str, Voice]) -> Iterator[Change]:
    """One `move` for each pair, in the order of the new addresses."""
    for address, record in sorted(moves.pairs.items()):
        voice = declared[address]
        yield Change(
            address=address,
            source=record.address,
            provider=record.provider,
            action=Action.MOVE,
            reason="same inputs, nothing is paid",
            before=face(record),
            after=shown(voice),
            method=record.method,
            record=record.external_task_id,
            identity=keys.digest_of(voice),
        )


def applied(state: State, moves: Moves) -> State:
    """The state after the moves, as the rest of the plan sees it."""
    if not moves.pairs:
        return state
    moved: list[Record] = []
    current: dict[str, str | None] = {}
    for address, record in moves.pairs.items():
        records, bound = moved_to(state, record, address)
        moved += records
        current |= bound
    return state.having(moved, current=current)


def moved_to(state: State, record: Record, address: str) -> tuple[list[Record], dict[str, str | None]]:
    """The records that go with this one to another address, each under its own key, and the bindings that change."""
    key = record.external_task_id
    if state.current.get(record.address) != key:
        return [_at(record, address)], {}
    along = [r for r in state.records.values() if r.address == record.address]
    moved = [_at(r, address) for r in along if r.status in LIVE or r.external_task_id == key]
    return moved, {record.address: None, address: key}


def _at(record: Record, address: str) -> Record:
    return record.model_copy(update={"address": address})


def _is_new(scene: Scene, voice: Voice) -> bool:
    """Whether a voice would have to be bought for it, with a known account, and without records of its own to use."""
    address = voice.address
    if address in scene.state.current or voice.method == "preset" or address in scene.asked.retry:
        return False
    if address in scene.stopped:
        return False
    if voice.provider not in scene.seen or voice.provider in scene.doubts:
        return False
    own = (*scene.pending.get(address, ()), *scene.given_up.get(address, ()))
    return not any(_fits(scene, voice, record) for record in own)


def _matched(scene: Scene, targets: Sequence[Voice], records: Sequence[Record]) -> tuple[Moves, set[str]]:
    """The pairs that fit each other alone, the verdicts for the others, and the new addresses that fit any record."""
    by_inputs: dict[str, list[Record]] = {}
    for record in records:
        by_inputs.setdefault(likeness(record.provider, record.method, record.sent), []).append(record)
    fitting: dict[str, list[Record]] = {}
    wanted: dict[str, list[Voice]] = {}  # key -> the new entries that it fits
    for voice in targets:
        for record in by_inputs.get(likeness(voice.provider, voice.method, made_from(voice)), ()):
            if _fits(scene, voice, record):
                fitting.setdefault(voice.address, []).append(record)
                wanted.setdefault(record.external_task_id, []).append(voice)
    pairs: dict[str, Record] = {}
    unclear: dict[str, Change] = {}
    for voice in targets:
        found = fitting.get(voice.address, [])
        if len(found) == 1 and len(wanted[found[0].external_task_id]) == 1:
            pairs[voice.address] = found[0]
        elif found:
            unclear[voice.address] = _which_record(voice, found)
            unclear |= {r.address: _which_entry(r, wanted[r.external_task_id]) for r in found if _means(scene, r)}
    return Moves(pairs=pairs, unclear=unclear), set(fitting)


def _fits(scene: Scene, voice: Voice, record: Record) -> bool:
    """The same inputs on the same account. What `ignore_changes` names counts too: a move must not guess."""
    if record.account != scene.seen[voice.provider].account or _is_sound(voice.address) != _is_sound(record.address):
        return False
    strict = voice.lifecycle.model_copy(update={"ignore_changes": ()})
    return not difference(voice.model_copy(update={"lifecycle": strict}), record).identity


def _is_sound(address: str) -> bool:
    return address.startswith(AUDIO)


def _means(scene: Scene, record: Record) -> bool:
    return scene.state.current.get(record.address) == record.external_task_id


def _is_held(state: State, record: Record) -> bool:
    """Whether an address has its voice all the same."""
    place = (record.account, record.voice_id or "")
    holder = state.by_voice_id.get(place)
    return holder is not None and holder.status in LIVE


def made_from(voice: Voice) -> Inputs:
    """The inputs that make it this voice, as they may be kept."""
    return {k: v for k, v in shown(voice).items() if voice.body.class_of(k) is KeyClass.IDENTITY}


def likeness(provider: str, method: str, inputs: Mapping[str, Any]) -> str:
    """Equal for all that may fit; links without their queries, whose comparison has rules of its own."""
    name = {key: _bare(inputs.get(key)) for key in _TELLING if inputs.get(key) is not None}
    return json.dumps([provider, method, name], sort_keys=True, default=str)


_TELLING = ("voice_id", "voice_name", "voice_url", "video_id", "prompt")  # enough to keep the groups small


def _bare(value: Any) -> Any:
    return value.partition("?")[0] if isinstance(value, str) and "://" in value else value


def _of_an_older_state(voice: Voice, record: Record) -> Change:
    reason = f"same inputs as {record.address}, and of {record.address} the account holds more than this state knows"
    return blocked(voice, None, reason, "Fetch the newer state and use that one.")


def _which_record(voice: Voice, found: Sequence[Record]) -> Change:
    """Several voices that are not declared any more are made of what this new entry says."""
    named = ", ".join(sorted(r.address for r in found))
    ways = [_command(record, voice.address) for record in sorted(found, key=lambda r: r.address)[:_SHOWN]]
    ways.append(f"to pay for a new voice: --retry {voice.address}")
    reason = f"same inputs as {named}, not declared any more: which one was renamed?"
    if len(found) == 1:
        reason = f"same inputs as {named}, not declared any more, and as other new entries: which one is it now?"
    return blocked(voice, None, reason, _or(ways))


def _which_entry(record: Record, voices: Sequence[Voice]) -> Change:
    """Several new entries say what this voice is made of, or several such voices are there."""
    named = ", ".join(sorted(voice.address for voice in voices))
    ways = [_command(record, voice.address) for voice in sorted(voices, key=lambda v: v.address)[:_SHOWN]]
    has = "has" if len(voices) == 1 else "have"
    ways.append(f"to leave the voice in its account: voicectl state rm {record.address}")
    return Change(
        address=record.address,
        provider=record.provider,
        action=Action.BLOCKED,
        reason=f"not declared any more, and {named} {has} the same inputs: was it renamed?",
        hint=_or(ways),
        before=face(record),
        method=record.method,
        record=record.external_task_id,
    )


def _command(record: Record, address: str) -> str:
    if record.status is Status.ABANDONED:
        which = record.voice_id or record.url or record.file_id
        return f"to take back the voice of {record.address}: voicectl import {address} {which}"
    return f"if {record.address} was renamed: voicectl state mv {record.address} {address}"


def _or(ways: Iterable[str]) -> str:
    words = "; ".join(ways)
    return words[:1].upper() + words[1:]

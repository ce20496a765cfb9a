"""Makes the blocked changes for entries that may have been renamed, where the user has to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.hints import Hint, Way, command, hint, operands, way
from reconciler.model.manifest import Voice
from reconciler.model.plan import Action, Change
from reconciler.model.state import Record, State, Status
from reconciler.planning.blocked_change import blocked
from reconciler.planning.change import as_blocked, make_change
from reconciler.planning.diff import shown_inputs

_SHOWN = 5  # candidates in a hint


def blocked_by_stale_state(voice: Voice, record: Record) -> Change:
    """The entry fits a record of a stale address, which must not move."""
    reason = f"same inputs as {record.address}, and the account holds voices of it that this state does not know"
    return blocked(voice, None, reason, "Get the newer state and use it.")


def blocked_by_protection(record: Record, address: str) -> Change:
    """The record fits an entry whose own voice is protected by prevent_destroy."""
    renamed = Way(
        f"if it was renamed: remove lifecycle.prevent_destroy from {address}, whose own voice is then deleted"
    )
    return _blocked_record(record, f"{address} has the same inputs", [renamed])


def kept_for(state: State, record: Record, voice: Voice) -> Change:
    """Keeps a voice that a blocked entry may need. The change of that entry says what to type."""
    named = record.address if state.current.get(record.address) == record.external_task_id else record.external_task_id
    fitting = f"{voice.address}, which can't change now, has the same inputs"
    return _blocked_record(record, fitting, [], named=named)


def kept_and_not_replaced(change: Change, voice: Voice) -> Change:
    """The replace, blocked: a blocked entry may need the voice that it would delete."""
    reason = f"{change.reason}; but {voice.address}, which can't change now, has the inputs of its old voice"
    return as_blocked(change, reason, hint(way("To replace it anyway", "--replace", change.address)))


def ask_which_record(state: State, voice: Voice, found: Sequence[Record]) -> Change:
    """Several removed voices have the inputs of this entry, or one that other new entries have as well."""
    named = ", ".join(sorted(r.address for r in found))
    ways = [_rename_way(state, record, voice.address) for record in sorted(found, key=lambda r: r.address)[:_SHOWN]]
    paid = "--replace" if voice.address in state.current else "--retry"
    ways.append(way("to pay for a new voice", paid, voice.address))
    reason = f"same inputs as {named}, no longer declared: which one was renamed?"
    if len(found) == 1:
        reason = f"same inputs as {named}, no longer declared, and as other new entries: which one is it now?"
    return blocked(voice, None, reason, _hint(ways))


def ask_which_entry(state: State, record: Record, voices: Sequence[Voice]) -> Change:
    """Several entries have the inputs of this removed voice, or several such voices exist."""
    named = ", ".join(sorted(voice.address for voice in voices))
    ways = [_rename_way(state, record, voice.address) for voice in sorted(voices, key=lambda v: v.address)[:_SHOWN]]
    return _blocked_record(record, f"{named} {'has' if len(voices) == 1 else 'have'} the same inputs", ways)


def _blocked_record(record: Record, fitting: str, ways: Sequence[Way], *, named: str = "") -> Change:
    """The blocked change. `named`: the key, where the address may mean another record."""
    reason = f"no longer declared, and {fitting}: was it renamed?"
    leave = way("to leave the voice in its account", "state rm", named or record.address)
    return make_change(
        record, Action.BLOCKED, reason, _hint([*ways, leave]), record=record, before=shown_inputs(record)
    )


def _rename_way(state: State, record: Record, address: str) -> Way:
    if record.status is Status.ABANDONED:
        which = record.voice_id or record.url or record.file_id
        return way(f"to reuse the voice of {record.address}", "import", *operands(address, which))
    moves = command("state mv", record.address, address)
    first = (command("state rm", address),) if address in state.current else ()
    return Way(f"if {record.address} was renamed", (*first, moves))


def _hint(ways: Sequence[Way]) -> Hint:
    first, *others = ways
    return hint(replace(first, words=first.words[:1].upper() + first.words[1:]), *others)

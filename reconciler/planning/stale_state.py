"""Detects a state that is older than its account, from an old branch, a pushed backup or a run that it misses.

The proof: the account has a voice or a task of this state's own lineage and of a later generation than the state
knows. All changes of such an address are blocked, because the state has outdated facts about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.hints import hint, way
from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.observed import TaskStatus
from reconciler.model.plan import Action, Change
from reconciler.planning import markers
from reconciler.planning.blocked_change import blocked
from reconciler.planning.change import as_blocked, make_change
from reconciler.planning.cut_addresses import AddressIndex
from reconciler.planning.diff import shown_inputs
from reconciler.planning.marked_voices import Marked
from reconciler.planning.plan_context import PlanContext
from reconciler.values import value

_CAUSE = "this state is out of date: the account holds later voices or tasks of them"
_FETCH = hint("Get the newer state and use it.")


def stale_addresses(context: PlanContext) -> dict[str, Marked]:
    """Address -> the newest voice or task that proves the state stale, for addresses in the manifest and the state.

    Empty for a rebuilt state, which is known to be incomplete: there such a voice only blocks a new creation.
    """
    own = [marked for marked in context.marked.all if _is_unknown(context, marked)]
    if not own or context.rebuilt:
        return {}
    known = {*context.manifest.voices, *context.state.highest}
    by_name: dict[str, list[str]] = {}
    for address in known:
        if address.startswith(AUDIO):  # the cloud keeps no markers of sounds; `audio_x` is the address of a voice
            continue
        by_name.setdefault(markers.escaped(address), []).append(address)
    newest: dict[str, Marked] = {}
    declared = AddressIndex(context.manifest.voices)
    for marked in own:
        for address in _named_addresses(context, marked, by_name, declared):
            running = marked.remote.status is TaskStatus.RUNNING
            later = running or marked.marker.generation > context.state.highest.get(address, 0)
            other = newest.get(address)
            if later and (other is None or other.marker.generation < marked.marker.generation):
                newest[address] = marked
    return newest


def _is_unknown(context: PlanContext, marked: Marked) -> bool:
    """Whether the state does not know its key, although this lineage made it. A failed task does not count."""
    if marked.marker.lineage != context.state.lineage[:8] or marked.remote.status is TaskStatus.FAILED:
        return False
    return marked.remote.external_task_id not in context.state.records


def _named_addresses(
    context: PlanContext, marked: Marked, by_name: Mapping[str, list[str]], declared: AddressIndex
) -> list[str]:
    """The addresses that the marker names; if its address was cut, only those that its digest proves."""
    if not marked.marker.cut:
        return by_name.get(marked.marker.address, [])
    voices = (context.manifest.voices[address] for address in declared.fitting(marked.marker))
    proven = [v.address for v in voices if marked.marker.digest in markers.digests(v)]
    records = context.state.records.values() if not proven else ()
    return proven or list(
        {r.address for r in records if r.digest == marked.marker.digest and _fits_address(marked, r.address)}
    )


def _fits_address(marked: Marked, address: str) -> bool:
    return markers.fits_address(marked.marker, address)


def block_stale(
    context: PlanContext, newer: Mapping[str, Marked], changes: Sequence[Change], declared: Mapping[str, Voice]
) -> list[Change]:
    """The changes. For each stale address, one blocked change replaces all others."""
    if not newer:
        return list(changes)
    others = [c for c in changes if c.address not in newer and (c.source is None or c.source not in newer)]
    kept = others if context.options.destroy else [_without_delete(change) for change in others]
    planned = {c.address for c in changes}
    stale = [
        _blocked_as_stale(context, address, marked, declared.get(address))
        for address, marked in sorted(newer.items())
        if address in declared or address in planned or address in context.state.current
    ]
    return kept + stale


def _without_delete(change: Change) -> Change:
    """The change, blocked if it is a delete: the voice may have another address in the newer state."""
    if change.action is not Action.DELETE:
        return change
    reason = f"{change.reason}, but this state is out of date, so nothing is deleted"
    return as_blocked(change, reason, _FETCH)


def _blocked_as_stale(context: PlanContext, address: str, marked: Marked, voice: Voice | None) -> Change:
    lineage, generation = marked.marker.lineage, marked.marker.generation
    what = f"the voice {marked.remote.voice_id} (generation {generation})"
    if marked.remote.status is TaskStatus.RUNNING:
        what = f"a running task (generation {generation})"
    known = context.state.highest.get(address, 0)
    knows = f"has only generation {known}" if known else "has none"
    reason = f"this state is out of date: the account holds {what} of {address}, and the state {knows}"
    rebuild = way("or, if there is none", "state rebuild --lineage", lineage)
    ways = hint("Get the newer state and use it", rebuild)
    record = context.state.at(address)
    if voice is not None:
        return blocked(voice, record, reason, ways, cause=_CAUSE)
    if record is not None:
        return make_change(
            record, Action.BLOCKED, reason, ways, record=record, before=shown_inputs(record), cause=_CAUSE
        )
    return make_change(
        _UnknownAddress(address, marked.provider), Action.BLOCKED, reason, ways, record=None, cause=_CAUSE
    )


@value
class _UnknownAddress:
    """An address that is neither in the manifest nor in the state."""

    address: str
    provider: str
    method: str = ""

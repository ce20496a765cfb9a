"""A state that is older than its account: an old branch, a backup that was pushed, a run that this state never saw.

The account shows it: it holds a voice or a task of this state's own lineage that the state does not know, of a later
generation. Nothing of such an address changes, because every verdict about it would rest on old news.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.hints import hint, way
from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.observed import TaskStatus
from reconciler.model.plan import Action, Change
from reconciler.planning import markers
from reconciler.planning.blocked_change import blocked
from reconciler.planning.change import as_blocked, make_change
from reconciler.planning.diff import face
from reconciler.planning.marked_voices import Marked
from reconciler.planning.plan_context import PlanContext

_FETCH = hint("Fetch the newer state and use that one.")


def addresses(context: PlanContext) -> dict[str, Marked]:
    """Address -> the newest voice or task that shows it; of declared addresses, and of those in the state.

    A rebuilt state knows that it has forgotten things: there they only stand in the way of a purchase.
    """
    lineage = context.state.lineage[:8]
    own = [m for m in context.marked.all if m.marker.lineage == lineage and m.remote.status is not TaskStatus.FAILED]
    if not own or context.rebuilt:
        return {}
    known = {*context.manifest.voices, *context.state.highest}
    by_name: dict[str, list[str]] = {}
    for address in known:
        if address.startswith(AUDIO):  # its cloud keeps no marker of a sound; audio_x is a voice
            continue
        by_name.setdefault(markers.written(address), []).append(address)
    newest: dict[str, Marked] = {}
    for marked in own:
        for address in _meant(context, marked, by_name):
            running = marked.remote.status is TaskStatus.RUNNING
            later = running or marked.marker.generation > context.state.highest.get(address, 0)
            other = newest.get(address)
            if later and (other is None or other.marker.generation < marked.marker.generation):
                newest[address] = marked
    return newest


def _meant(context: PlanContext, marked: Marked, by_name: Mapping[str, list[str]]) -> list[str]:
    """The addresses that its marker names; where that was cut, only the one that its digest proves."""
    if not marked.marker.cut:
        return by_name.get(marked.marker.address, [])
    voices = (v for a, v in context.manifest.voices.items() if markers.could_mark(marked.marker, a))
    proven = [v.address for v in voices if marked.marker.digest in markers.digests(v)]
    records = context.state.records.values() if not proven else ()
    return proven or list(
        {r.address for r in records if r.digest == marked.marker.digest and _names(marked, r.address)}
    )


def _names(marked: Marked, address: str) -> bool:
    return markers.could_mark(marked.marker, address)


def guarded(
    context: PlanContext, newer: Mapping[str, Marked], changes: Sequence[Change], declared: Mapping[str, Voice]
) -> list[Change]:
    """The changes; all that is planned for such an address gives way to one verdict that stops it."""
    if not newer:
        return list(changes)
    others = [c for c in changes if c.address not in newer and (c.source is None or c.source not in newer)]
    kept = others if context.options.destroy else [_undeleted(change) for change in others]
    planned = {c.address for c in changes}
    older = [
        _older(context, address, marked, declared.get(address))
        for address, marked in sorted(newer.items())
        if address in declared or address in planned or address in context.state.current
    ]
    return kept + older


def _undeleted(change: Change) -> Change:
    """What an older state would delete may have another address in the newer one."""
    if change.action is not Action.DELETE:
        return change
    reason = f"{change.reason}, but this state is older than the account, so nothing is deleted"
    return as_blocked(change, reason, _FETCH)


def _older(context: PlanContext, address: str, marked: Marked, voice: Voice | None) -> Change:
    lineage, generation = marked.marker.lineage, marked.marker.generation
    what = f"the voice {marked.remote.voice_id} (generation {generation})"
    if marked.remote.status is TaskStatus.RUNNING:
        what = f"a running task (generation {generation})"
    known = context.state.highest.get(address, 0)
    knows = f"knows generation {known}" if known else "knows none"
    reason = f"this state is older than the account, which holds {what} of {address}; this state {knows}"
    rebuild = way("or, if there is none", "state rebuild --lineage", lineage)
    ways = hint("Fetch the newer state and use that one", rebuild)
    record = context.state.at(address)
    if voice is not None:
        return blocked(voice, record, reason, ways)
    if record is not None:
        return make_change(record, Action.BLOCKED, reason, ways, record=record, before=face(record))
    return make_change(_Unknown(address, marked.provider), Action.BLOCKED, reason, ways, record=None)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """What neither the manifest nor the state has."""

    address: str
    provider: str
    method: str = ""

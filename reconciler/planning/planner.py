"""Manifest, state and observations in; one Plan out. Pure: the same four values make the same plan, id included."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Observations
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.redaction import redacted
from reconciler.model.state import Record, State, Status
from reconciler.model.variables import compared
from reconciler.planning import (
    declared,
    drift,
    markers,
    moves,
    ownership,
    renamed_providers,
    stale_state,
    unclaimed,
    undeclared,
)
from reconciler.planning.account_check import AccountProblem
from reconciler.planning.moves import Moves
from reconciler.planning.plan_context import PlanContext, PlanOptions, gather
from reconciler.planning.renamed_entries import kept_for
from reconciler.planning.renamed_providers import Renaming
from reconciler.protocols import Capabilities

_NOTHING_ASKED = PlanOptions()


def plan(
    manifest: Manifest,
    state: State,
    observations: Mapping[str, Observations],
    capabilities: Mapping[str, Capabilities],
    *,
    now: datetime,
    options: PlanOptions = _NOTHING_ASKED,
    closed: Mapping[str, AccountProblem] | None = None,
) -> Plan:
    """The verdict for every address. By provider name: `observations`, `capabilities`, and `closed`, which says of
    each provider that could not be looked at why not.
    """
    entries = {} if options.destroy else manifest.voices
    renaming = renamed_providers.settled(manifest, state, observations, now=now, options=options)
    state = renaming.state

    def gathered(state: State) -> PlanContext:
        return gather(
            manifest,
            state,
            observations,
            capabilities,
            now=now,
            options=options,
            closed=closed,
            stopped=renaming.stopped,
            one_account=renaming.one_account,
        )

    context = gathered(state)
    newer = stale_state.addresses(context)
    moved = moves.find(context, entries, older=newer.keys())
    renamed = [renamed_providers.noted_move(renaming, change) for change in moves.changes(moved, entries)]
    if renamed:
        state = moves.applied(state, moved, now=now)
        context = gathered(state)

    judged = _declared_changes(context, entries, moved, renaming)
    unchanged = len(entries.keys() - {change.address for change in (*judged, *renamed)} - newer.keys())
    changes = renamed + ownership.guarded(context, judged + _undeclared_changes(context, entries, moved), entries)
    changes += _beside(context, changes, entries)
    changes = stale_state.guarded(context, newer, changes, entries)
    remarks = drift.remarks(context, changes, newer)
    return Plan(
        plan_id=_plan_id(state, changes),
        lineage=state.lineage,
        serial=state.serial,
        manifest=manifest.name,
        changes=tuple(changes),
        unchanged=unchanged,
        drift=remarks.drift,
        notes=remarks.notes,
        unseen=remarks.unseen,
        ways_to_see=remarks.ways_to_see,
        older=tuple(change.address for change in changes if change.address in newer),
        unclaimed=() if options.destroy else unclaimed.without_record(context, changes),
        destroy=options.destroy,
    )


def candidates(manifest: Manifest, state: State, accounts: Mapping[str, str], *, now: datetime) -> list[Record]:
    """Records to be looked for although no state holds them so, as they would be: of `existing` voices that are not

    taken in yet, and of entries that name another provider now.
    """
    found = renamed_providers.candidates(manifest, state, accounts)
    for voice in manifest.voices.values():
        if voice.origin is not Origin.ELSEWHERE or voice.provider not in accounts:
            continue
        record = state.at(voice.address)
        voice_id = str(voice.inputs["voice_id"])
        place = (voice.provider, accounts[voice.provider], voice_id)
        if record is not None and (record.provider, record.account, record.voice_id) == place:
            continue
        key, generation = markers.following(state, voice)
        found.append(
            Record(
                external_task_id=key,
                address=voice.address,
                provider=voice.provider,
                account=accounts[voice.provider],
                method=voice.method,
                generation=generation,
                status=Status.READY,
                created_at=now,
                changed_at=now,
                digest=markers.digest_of(voice),
                voice_id=voice_id,
            )
        )
    return found


def _declared_changes(
    context: PlanContext, entries: Mapping[str, Voice], moved: Moves, renaming: Renaming
) -> list[Change]:
    """The verdicts for what the manifest declares, each with the digest that a reviewer approves."""
    judged: list[Change] = []
    for voice in entries.values():
        change = moved.unclear.get(voice.address)
        change = change or renamed_providers.noted(renaming, voice, declared.change_for(context, voice))
        if change is not None:
            judged.append(change.model_copy(update={"approval_digest": _approval_digest(context, voice)}))
    return judged


def _undeclared_changes(context: PlanContext, entries: Mapping[str, Voice], moved: Moves) -> list[Change]:
    """The verdicts for current records whose address left the manifest."""
    left = [
        context.state.records[key] for address, key in sorted(context.state.current.items()) if address not in entries
    ]
    awaiting = moves.awaiting(context, entries, left)
    return [
        moved.unclear.get(record.address) or _removed(context, record, awaiting.get(record.external_task_id))
        for record in left
    ]


def _removed(context: PlanContext, record: Record, awaiting: Voice | None) -> Change:
    """A voice is not deleted while a blocked entry may need it, which would be paid for again."""
    change = undeclared.removed(context, record)
    if awaiting is None or (change.action is not Action.DELETE and not change.abandons):
        return change
    return kept_for(record, awaiting)


def _beside(context: PlanContext, changes: Sequence[Change], entries: Mapping[str, Voice]) -> list[Change]:
    """The verdicts for old and half-made records, once those for the addresses are known."""
    if not context.beside:
        return []
    held, wanted = ownership.staying(context, changes, entries)
    settled = undeclared.Settled(
        used=frozenset(key for change in changes for key in (change.key, change.record) if key is not None),
        stopped=frozenset(change.address for change in changes if change.action is Action.BLOCKED),
        held=held,
        wanted=wanted,
    )
    judged = (undeclared.beside(context, record, settled) for record in context.beside)
    return [change for change in judged if change is not None]


def _approval_digest(context: PlanContext, voice: Voice) -> str | None:
    """What a reviewer agreed to, beyond what the plan shows of it; None where its account was not looked at."""
    seen = context.seen.get(voice.provider)
    if seen is None:
        return None
    lifecycle = voice.lifecycle.model_dump(mode="json")
    inputs = redacted(voice)
    if "api_key_env" in inputs:
        inputs["api_key_env"] = compared(inputs["api_key_env"])
    told = [voice.provider, seen.account, voice.method, inputs, voice.labels, lifecycle]
    record = context.state.at(voice.address)
    if record is not None and record.provider != voice.provider:
        told.append(record.provider)  # two accounts: a plan for one is another plan
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def _plan_id(state: State, changes: list[Change]) -> str:
    told = [state.lineage, state.serial, [c.model_dump(mode="json") for c in changes]]
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]

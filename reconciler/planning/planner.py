"""Makes a plan from manifest, state and observations. Pure: the same inputs make the same plan, with the same id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic_core import to_jsonable_python

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
from reconciler.planning.as_declared import voices_as_declared
from reconciler.planning.moves import Moves
from reconciler.planning.plan_context import PlanContext, PlanOptions, make_context
from reconciler.planning.renamed_entries import kept_and_not_replaced, kept_for
from reconciler.planning.renamed_providers import Renaming
from reconciler.protocols import Capabilities

_NO_OPTIONS = PlanOptions()


def plan(
    manifest: Manifest,
    state: State,
    observations: Mapping[str, Observations],
    capabilities: Mapping[str, Capabilities],
    *,
    now: datetime,
    options: PlanOptions = _NO_OPTIONS,
    closed: Mapping[str, AccountProblem] | None = None,
) -> Plan:
    """The plan: one change for every address that needs one.

    `observations`, `capabilities` and `closed` are mappings by provider name. `closed` holds the providers that
    could not be read, with the reason.
    """
    entries = {} if options.destroy else manifest.voices
    renaming = renamed_providers.resolve_renames(manifest, state, observations, now=now, options=options)
    state = renaming.state

    def context_for(state: State) -> PlanContext:
        return make_context(
            manifest,
            state,
            observations,
            capabilities,
            now=now,
            options=options,
            closed=closed,
            blocked=renaming.blocked,
            one_account=renaming.one_account,
        )

    context = context_for(state)
    certain = voices_as_declared(context, entries)
    newer = stale_state.stale_addresses(context)
    moved = moves.find(context, entries, certain, stale=newer.keys())
    renamed = [renamed_providers.with_rebind_on_move(renaming, change) for change in moves.changes(moved, entries)]
    if renamed:
        state = moves.applied(state, moved, entries, now=now)
        context = context_for(state)

    awaiting = moves.awaiting(context, entries, certain)
    planned = _declared_changes(context, entries, certain, moved, renaming, awaiting)
    unchanged = len(entries.keys() - {change.address for change in (*planned, *renamed)} - newer.keys())
    changes = renamed + ownership.block_conflicts(
        context, planned + _undeclared_changes(context, entries, moved, awaiting), entries
    )
    changes += _unbound_changes(context, changes, entries, awaiting)
    changes = stale_state.block_stale(context, newer, changes, entries)
    remarks = drift.remarks(context, changes, newer, certain)
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
        unclaimed=() if options.destroy else unclaimed.unrecorded_addresses(context, changes),
        destroy=options.destroy,
    )


def candidates(manifest: Manifest, state: State, accounts: Mapping[str, str], *, now: datetime) -> list[Record]:
    """Records that are not in the state, but must be looked up in the clouds before the plan is made.

    They stand for `existing` voices that are not imported yet, and for entries that name another provider now.
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
        key, generation = markers.next_key(state, voice)
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
    context: PlanContext,
    entries: Mapping[str, Voice],
    certain: Collection[str],
    moved: Moves,
    renaming: Renaming,
    awaiting: Mapping[str, Voice],
) -> list[Change]:
    """The changes for declared entries, each with its approval digest. Nothing changes for the `certain` addresses."""
    planned: list[Change] = []
    for voice in entries.values():
        if voice.address in certain and not (voice.address in moved.unclear or voice.address in renaming.moved):
            continue
        change = moved.unclear.get(voice.address)
        change = change or renamed_providers.with_rebind(renaming, voice, declared.change_for(context, voice))
        change = change and _with_old_voice_kept(context, change, awaiting)
        if change is not None:
            planned.append(replace(change, approval_digest=_approval_digest(context, voice)))
    return planned


def _with_old_voice_kept(context: PlanContext, change: Change, awaiting: Mapping[str, Voice]) -> Change:
    """The change, blocked if it would replace a voice that a blocked entry may need, which would be paid for again."""
    needed_by = awaiting.get(change.record or "") if change.action is Action.REPLACE else None
    if needed_by is None or change.address in context.options.replace:
        return change
    return kept_and_not_replaced(change, needed_by)


def _undeclared_changes(
    context: PlanContext, entries: Mapping[str, Voice], moved: Moves, awaiting: Mapping[str, Voice]
) -> list[Change]:
    """The changes for current records whose address was removed from the manifest."""
    left = [
        context.state.records[key] for address, key in sorted(context.state.current.items()) if address not in entries
    ]
    return [
        moved.unclear.get(record.address) or _removed(context, record, awaiting.get(record.external_task_id))
        for record in left
    ]


def _removed(context: PlanContext, record: Record, awaiting: Voice | None) -> Change:
    """A voice is not deleted while a blocked entry may need it, which would be paid for again."""
    return _kept(context.state, undeclared.change_for_removed(context, record), record, awaiting)


def _kept(state: State, change: Change, record: Record, awaiting: Voice | None) -> Change:
    if awaiting is None or (change.action is not Action.DELETE and not change.abandons):
        return change
    return kept_for(state, record, awaiting)


def _unbound_changes(
    context: PlanContext, changes: Sequence[Change], entries: Mapping[str, Voice], awaiting: Mapping[str, Voice]
) -> list[Change]:
    """The changes for unbound records. They depend on the changes for the addresses, which are decided first."""
    if not context.unbound:
        return []
    held, wanted = ownership.held_and_declared(context, changes, entries)
    decided = undeclared.Decided(
        used=frozenset(key for change in changes for key in (change.key, change.record) if key is not None),
        blocked=frozenset(change.address for change in changes if change.action is Action.BLOCKED),
        held=held,
        wanted=wanted,
    )
    planned = ((record, undeclared.change_for_unbound(context, record, decided)) for record in context.unbound)
    return [
        _kept(context.state, change, record, awaiting.get(record.external_task_id))
        for record, change in planned
        if change is not None
    ]


def _approval_digest(context: PlanContext, voice: Voice) -> str | None:
    """A digest of all that a reviewer approves with this change; None where its account was not read.

    It covers more than the plan shows: the account, the labels, the lifecycle.
    """
    seen = context.observations.get(voice.provider)
    if seen is None:
        return None
    lifecycle = voice.lifecycle.model_dump(mode="json")
    inputs = redacted(voice)
    if "api_key_env" in inputs:
        inputs["api_key_env"] = compared(inputs["api_key_env"])
    fields = [voice.provider, seen.account, voice.method, inputs, voice.labels, lifecycle]
    record = context.state.at(voice.address)
    if record is not None and record.provider != voice.provider:
        fields.append(record.provider)  # a plan that moves the voice from another account is another plan
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def _plan_id(state: State, changes: list[Change]) -> str:
    fields = [state.lineage, state.serial, to_jsonable_python(changes)]
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]

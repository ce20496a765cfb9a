"""Decides the changes of a plan: for declared entries, for removed ones, and for records without an address."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reconciler.model.manifest import Voice
from reconciler.model.plan import Action, Change
from reconciler.model.redaction import redacted
from reconciler.model.state import Record, State
from reconciler.model.variables import compared
from reconciler.planning import (
    declared,
    made_elsewhere,
    moves,
    ownership,
    renamed_providers,
    stale_state,
    unclaimed,
    undeclared,
)
from reconciler.planning.account_check import AccountProblem
from reconciler.planning.marked_voices import Marked
from reconciler.planning.moves import Moves
from reconciler.planning.plan_context import PlanContext, make_context
from reconciler.planning.renamed_entries import kept_and_not_replaced, kept_for
from reconciler.planning.renamed_providers import Renaming
from reconciler.planning.unchanged import unchanged_voices
from reconciler.values import value


@value
class Decided:
    """The changes, and the context after the entries that moved. `newer`: the voices that prove the state stale."""

    context: PlanContext
    changes: Sequence[Change]
    newer: Mapping[str, Marked]
    unchanged: int
    unclaimed: tuple[str, ...]


def decide(
    context: PlanContext,
    entries: Mapping[str, Voice],
    unchanged: Collection[str],
    *,
    closed: Mapping[str, AccountProblem] | None,
) -> Decided:
    """The changes for these entries. `unchanged`: addresses whose voices are as declared. `closed`: as in `planner`."""
    manifest, options, now = context.manifest, context.options, context.now
    renaming = renamed_providers.resolve_renames(
        manifest, context.state, context.observations, now=now, options=options
    )

    def context_for(state: State) -> PlanContext:
        return make_context(
            manifest,
            state,
            context.observations,
            context.capabilities,
            now=now,
            options=options,
            closed=closed,
            blocked=renaming.blocked,
            one_account=renaming.one_account,
        )

    if renaming.state is not context.state or renaming.blocked or renaming.one_account:
        context = context_for(renaming.state)
        unchanged = unchanged_voices(context, entries)
    newer = stale_state.stale_addresses(context)
    moved = moves.find(context, entries, unchanged, stale=newer.keys())
    renamed = [renamed_providers.with_rebind_on_move(renaming, change) for change in moves.changes(moved, entries)]
    if renamed:
        context = context_for(moves.applied(context.state, moved, entries, now=now))

    awaiting = moves.awaiting(context, entries, unchanged)
    asked_for = made_elsewhere.awaited(context, entries, unchanged)
    planned = _declared_changes(context, entries, unchanged, moved, renaming, awaiting)
    others = entries.keys() - {change.address for change in (*planned, *renamed)} - newer.keys()
    changes = renamed + ownership.block_conflicts(
        context, planned + _undeclared_changes(context, entries, moved, awaiting, asked_for), entries
    )
    changes += _unbound_changes(context, changes, entries, awaiting)
    changes = stale_state.block_stale(context, newer, changes, entries)
    unclaimed_addresses = () if options.destroy else unclaimed.unrecorded_addresses(context, changes)
    return Decided(context, changes, newer, len(others), unclaimed_addresses)


def _declared_changes(
    context: PlanContext,
    entries: Mapping[str, Voice],
    unchanged: Collection[str],
    moved: Moves,
    renaming: Renaming,
    awaiting: Mapping[str, Voice],
) -> list[Change]:
    """The changes for declared entries, each with its approval digest. Nothing changes for `unchanged` addresses."""
    planned: list[Change] = []
    for voice in entries.values():
        if voice.address in unchanged and not (voice.address in moved.unclear or voice.address in renaming.moved):
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
    context: PlanContext,
    entries: Mapping[str, Voice],
    moved: Moves,
    awaiting: Mapping[str, Voice],
    asked_for: Mapping[str, Voice],
) -> list[Change]:
    """The changes for current records whose address was removed from the manifest.

    `asked_for`: keys of records whose voice may be the one of a new entry; the user has to say.
    """
    left = [
        context.state.records[key] for address, key in sorted(context.state.current.items()) if address not in entries
    ]
    return [
        moved.unclear.get(record.address)
        or _removed(context, record, awaiting.get(record.external_task_id), asked_for.get(record.external_task_id))
        for record in left
    ]


def _removed(context: PlanContext, record: Record, awaiting: Voice | None, asked_for: Voice | None) -> Change:
    """A voice is not deleted while a blocked entry may need it, which would be paid for again."""
    change = undeclared.change_for_removed(context, record)
    if asked_for is not None and (change.action is Action.DELETE or change.abandons):
        return made_elsewhere.kept(record, asked_for)
    return _kept(context.state, change, record, awaiting)


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
        used=frozenset(
            key for change in changes for key in (change.key, change.record, change.supersedes) if key is not None
        ),
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

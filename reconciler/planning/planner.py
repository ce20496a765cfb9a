"""Makes a plan from manifest, state and observations. Pure: the same inputs make the same plan, with the same id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.model.manifest import Manifest
from reconciler.model.method import Origin
from reconciler.model.observed import Observations, check
from reconciler.model.plan import Candidate, Change, Plan
from reconciler.model.state import Record, State, Status
from reconciler.planning import consents, drift, markers
from reconciler.planning.account_check import AccountProblem
from reconciler.planning.plan_context import PlanContext, PlanOptions, make_context
from reconciler.planning.unchanged import nothing_changes, unchanged_voices
from reconciler.protocols.provider import Capabilities
from reconciler.values import json_value

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
    context = make_context(manifest, state, observations, capabilities, now=now, options=options, closed=closed)
    if options.refresh_only:
        from reconciler.planning import state_refresh

        needed = state_refresh.changes(context)
        unchanged_count = len(state.current) - len(needed)
        return _plan(context, needed, drift.remarks(context, (), {}), unchanged=unchanged_count)
    unchanged = unchanged_voices(context, entries)
    if nothing_changes(context, entries, unchanged):
        return _plan(context, (), drift.remarks(context, (), {}, unchanged), unchanged=len(entries))

    from reconciler.planning.decide import decide  # many modules, and most plans change nothing

    decided = decide(context, entries, unchanged, closed=closed)
    for change in decided.changes:
        for remote in (change.found, change.made):
            if remote is not None:
                check(remote)  # it becomes a part of a record
    remarks = drift.remarks(decided.context, decided.changes, decided.newer, unchanged)
    found = _plan(decided.context, decided.changes, remarks, unchanged=decided.unchanged)
    without = consents.notes(entries, (change.address for change in decided.changes), now)
    found = replace(found, notes=(*found.notes, *without)) if without else found
    older = tuple(change.address for change in decided.changes if change.address in decided.newer)
    return replace(found, older=older, unclaimed=decided.unclaimed)


def unrecorded(manifest: Manifest, state: State, accounts: Mapping[str, str], *, now: datetime) -> list[Record]:
    """Records that are not in the state, but must be looked up in the clouds before the plan is made.

    They stand for `existing` voices that are not imported yet, and for entries that name another provider now.
    """
    found: list[Record] = []
    if len(manifest.providers) > 1:
        from reconciler.planning import provider_moves  # most manifests have one provider

        found = provider_moves.unrecorded(manifest, state, accounts)
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


def _plan(context: PlanContext, changes: Sequence[Change], remarks: drift.Remarks, *, unchanged: int) -> Plan:
    state = context.state
    waiting: tuple[Candidate, ...] = ()
    if context.candidates:
        from reconciler.planning import candidates  # most states have none

        waiting = tuple(candidates.waiting(context, changes))
    return Plan(
        plan_id=_plan_id(state, changes),
        lineage=state.lineage,
        serial=state.serial,
        manifest=context.manifest.name,
        changes=tuple(changes),
        unchanged=unchanged,
        drift=remarks.drift,
        notes=remarks.notes,
        unseen=remarks.unseen,
        ways_to_see=remarks.ways_to_see,
        candidates=waiting,
        destroy=context.options.destroy,
        refresh_only=context.options.refresh_only,
    )


def _plan_id(state: State, changes: Sequence[Change]) -> str:
    fields = [state.lineage, state.serial, [_identified(change) for change in changes]]
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def _identified(change: Change) -> dict[str, object]:
    """What identifies the change. What a cloud took for a voice is no part of it."""
    fields = json_value(change)
    for seen in (fields["found"], fields["made"]):
        if seen is not None:
            seen.pop("charge")
    return fields

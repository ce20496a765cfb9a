"""Manifest, state and observations in; one Plan out. Pure: the same four values make the same plan, id included."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from reconciler.model.body import Origin
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.observed import Observations
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.redaction import shown
from reconciler.model.state import Record, State, Status
from reconciler.model.variables import compared
from reconciler.planning import claims, drift, keys, leftovers, moves, older, renamed_providers, unclaimed, verdicts
from reconciler.planning.accounts import Doubt
from reconciler.planning.moves import Moves
from reconciler.planning.renamed_providers import Renaming
from reconciler.planning.scene import Asked, Scene, gather
from reconciler.protocols import Capabilities

_NOTHING_ASKED = Asked()


def plan(
    manifest: Manifest,
    state: State,
    observations: Mapping[str, Observations],
    capabilities: Mapping[str, Capabilities],
    *,
    now: datetime,
    asked: Asked = _NOTHING_ASKED,
    closed: Mapping[str, Doubt] | None = None,
) -> Plan:
    """The verdict for every address. By provider name: `observations`, `capabilities`, and `closed`, which says of
    each provider that could not be looked at why not.
    """
    declared = {} if asked.destroy else manifest.voices
    renaming = renamed_providers.settled(manifest, state, observations, now=now, asked=asked)
    state = renaming.state

    def gathered(state: State) -> Scene:
        return gather(
            manifest,
            state,
            observations,
            capabilities,
            now=now,
            asked=asked,
            closed=closed,
            stopped=renaming.stopped,
            one_account=renaming.one_account,
        )

    scene = gathered(state)
    newer = older.addresses(scene)
    moved = moves.find(scene, declared, older=newer.keys())
    renamed = [renamed_providers.noted_move(renaming, change) for change in moves.changes(moved, declared)]
    if renamed:
        state = moves.applied(state, moved, now=now)
        scene = gathered(state)

    judged = _declared(scene, declared, moved, renaming)
    unchanged = len(declared.keys() - {change.address for change in (*judged, *renamed)} - newer.keys())
    changes = renamed + claims.guarded(scene, judged + _undeclared(scene, declared, moved), declared)
    changes += _beside(scene, changes, declared)
    changes = older.guarded(scene, newer, changes, declared)
    remarks = drift.remarks(scene, changes, newer)
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
        unclaimed=() if asked.destroy else unclaimed.without_record(scene, changes),
        destroy=asked.destroy,
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
        key, generation = keys.following(state, voice)
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
                digest=keys.digest_of(voice),
                voice_id=voice_id,
            )
        )
    return found


def _declared(scene: Scene, declared: Mapping[str, Voice], moved: Moves, renaming: Renaming) -> list[Change]:
    """The verdicts for what the manifest declares, each with the terms that a reviewer agrees to."""
    judged: list[Change] = []
    for voice in declared.values():
        change = moved.unclear.get(voice.address)
        change = change or renamed_providers.noted(renaming, voice, verdicts.declared(scene, voice))
        if change is not None:
            judged.append(change.model_copy(update={"terms": _terms(scene, voice)}))
    return judged


def _undeclared(scene: Scene, declared: Mapping[str, Voice], moved: Moves) -> list[Change]:
    """The verdicts for current records whose address left the manifest."""
    left = (scene.state.records[key] for address, key in sorted(scene.state.current.items()) if address not in declared)
    return [moved.unclear.get(record.address) or leftovers.removed(scene, record) for record in left]


def _beside(scene: Scene, changes: Sequence[Change], declared: Mapping[str, Voice]) -> list[Change]:
    """The verdicts for old and half-made records, once those for the addresses are known."""
    if not scene.beside:
        return []
    held, wanted = claims.staying(scene, changes, declared)
    settled = leftovers.Settled(
        used=frozenset(key for change in changes for key in (change.key, change.record) if key is not None),
        stopped=frozenset(change.address for change in changes if change.action is Action.BLOCKED),
        held=held,
        wanted=wanted,
    )
    judged = (leftovers.beside(scene, record, settled) for record in scene.beside)
    return [change for change in judged if change is not None]


def _terms(scene: Scene, voice: Voice) -> str | None:
    """What a reviewer agreed to, beyond what the plan shows of it; None where its account was not looked at."""
    seen = scene.seen.get(voice.provider)
    if seen is None:
        return None
    lifecycle = voice.lifecycle.model_dump(mode="json")
    inputs = shown(voice)
    if "api_key_env" in inputs:
        inputs["api_key_env"] = compared(inputs["api_key_env"])
    told = [voice.provider, seen.account, voice.method, inputs, voice.labels, lifecycle]
    record = scene.state.at(voice.address)
    if record is not None and record.provider != voice.provider:
        told.append(record.provider)  # two accounts: a plan for one is another plan
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def _plan_id(state: State, changes: list[Change]) -> str:
    told = [state.lineage, state.serial, [c.model_dump(mode="json") for c in changes]]
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]

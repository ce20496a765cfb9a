"""Manifest, state and observations in; one Plan out. Pure: the same four values make the same plan, id included."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from reconciler.model.manifest import Manifest, Voice
from reconciler.model.observed import Absent, Found, Observations, TaskStatus, Unknown
from reconciler.model.plan import Action, Change, Drift, DriftKind, FieldChange, Plan
from reconciler.model.state import Record, State, Status
from reconciler.planning import keys, leftovers, verdicts
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
) -> Plan:
    """The verdict for every address. `observations` and `capabilities` are by provider name."""
    declared = {} if asked.destroy else manifest.voices
    scene = gather(manifest, state, observations, capabilities, now=now, asked=asked)
    changes: list[Change] = []
    for voice in declared.values():
        change = verdicts.declared(scene, voice)
        if change is not None:
            changes.append(change)
    unchanged = len(declared) - len(changes)
    changes += [leftovers.removed(scene, scene.state.records[key]) for key in _left(state, declared)]
    used = {key for c in changes for key in (c.key, c.record) if key is not None}
    held = _held(scene, declared, changes)
    for record in scene.beside:
        change = leftovers.beside(scene, record, used=used, held=held)
        if change is not None:
            changes.append(change)
    taken = {c.key for c in changes if c.made is not None}
    return Plan(
        plan_id=_plan_id(state, changes),
        lineage=state.lineage,
        serial=state.serial,
        manifest=manifest.name,
        changes=tuple(changes),
        unchanged=unchanged,
        drift=tuple(_drift(scene, taken)),
        notes=tuple(_notes(scene)),
        destroy=asked.destroy,
    )


def candidates(manifest: Manifest, state: State, accounts: Mapping[str, str], *, now: datetime) -> list[Record]:
    """Records as they would be for `existing` voices that are not in the state yet, so that they can be observed."""
    found = []
    for voice in manifest.voices.values():
        record = state.at(voice.address)
        if voice.method != "existing" or voice.provider not in accounts:
            continue
        if record is not None and record.voice_id == voice.inputs["voice_id"]:
            continue
        generation = state.highest.get(voice.address, 0) + 1
        digest = keys.digest_of(voice)
        found.append(
            Record(
                external_task_id=keys.external_task_id(state.lineage, voice.address, digest, generation),
                address=voice.address,
                provider=voice.provider,
                account=accounts[voice.provider],
                method=voice.method,
                generation=generation,
                status=Status.READY,
                created_at=now,
                changed_at=now,
                digest=digest,
                voice_id=str(voice.inputs["voice_id"]),
            )
        )
    return found


def _left(state: State, declared: Mapping[str, Voice]) -> list[str]:
    return [key for address, key in sorted(state.current.items()) if address not in declared]


def _held(scene: Scene, declared: Mapping[str, Voice], changes: list[Change]) -> set[tuple[str, str]]:
    """The voices that stay or become bound, which no old record may delete."""
    replaced = {c.record for c in changes if c.action is Action.REPLACE}
    held = {
        (record.account, record.voice_id)
        for address, key in scene.state.current.items()
        if address in declared and key not in replaced and (record := scene.state.records[key]).voice_id
    }
    for change in changes:
        if change.made is not None and change.made.voice_id:
            held.add((scene.seen[change.provider].account, change.made.voice_id))
    return held


def _drift(scene: Scene, taken: set[str | None]) -> Iterator[Drift]:
    for address, key in sorted(scene.state.current.items()):
        record = scene.state.records[key]
        if record.status not in {Status.READY, Status.RUNNING}:
            continue
        match scene.observation(record):
            case Absent():
                lost = FieldChange(name="voice_id", before=record.voice_id)
                yield Drift(address=address, provider=record.provider, kind=DriftKind.GONE, fields=(lost,))
            case Found(remote=remote) if record.status is Status.READY:
                if remote.status is TaskStatus.FAILED:
                    why = FieldChange(name="message", after=remote.message)
                    yield Drift(address=address, provider=record.provider, kind=DriftKind.FAILED, fields=(why,))
                elif remote.voice_name != record.voice_name and remote.voice_name and record.voice_name:
                    name = FieldChange(name="voice_name", before=record.voice_name, after=remote.voice_name)
                    yield Drift(address=address, provider=record.provider, kind=DriftKind.RENAMED, fields=(name,))
            case Found() | Unknown():
                pass
    for (provider, _), voices in sorted(scene.marked.items(), key=lambda item: item[0]):
        for remote in voices:
            marker = keys.read(remote.external_task_id)
            ours = marker is not None and scene.ours(marker.lineage) and remote.status is not TaskStatus.FAILED
            if marker is not None and ours and remote.external_task_id not in taken:
                extra = (
                    FieldChange(name="external_task_id", after=remote.external_task_id),
                    FieldChange(name="voice_id", after=remote.voice_id),
                )
                yield Drift(address=marker.address, provider=provider, kind=DriftKind.SURPLUS, fields=extra)


def _notes(scene: Scene) -> Iterator[str]:
    for record in scene.beside:
        if record.status is Status.DEPOSED and not leftovers.is_due(scene, record):
            keep = record.lifecycle.keep_old or 0
            until = record.changed_at.timestamp() + keep
            when = datetime.fromtimestamp(until, tz=record.changed_at.tzinfo).isoformat(timespec="seconds")
            yield f"{record.address}: the replaced voice {record.voice_id} is kept until {when} (keep_old)"
    nature = [
        address
        for address, key in sorted(scene.state.current.items())
        if isinstance(seen := scene.observation(scene.state.records[key]), Unknown) and seen.by_nature
    ]
    if nature:
        yield f"{len(nature)} voices can't be verified, because their cloud can't be asked: {', '.join(nature[:5])}"


def _plan_id(state: State, changes: list[Change]) -> str:
    told = [state.lineage, state.serial, [c.model_dump(mode="json") for c in changes]]
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]

"""The verdict for one declared voice: what its record, its observation and its inputs together mean.

`None` is "no change". One branch for each line of the design's table "What an interrupted creation becomes".
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.state import LIVE, Record, Status
from reconciler.planning import keys
from reconciler.planning.diff import Difference, difference, shown
from reconciler.planning.scene import Scene

_BOUND_NOT_MADE = {"preset", "existing"}


def declared(scene: Scene, voice: Voice) -> Change | None:
    """The verdict for an entry of the manifest."""
    record = scene.state.at(voice.address)
    barred = _barred(scene, voice, record)
    if barred is not None:
        return barred
    if record is None:
        return _new(scene, voice)
    observed = scene.observation(record)
    if record.status in {Status.INTENDED, Status.UNCERTAIN}:
        return _unsettled(scene, voice, record)
    if record.status is Status.FAILED:
        return _failed(scene, voice, record)
    match observed:
        case Unknown(by_nature=False):
            return blocked(voice, record, f"could not tell whether the voice exists: {observed.why}")
        case Absent():
            return _gone(scene, voice, record)
        case Found(remote=remote) if record.status is Status.RUNNING:
            return _settled(scene, voice, record, remote)
        case Found() | Unknown():
            return _standing(scene, voice, record)


def blocked(voice: Voice, record: Record | None, reason: str, hint: str = "") -> Change:
    return Change(
        address=voice.address,
        provider=voice.provider,
        action=Action.BLOCKED,
        reason=reason,
        hint=hint,
        before=face(record) if record else None,
        after=shown(voice),
        method=voice.method,
        record=record.external_task_id if record else None,
    )


def face(record: Record) -> dict[str, Any]:
    """What a person is shown of a record: what was sent, and the voice_id."""
    known = dict(record.sent)
    if record.voice_id is not None:
        known["voice_id"] = record.voice_id
    return known


def _barred(scene: Scene, voice: Voice, record: Record | None) -> Change | None:
    if record is not None and record.provider not in scene.manifest.providers:
        return blocked(voice, record, *undeclared(record))
    for provider in dict.fromkeys((voice.provider, record.provider if record else voice.provider)):
        if provider in scene.doubts:
            return blocked(voice, record, scene.doubts[provider].why, scene.doubts[provider].hint)
    return None


def undeclared(record: Record) -> tuple[str, str]:
    return (
        f"its voice is at the provider {record.provider}, which the manifest does not declare any more",
        f"Declare {record.provider} again; or, to leave the voice where it is: voicectl state rm {record.address}",
    )


# --- without a record -------------------------------------------------------------------------------------------


def _new(scene: Scene, voice: Voice) -> Change:
    if voice.method in _BOUND_NOT_MADE:
        return _bind(scene, voice, None, ())
    for record in scene.state.records.values():
        if record.address == voice.address and _may_return(scene, voice, record):
            remote = RemoteVoice(status=TaskStatus.READY, voice_id=record.voice_id, voice_name=record.voice_name)
            observed = scene.observation(record)
            made = observed.remote if isinstance(observed, Found) else remote
            reason = "given up earlier and still there: it is taken back"
            return _taken_in(voice, record.external_task_id, record.generation, made, reason)
    marked = _marked(scene, voice)
    if isinstance(marked, Change):
        return marked
    if marked is not None:
        marker = keys.read(marked.external_task_id)
        reason = "a voice with this entry's marker exists and no record knows it"
        return _taken_in(voice, str(marked.external_task_id), marker.generation if marker else 1, marked, reason)
    return _made(scene, voice, None, "declared, not there yet")


def _may_return(scene: Scene, voice: Voice, record: Record) -> bool:
    """Abandoned with the same inputs, or an intent given up that arrived late."""
    match record.status:
        case Status.ABANDONED:
            if isinstance(scene.observation(record), Absent):
                return False
        case Status.LAPSED:
            observed = scene.observation(record)
            if not isinstance(observed, Found) or observed.remote.status is TaskStatus.FAILED:
                return False
        case _:
            return False
    return not _differs(difference(voice, record)) and record.digest == keys.digest_of(voice)


def _marked(scene: Scene, voice: Voice) -> RemoteVoice | Change | None:
    """A listed voice that carries exactly this entry's marker; a verdict, if its lineage is not ours."""
    best: tuple[int, RemoteVoice] | None = None
    strange: set[str] = set()
    for remote in scene.marked.get((voice.provider, keys.digest_of(voice)), ()):
        marker = keys.read(remote.external_task_id)
        if marker is None or remote.status is TaskStatus.FAILED or not keys.could_mark(marker, voice.address):
            continue
        if not scene.ours(marker.lineage):
            strange.add(marker.lineage)
        elif best is None or marker.generation > best[0]:
            best = (marker.generation, remote)
    if best is not None:
        return best[1]
    unclaimed = sorted(strange - set(scene.state.strangers))
    if not unclaimed:
        return None
    return blocked(
        voice,
        None,
        f"the account already holds this voice, made under another state (lineage {', '.join(unclaimed)}): "
        "was the state lost?",
        f"If it is yours: voicectl state rebuild --lineage {unclaimed[0]}; "
        "if it is somebody else's: voicectl state rebuild --new-lineage",
    )


def _taken_in(voice: Voice, key: str, generation: int, made: RemoteVoice, reason: str) -> Change:
    return Change(
        address=voice.address,
        provider=voice.provider,
        action=Action.RESUME if made.status is TaskStatus.RUNNING else Action.RECOVER,
        reason=reason,
        after=shown(voice),
        method=voice.method,
        key=key,
        identity=keys.digest_of(voice),
        generation=generation,
        made=made,
    )


def _made(
    scene: Scene,
    voice: Voice,
    record: Record | None,
    reason: str,
    *,
    same_key: bool = False,
    gone: bool = False,
    fields: tuple[FieldChange, ...] = (),
) -> Change:
    """A creation: under the record's own key when its call is only to be repeated, under the next one otherwise."""
    key, generation = (record.external_task_id, record.generation) if record and same_key else scene.next_key(voice)
    return Change(
        address=voice.address,
        provider=voice.provider,
        action=Action.CLONE if voice.method == "clone" else Action.CREATE,
        reason=reason,
        before=face(record) if record and not same_key else None,
        after=shown(voice),
        fields=fields,
        method=voice.method,
        record=record.external_task_id if record else None,
        key=key,
        identity=keys.digest_of(voice),
        generation=generation,
        gone=gone,
    )


def _bind(scene: Scene, voice: Voice, record: Record | None, fields: tuple[FieldChange, ...]) -> Change:
    """A preset or an existing voice: looked for, never made. In place of `record`, when there is one."""
    voice_id = str(voice.inputs["voice_id"])
    seen = scene.seen[voice.provider]
    key, generation = scene.next_key(voice)
    if voice.method == "preset":
        if seen.presets is None:
            return blocked(voice, record, "the official voices can't be listed now")
        if voice_id not in seen.presets:
            return blocked(
                voice, record, f"there is no official voice {voice_id}", _LIST_PRESETS.format(voice.provider)
            )
        made = RemoteVoice(
            status=TaskStatus.READY, voice_id=voice_id, voice_name=seen.presets[voice_id], owned_by=voice.type
        )
        reason = "an official voice: checked to exist"
    else:
        holder = scene.state.by_voice_id.get((seen.account, voice_id))
        if holder is not None and holder.status in LIVE and holder.address != voice.address:
            return blocked(
                voice,
                record,
                f"the voice {voice_id} is managed as {holder.address} already",
                f"To give it this address: voicectl state mv {holder.address} {voice.address}",
            )
        observed = seen.of.get(key)
        if isinstance(observed, Unknown):
            return blocked(voice, record, f"could not tell whether the voice {voice_id} exists: {observed.why}")
        if not isinstance(observed, Found):
            return blocked(
                voice,
                record,
                f"there is no voice {voice_id} on this account",
                "Correct the voice_id; or declare a create in its place, and a new voice is made.",
            )
        made = observed.remote
        reason = "made elsewhere, managed from now on"
    if record is None:
        return _taken_in(voice, key, generation, made, reason)
    return _replaced(scene, voice, record, fields, key=key, generation=generation, made=made)


_LIST_PRESETS = "The official voices: voicectl voices {} --presets"


# --- with a record ----------------------------------------------------------------------------------------------


def _unsettled(scene: Scene, voice: Voice, record: Record) -> Change:
    """A creation whose call was begun and whose end nobody wrote down: what `find` found decides."""
    same = not difference(voice, record).identity
    match scene.observation(record):
        case Found(remote=remote):
            change = _settled(scene, voice, record, remote)
            return change if change is not None else _recovered(voice, record, remote)
        case Absent() if record.status is Status.INTENDED and not _too_old(scene, record):
            if same:
                return _made(scene, voice, record, "an earlier run was interrupted before this call", same_key=True)
            return _made(scene, voice, record, "an earlier run's call never arrived, and the inputs changed since")
        case Unknown(why=why, by_nature=False) if record.status is Status.INTENDED and not _too_old(scene, record):
            return blocked(voice, record, f"could not tell what an interrupted call left: {why}")
        case Absent() | Unknown():
            reason = record.message or "nobody can tell whether an earlier call made this voice"
            return blocked(voice, record, reason, resolve_hint(record))


def resolve_hint(record: Record) -> str:
    return (
        f"Look in the cloud's console, then: voicectl resolve {record.address} --voice-id ID (it is there) "
        "| --retry (it is not: pay again) | --forget"
    )


def _settled(scene: Scene, voice: Voice, record: Record, remote: RemoteVoice) -> Change | None:
    """The task of an accepted creation, seen."""
    if remote.status is TaskStatus.FAILED:
        failed = record.model_copy(update={"status": Status.FAILED, "message": remote.message})
        return _failed(scene, voice, failed).model_copy(update={"found": remote})
    found = difference(voice, record)
    if found.identity:
        return _replace(scene, voice, record, found, found_as=remote)
    return _recovered(voice, record, remote)


def _recovered(voice: Voice, record: Record, remote: RemoteVoice) -> Change:
    running = remote.status is TaskStatus.RUNNING
    return Change(
        address=voice.address,
        provider=voice.provider,
        action=Action.RESUME if running else Action.RECOVER,
        reason="its task still runs" if running else "an earlier run was interrupted, and the voice is there",
        after=shown(voice),
        method=voice.method,
        record=record.external_task_id,
        key=record.external_task_id,
        identity=record.digest,
        generation=record.generation,
        made=remote,
    )


def _failed(scene: Scene, voice: Voice, record: Record) -> Change:
    """The same sample is not bought again unless its inputs change or somebody asks."""
    found = difference(voice, record)
    if _differs(found) or voice.address in scene.asked.retry:
        reason = "its inputs changed since it failed" if _differs(found) else "asked for again after it failed"
        return _made(scene, voice, record, reason, fields=found.identity)
    return blocked(
        voice,
        record,
        f"its creation failed: {record.message or 'the cloud gave no reason'}",
        f"Change its inputs; or, to pay for the same again: --retry {voice.address}",
    )


def _gone(scene: Scene, voice: Voice, record: Record) -> Change:
    found = difference(voice, record)
    if voice.method in _BOUND_NOT_MADE:
        if found.identity:
            return _bind(scene, voice, record, found.identity)
        if voice.method == "preset":
            return blocked(voice, record, "the official voice is gone", _LIST_PRESETS.format(voice.provider))
        return blocked(
            voice, record, "the existing voice is gone", "Declare a create in its place, and a new voice is made."
        )
    return _made(scene, voice, record, "gone: deleted outside of voicectl", gone=True, fields=found.identity)


def _standing(scene: Scene, voice: Voice, record: Record) -> Change | None:
    """The voice is there (or its cloud can't say): only what was declared decides."""
    found = difference(voice, record)
    if voice.method == "existing" and voice.inputs["voice_id"] == record.voice_id and voice.provider == record.provider:
        found = found.model_copy(
            update={"identity": (), "ours": found.identity + found.ours}
        )  # the same voice, told anew
    if found.identity or voice.address in scene.asked.replace:
        return _replace(scene, voice, record, found)
    if not found.ours and not found.updatable:
        return None
    changed = found.updatable + found.ours
    return Change(
        address=voice.address,
        provider=voice.provider,
        action=Action.UPDATE,
        reason="in the state only, no call" if not found.updatable else "updated in place",
        before=face(record),
        after=shown(voice),
        fields=changed,
        method=voice.method,
        record=record.external_task_id,
        key=record.external_task_id,
        identity=record.digest,
    )


def _replace(
    scene: Scene, voice: Voice, record: Record, found: Difference, found_as: RemoteVoice | None = None
) -> Change:
    if record.lifecycle.prevent_destroy or voice.lifecycle.prevent_destroy:
        names = ", ".join(f.name for f in found.identity) or "--replace"
        return blocked(
            voice, record, f"prevent_destroy: {names} can't change without a new voice", _unprotect(voice.address)
        )
    if scene.can(voice).caller_chooses_id and record.voice_id == voice.inputs.get("voice_id"):
        return blocked(
            voice,
            record,
            "its voice_id is chosen by you and can't be used twice",
            "Choose a new voice_id for the change.",
        )
    if voice.method in _BOUND_NOT_MADE:
        return _bind(scene, voice, record, found.identity)
    pending = scene.pending.get(voice.address)
    if pending is not None and not difference(voice, pending).identity:
        return _replace_pending(scene, voice, record, pending, found)
    marked = _marked(scene, voice)
    if isinstance(marked, RemoteVoice):
        marker = keys.read(marked.external_task_id)
        return _replaced(
            scene,
            voice,
            record,
            found.identity,
            key=str(marked.external_task_id),
            generation=marker.generation if marker else 1,
            made=marked,
            found=found_as,
        )
    key, generation = scene.next_key(voice)
    return _replaced(scene, voice, record, found.identity, key=key, generation=generation, found=found_as)


def _replace_pending(scene: Scene, voice: Voice, record: Record, pending: Record, found: Difference) -> Change:
    """A replace that an earlier run began: its new voice is settled like any other creation."""
    observed = scene.observation(pending)
    if isinstance(observed, Found) and observed.remote.status is TaskStatus.FAILED:
        pending = pending.model_copy(update={"status": Status.FAILED, "message": observed.remote.message})
    if pending.status is Status.FAILED or (pending.status is Status.RUNNING and isinstance(observed, Absent)):
        refused = _failed(scene, voice, pending) if pending.status is Status.FAILED else None
        if refused is not None and refused.action is Action.BLOCKED:
            return refused.model_copy(update={"before": face(record)})
        key, generation = scene.next_key(voice)
        return _replaced(scene, voice, record, found.identity, key=key, generation=generation)
    if isinstance(observed, Unknown) or (
        isinstance(observed, Absent) and (pending.status is Status.UNCERTAIN or _too_old(scene, pending))
    ):
        why = observed.why if isinstance(observed, Unknown) else pending.message or "nobody can tell"
        reason = f"could not tell what an interrupted replacement left: {why}"
        return blocked(voice, record, reason, resolve_hint(pending))
    return _replaced(
        scene,
        voice,
        record,
        found.identity,
        key=pending.external_task_id,
        generation=pending.generation,
        made=observed.remote if isinstance(observed, Found) else None,
    )


def _replaced(
    scene: Scene,
    voice: Voice,
    record: Record,
    fields: tuple[FieldChange, ...],
    *,
    key: str,
    generation: int,
    made: RemoteVoice | None = None,
    found: RemoteVoice | None = None,
) -> Change:
    reason = f"{', '.join(f.name for f in fields)} differs" if fields else "asked for"
    if made is not None and voice.method not in _BOUND_NOT_MADE:
        reason += "; the new voice was made already"
    if not scene.can(record).deletes and record.method != "preset":
        reason += "; the old voice can't be deleted by its cloud and is kept in sight as abandoned"
    return Change(
        address=voice.address,
        provider=voice.provider,
        action=Action.REPLACE,
        reason=reason,
        before=face(record),
        after=shown(voice),
        fields=fields,
        method=voice.method,
        record=record.external_task_id,
        key=key,
        identity=keys.digest_of(voice),
        generation=generation,
        found=found,
        made=made,
    )


def _unprotect(address: str) -> str:
    return f"To allow it, take lifecycle.prevent_destroy from {address} and apply that first."


def _differs(found: Difference) -> bool:
    return bool(found.identity or found.updatable or found.request_only)


def _too_old(scene: Scene, record: Record) -> bool:
    """Past the time in which its cloud can still be asked for it."""
    window = scene.can(record).window
    return window is not None and scene.now - record.created_at > timedelta(seconds=window)

"""The verdict for one declared voice: what its record, its observation and its inputs together mean.

`None` is "no change". Where a voice that is needed comes from stands in `creations`.
"""

from __future__ import annotations

from reconciler.errors import Cause
from reconciler.hints import NO_HINT, Hint, hint, way
from reconciler.model.body import Origin
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.plan import Change
from reconciler.model.state import Record, Status
from reconciler.planning.amending import news, told_anew
from reconciler.planning.blocking import blocked, official_voices, resolve_hint, to_allow, undeclared
from reconciler.planning.creations import begun, new_voice, refused, same_call
from reconciler.planning.diff import Difference, difference
from reconciler.planning.differing import differ, only_queries
from reconciler.planning.need import Need, to_take
from reconciler.planning.scene import Scene, has_expired


def declared(scene: Scene, voice: Voice) -> Change | None:
    """The verdict for an entry of the manifest."""
    record = scene.state.at(voice.address)
    barred = _barred(scene, voice, record)
    if barred is not None:
        return barred
    if record is None:
        return new_voice(scene, voice, Need("declared, not there yet"))
    observed = scene.observation(record)
    match record.status:
        case Status.INTENDED | Status.UNCERTAIN:
            return _unsettled(scene, voice, record, observed)
        case Status.RUNNING:
            return _running(scene, voice, record, observed)
        case Status.READY:
            return _ready(scene, voice, record, observed)
        case Status.FAILED:
            return _failed(scene, voice, record, observed)
        case Status.DEPOSED | Status.DELETED | Status.ABANDONED | Status.LAPSED:  # no run leaves an address with one
            return new_voice(scene, voice, Need("declared, not there any more"))


def _barred(scene: Scene, voice: Voice, record: Record | None) -> Change | None:
    """With a doubt about an account nothing of it changes, new voices included."""
    if record is not None and record.provider not in scene.manifest.providers:
        return blocked(voice, record, *undeclared(record))
    for provider in dict.fromkeys((voice.provider, record.provider if record else voice.provider)):
        if provider in scene.doubts:
            return blocked(voice, record, scene.doubts[provider].why, scene.doubts[provider].hint)
        if provider not in scene.seen:
            return blocked(voice, record, f"the provider {provider} was not looked at")
    stopped = scene.stopped.get(voice.address)
    return blocked(voice, record, *stopped) if stopped is not None else None


def _unsettled(scene: Scene, voice: Voice, record: Record, observed: Observation) -> Change:
    """A creation whose call was begun and whose end nobody wrote down: what `find` found decides."""
    asked_in_time = record.status is Status.INTENDED and not scene.too_old(record)
    match observed:
        case Found(remote=remote):
            return _task(scene, voice, record, remote)
        case Absent() if asked_in_time:
            changed = difference(voice, record).identity
            another = changed or voice.origin is not Origin.MADE or begun(scene, voice, record) is not None
            if not another:
                return same_call(scene, voice, Need("", record), record)
            reason = "an earlier run's call never arrived" + (", and its inputs changed since" if changed else "")
            return new_voice(scene, voice, Need(reason, record, fields=changed))
        case Unknown(why=why) if asked_in_time:
            return blocked(voice, record, f"could not tell what an interrupted call left: {why}")
        case Absent() | Unknown() | Unverifiable():
            reason = record.message or "nobody can tell whether an earlier call made this voice"
            return blocked(voice, record, reason, resolve_hint(record))


def _running(scene: Scene, voice: Voice, record: Record, observed: Observation) -> Change | None:
    match observed:
        case Found(remote=remote):
            return _task(scene, voice, record, remote)
        case Absent():
            return _gone(scene, voice, record)
        case Unknown(why=why):
            return blocked(voice, record, f"could not tell how its task ended: {why}")
        case Unverifiable(why=why):
            return blocked(voice, record, f"could not tell how its task ended: {why}", resolve_hint(record))


def _ready(scene: Scene, voice: Voice, record: Record, observed: Observation) -> Change | None:
    match observed:
        case Unknown(why=why):
            reason = f"could not tell whether the voice exists: {why}"
            return blocked(voice, record, reason, _let_go(record) if record.origin is Origin.ELSEWHERE else NO_HINT)
        case Absent():
            return _gone(scene, voice, record)
        case Found(remote=remote) if remote.status is TaskStatus.FAILED:
            return _standing(scene, voice, record) or blocked(
                voice,
                record,
                f"its cloud says now that it failed: {remote.message or 'no reason is given'}",
                hint(way("To make it anew, and delete this one", "--replace", voice.address)),
            )
        case Found() | Unverifiable():
            return _standing(scene, voice, record)


def _failed(scene: Scene, voice: Voice, record: Record, observed: Observation) -> Change:
    """The same sample is not bought again unless its inputs change or somebody asks."""
    known = record.cause is Cause.KEY_IN_USE  # what is listed under its key was not made by its call
    if isinstance(observed, Found) and observed.remote.status is not TaskStatus.FAILED and not known:
        return _task(scene, voice, record, observed.remote)  # there after all
    return _again(scene, voice, record, observed, found=None)


def _task(scene: Scene, voice: Voice, record: Record, remote: RemoteVoice) -> Change:
    """The task of an accepted creation, seen."""
    if remote.status is TaskStatus.FAILED:
        return _again(scene, voice, record, Found(remote=remote), found=remote)
    changed = difference(voice, record)
    if changed.identity:
        return _replace(scene, voice, record, changed, found=remote)
    running = remote.status is TaskStatus.RUNNING
    aside = "its task still runs" if running else "an earlier run was interrupted, and the voice is there"
    key, generation = record.external_task_id, record.generation
    return to_take(scene, voice, Need("", record), remote, key=key, generation=generation, aside=aside)


def _again(scene: Scene, voice: Voice, record: Record, observed: Observation, *, found: RemoteVoice | None) -> Change:
    changed = difference(voice, record)
    differs = bool(changed.identity or changed.updatable or changed.request_only)
    if not differs and voice.address not in scene.asked.retry:
        return refused(voice, record, record, found)
    if isinstance(observed, Unknown):
        return blocked(voice, record, f"could not tell what there is of it: {observed.why}")
    reason = "its inputs changed since it failed" if differs else "asked for again after it failed"
    return new_voice(scene, voice, Need(reason, record, fields=changed.identity, found=found))


def _gone(scene: Scene, voice: Voice, record: Record) -> Change:
    changed = difference(voice, record).identity
    if voice.origin is Origin.OFFICIAL and not changed:
        return blocked(voice, record, "the official voice is gone", official_voices(voice.provider))
    if voice.origin is Origin.ELSEWHERE and not changed:
        instead = "Declare a create in its place, and a new voice is made."
        return blocked(voice, record, "the existing voice is gone", instead)
    if voice.origin is not Origin.MADE:
        return new_voice(scene, voice, Need(differ(changed), record, stands=True, fields=changed))
    reason = "the official voice is gone" if record.origin is Origin.OFFICIAL else "gone: deleted outside of voicectl"
    return new_voice(scene, voice, Need(reason, record, gone=True, fields=changed))


def _let_go(record: Record) -> Hint:
    return hint(
        way(f"Look for {record.voice_id} in the cloud's console. If it is gone", "state rm", record.address),
        "then declare a create in its place, and a new voice is made",
    )


def _standing(scene: Scene, voice: Voice, record: Record) -> Change | None:
    """The voice is there (or its cloud can't say): only what was declared decides."""
    changed = difference(voice, record)
    if (
        voice.origin is Origin.ELSEWHERE
        and voice.provider == record.provider
        and voice.inputs["voice_id"] == record.voice_id
    ):
        # the same voice, told anew
        changed = changed.model_copy(update={"identity": (), "ours": changed.identity + changed.ours})
    found = news(record, scene.observation(record))
    if changed.identity:
        return _replace(scene, voice, record, changed, found=found)
    if _to_recreate(scene, voice, record):
        if _never_lasts(scene, record):
            reason = (
                "its file has expired, and the last two were over when they were made: is this machine's clock right?"
            )
            another = hint(way("To pay for another all the same", "--replace", voice.address))
            return blocked(voice, record, reason, another)
        return new_voice(scene, voice, Need("its file has expired", record, gone=True))
    if voice.address in scene.asked.replace or _unfinished(scene, voice, record):
        if voice.origin is not Origin.MADE:
            reason = f"--replace: {record.voice_id} was not made here, and can't be made anew"
            return blocked(voice, record, reason, "Declare a create in its place, and a new voice is made.")
        return _replace(scene, voice, record, changed, found=found)
    return told_anew(scene, voice, record, changed)


def _to_recreate(scene: Scene, voice: Voice, record: Record) -> bool:
    expired = has_expired(record, scene.now) and voice.inputs.get("on_expiry") == "recreate"
    return expired and not (voice.address in scene.asked.replace and _never_lasts(scene, record))


def _never_lasts(scene: Scene, record: Record) -> bool:
    """Whether this sound and the one before it had ended before they began: a third would be bought for nothing."""
    before = [r for r in scene.state.records.values() if r.address == record.address]
    last = sorted(before, key=lambda r: r.generation)[-2:]
    return len(last) == 2 and all(r.expires_at is not None and r.expires_at <= r.created_at for r in last)


def _unfinished(scene: Scene, voice: Voice, record: Record) -> bool:
    """Whether an earlier run was asked to make it anew, and sent the call or may have."""
    pending = begun(scene, voice, record)
    if pending is None or pending.status is Status.FAILED or pending.generation < record.generation:
        return False
    match scene.observation(pending):
        case Found(remote=remote):
            return remote.status is not TaskStatus.FAILED
        case Absent():
            return pending.status is Status.UNCERTAIN
        case Unknown() | Unverifiable():
            return True


def _replace(
    scene: Scene, voice: Voice, record: Record, changed: Difference, *, found: RemoteVoice | None = None
) -> Change:
    what, kept_by = only_queries(changed) or (differ(changed.identity), "")
    if voice.lifecycle.prevent_destroy:
        why = f"prevent_destroy: {what or '--replace'}, and that takes a new voice"
        ways = hint(to_allow(scene.manifest, voice.address), kept_by)
        return blocked(voice, record, why, ways, found=found, fields=changed.all)
    reason = f"{what}: {kept_by}" if kept_by else what or "asked for"
    need = Need(reason, record, stands=True, fields=changed.all, found=found)
    return new_voice(scene, voice, need)

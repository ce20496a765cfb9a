"""The verdicts for what the manifest does not declare: removed entries, old and half-made records.

Only voices of our own records are ever deleted.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Action, Change
from reconciler.model.state import Record, Status
from reconciler.planning.scene import Scene
from reconciler.planning.verdicts import face, resolve_hint, undeclared


def removed(scene: Scene, record: Record) -> Change:
    """The verdict for a current record whose address left the manifest."""
    if record.provider not in scene.manifest.providers:
        return _verdict(record, Action.BLOCKED, *undeclared(record))
    if record.provider in scene.doubts:
        doubt = scene.doubts[record.provider]
        return _verdict(record, Action.BLOCKED, doubt.why, doubt.hint)
    if record.method == "preset":
        return _verdict(record, Action.FORGET, "an official voice, not declared any more")
    reason = "to be destroyed" if scene.asked.destroy else "not declared any more"
    observed = scene.observation(record)
    match record.status:
        case Status.FAILED:
            return _verdict(record, Action.FORGET, f"{reason}; its creation had failed, so there is no voice")
        case Status.UNCERTAIN if not isinstance(observed, Found):
            why = record.message or "nobody can tell whether it was made"
            return _verdict(record, Action.BLOCKED, f"{reason}, but {why}", resolve_hint(record))
        case Status.INTENDED if isinstance(observed, Absent):
            return _verdict(record, Action.FORGET, f"{reason}; its creation was interrupted before it began")
        case _:
            return _discarded(scene, record, reason, protect=True)


def beside(scene: Scene, record: Record, *, used: Collection[str], held: Collection[tuple[str, str]]) -> Change | None:
    """The verdict for an unbound record: deposed, given up, or a replacement that is not wanted any more.

    `used` are the keys that another verdict goes on with; `held` the (account, voice_id) that stay bound.
    """
    if record.external_task_id in used:
        return None
    if record.provider not in scene.manifest.providers or record.provider in scene.doubts:
        if record.status is Status.LAPSED:
            return None
        if record.provider not in scene.manifest.providers:
            return _verdict(record, Action.BLOCKED, *undeclared(record))
        doubt = scene.doubts[record.provider]
        return _verdict(record, Action.BLOCKED, doubt.why, doubt.hint)
    observed = scene.observation(record)
    match record.status:
        case Status.LAPSED:
            if not isinstance(observed, Found) or observed.remote.status is TaskStatus.FAILED:
                return None
            return _discarded(scene, record, "an intent given up earlier arrived late after all")
        case Status.DEPOSED:
            if (record.account, record.voice_id) in held:
                return _verdict(record, Action.FORGET, "its voice is declared again")
            if not is_due(scene, record):
                return None
            return _discarded(scene, record, "replaced by a newer voice")
        case Status.UNCERTAIN if not isinstance(observed, Found):
            return _verdict(record, Action.BLOCKED, "nobody can tell whether it was made", resolve_hint(record))
        case Status.INTENDED if isinstance(observed, Absent):
            return _verdict(record, Action.FORGET, "begun by an interrupted run, not wanted any more, never arrived")
        case _:
            return _discarded(scene, record, "begun by an interrupted run, not wanted any more")


def is_due(scene: Scene, record: Record) -> bool:
    """Whether a deposed record was kept as long as its `keep_old` asks."""
    keep = record.lifecycle.keep_old
    return scene.asked.destroy or keep is None or record.changed_at + timedelta(seconds=keep) <= scene.now


def _discarded(scene: Scene, record: Record, reason: str, *, protect: bool = False) -> Change:
    match scene.observation(record):
        case Unknown(why=why, by_nature=False):
            return _verdict(record, Action.BLOCKED, f"{reason}, but could not tell whether it exists: {why}")
        case Absent():
            return _verdict(record, Action.FORGET, f"{reason}; gone already")
        case Found(remote=remote) if remote.status is TaskStatus.FAILED:
            return _verdict(record, Action.FORGET, f"{reason}; its creation failed, so there is no voice")
        case observed:
            if protect and record.lifecycle.prevent_destroy:
                hint = f"To allow it, declare {record.address} without lifecycle.prevent_destroy and apply that first."
                return _verdict(record, Action.BLOCKED, f"prevent_destroy: {reason}", hint)
            if not scene.can(record).deletes:
                reason = f"{reason}; its cloud can't delete it, so it stays there and is listed as abandoned"
                return _verdict(record, Action.FORGET, reason).model_copy(update={"abandons": True})
            remote_or_none = observed.remote if isinstance(observed, Found) else None
            return _verdict(record, Action.DELETE, reason, found=remote_or_none)


def _verdict(
    record: Record, action: Action, reason: str, hint: str = "", *, found: RemoteVoice | None = None
) -> Change:
    return Change(
        address=record.address,
        provider=record.provider,
        action=action,
        reason=reason,
        hint=hint,
        before=face(record),
        method=record.method,
        record=record.external_task_id,
        found=found,
    )

"""Why an address needs another voice than it has, and the change that gives it one. Where from is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.body import Origin
from reconciler.model.manifest import Voice
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.state import Record
from reconciler.planning.amending import FIRST_USE, in_doubt, wants_activation
from reconciler.planning.change import verdict
from reconciler.planning.diff import face
from reconciler.planning.replaced import old_id
from reconciler.planning.scene import Scene


@dataclass(frozen=True, slots=True)
class Need:
    """`record` is what the address means now; `stands`: its voice is there, so that getting another is a replace."""

    reason: str
    record: Record | None = None
    stands: bool = False
    gone: bool = False  # its voice was there
    fields: tuple[FieldChange, ...] = ()
    found: RemoteVoice | None = None  # what `record` turned out to be, where it was not settled yet


def to_make(scene: Scene, voice: Voice, need: Need, *, key: str, generation: int, aside: str = "") -> Change:
    """A paid call, under this key."""
    action = Action.CLONE if voice.body.clones else Action.CREATE
    return _change(scene, voice, need, action, key=key, generation=generation, aside=aside)


def to_take(
    scene: Scene, voice: Voice, need: Need, made: RemoteVoice, *, key: str, generation: int, aside: str
) -> Change:
    """A voice that is there already, or whose task runs: nothing is bought."""
    action = Action.RESUME if made.status is TaskStatus.RUNNING else Action.RECOVER
    return _change(scene, voice, need, action, key=key, generation=generation, made=made, aside=aside)


def _change(
    scene: Scene,
    voice: Voice,
    need: Need,
    action: Action,
    *,
    key: str,
    generation: int,
    made: RemoteVoice | None = None,
    aside: str,
) -> Change:
    old = need.record if need.record is not None and need.record.external_task_id != key else None
    own = scene.state.records.get(key)
    stays = need.stands and _stays(scene, need.record)
    activates = wants_activation(scene, voice, own, made) and not in_doubt(scene, voice, own)
    ends = old_id(scene, voice, old, found=need.found, made=made) if need.stands and old is not None else ""
    reasons = [
        need.reason if need.stands or made is None else "",
        aside,
        _KEPT_IN_SIGHT if stays else "",
        _DELETED_FIRST if need.stands and made is None and not stays and _goes_first(voice, need.record) else "",
        FIRST_USE if activates else "",
    ]
    return verdict(
        voice,
        Action.REPLACE if need.stands else action,
        "; ".join(reason for reason in reasons if reason),
        ends,
        record=need.record,
        before=face(old, need.found) if old else None,
        fields=need.fields,
        key=key,
        generation=generation,
        found=need.found,
        made=made,
        gone=need.gone and made is None,
        abandons=stays,
        activates=activates,
    )


_KEPT_IN_SIGHT = "its cloud can't delete the old voice, which is kept in sight as abandoned"


_DELETED_FIRST = "the old voice is deleted first, so there is none if the new one fails"


def _goes_first(voice: Voice, old: Record | None) -> bool:
    return old is not None and old.origin is not Origin.OFFICIAL and not voice.lifecycle.create_before_destroy


def _stays(scene: Scene, old: Record | None) -> bool:
    """Whether the voice that is replaced can't be deleted."""
    return old is not None and old.origin is not Origin.OFFICIAL and not scene.deletable(old)

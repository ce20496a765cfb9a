"""Why an address needs another voice than it has, and the change that gives it one. Where from is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.state import Record
from reconciler.planning.change import verdict
from reconciler.planning.diff import face
from reconciler.planning.plan_context import PlanContext
from reconciler.planning.replaced import old_id
from reconciler.planning.updates import FIRST_USE, in_doubt, wants_activation


@dataclass(frozen=True, slots=True)
class Replacement:
    """`record` is what the address means now; `stands`: its voice is there, so that getting another is a replace."""

    reason: str
    record: Record | None = None
    stands: bool = False
    gone: bool = False  # its voice was there
    fields: tuple[FieldChange, ...] = ()
    found: RemoteVoice | None = None  # what `record` turned out to be, where it was not settled yet


def to_make(
    context: PlanContext, voice: Voice, replacement: Replacement, *, key: str, generation: int, aside: str = ""
) -> Change:
    """A paid call, under this key."""
    action = Action.CLONE if voice.body.clones else Action.CREATE
    return _change(context, voice, replacement, action, key=key, generation=generation, aside=aside)


def to_take(
    context: PlanContext,
    voice: Voice,
    replacement: Replacement,
    made: RemoteVoice,
    *,
    key: str,
    generation: int,
    aside: str,
) -> Change:
    """A voice that is there already, or whose task runs: nothing is bought."""
    action = Action.RESUME if made.status is TaskStatus.RUNNING else Action.RECOVER
    return _change(context, voice, replacement, action, key=key, generation=generation, made=made, aside=aside)


def _change(
    context: PlanContext,
    voice: Voice,
    replacement: Replacement,
    action: Action,
    *,
    key: str,
    generation: int,
    made: RemoteVoice | None = None,
    aside: str,
) -> Change:
    old = replacement.record if replacement.record is not None and replacement.record.external_task_id != key else None
    own = context.state.records.get(key)
    stays = replacement.stands and _stays(context, replacement.record)
    activates = wants_activation(context, voice, own, made) and not in_doubt(context, voice, own)
    ends = (
        old_id(context, voice, old, found=replacement.found, made=made)
        if replacement.stands and old is not None
        else ""
    )
    reasons = [
        replacement.reason if replacement.stands or made is None else "",
        aside,
        _KEPT_IN_SIGHT if stays else "",
        _DELETED_FIRST
        if replacement.stands and made is None and not stays and _goes_first(voice, replacement.record)
        else "",
        FIRST_USE if activates else "",
    ]
    return verdict(
        voice,
        Action.REPLACE if replacement.stands else action,
        "; ".join(reason for reason in reasons if reason),
        ends,
        record=replacement.record,
        before=face(old, replacement.found) if old else None,
        fields=replacement.fields,
        key=key,
        generation=generation,
        found=replacement.found,
        made=made,
        gone=replacement.gone and made is None,
        abandons=stays,
        activates=activates,
    )


_KEPT_IN_SIGHT = "its cloud can't delete the old voice, which is kept in sight as abandoned"


_DELETED_FIRST = "the old voice is deleted first, so there is none if the new one fails"


def _goes_first(voice: Voice, old: Record | None) -> bool:
    return old is not None and old.origin is not Origin.OFFICIAL and not voice.lifecycle.create_before_destroy


def _stays(context: PlanContext, old: Record | None) -> bool:
    """Whether the voice that is replaced can't be deleted."""
    return old is not None and old.origin is not Origin.OFFICIAL and not context.deletable(old)

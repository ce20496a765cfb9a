"""Makes the changes that give an address a new voice. `sourcing` decides where the voice comes from."""

from __future__ import annotations

from reconciler.hints import Hint, hint, way
from reconciler.model.manifest import Voice
from reconciler.model.method import Origin
from reconciler.model.observed import RemoteVoice, TaskStatus
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.state import Record
from reconciler.planning.change import make_change
from reconciler.planning.diff import shown_inputs
from reconciler.planning.plan_context import PlanContext
from reconciler.planning.replaced import old_id_note
from reconciler.planning.updates import FIRST_USE, activation_is_uncertain, wants_activation
from reconciler.values import value


@value
class Replacement:
    """Why an address needs a new voice.

    `record` is the current record of the address. `old_voice_exists`: its voice exists, so the change is a replace.
    """

    reason: str
    record: Record | None = None
    old_voice_exists: bool = False
    gone: bool = False  # its voice existed once and was deleted
    fields: tuple[FieldChange, ...] = ()
    found: RemoteVoice | None = None  # what was observed of `record`, where its outcome was open
    for_review: bool = False  # the new voice is made beside the one of `record`, which stays
    supersedes: Record | None = None  # a candidate that the new one replaces


def creation_change(
    context: PlanContext, voice: Voice, replacement: Replacement, *, key: str, generation: int, extra_reason: str = ""
) -> Change:
    """The change that creates the voice by a paid call, under this key."""
    action = Action.CLONE if voice.body.clones else Action.CREATE
    return _change(context, voice, replacement, action, key=key, generation=generation, extra_reason=extra_reason)


def adoption_change(
    context: PlanContext,
    voice: Voice,
    replacement: Replacement,
    made: RemoteVoice,
    *,
    key: str,
    generation: int,
    extra_reason: str,
) -> Change:
    """The change that adopts a voice which exists already, or whose task is running: no paid call."""
    action = Action.RESUME if made.status is TaskStatus.RUNNING else Action.RECOVER
    return _change(
        context, voice, replacement, action, key=key, generation=generation, made=made, extra_reason=extra_reason
    )


def _change(
    context: PlanContext,
    voice: Voice,
    replacement: Replacement,
    action: Action,
    *,
    key: str,
    generation: int,
    made: RemoteVoice | None = None,
    extra_reason: str,
) -> Change:
    old = replacement.record if replacement.record is not None and replacement.record.external_task_id != key else None
    own_record = context.state.records.get(key)
    keeps_old = replacement.old_voice_exists and _cannot_delete(context, replacement.record)
    activates = wants_activation(context, voice, own_record, made) and not activation_is_uncertain(
        context, voice, own_record
    )
    old_id_hint = (
        old_id_note(context, voice, old, found=replacement.found, made=made)
        if replacement.old_voice_exists and old is not None
        else how_to_decide(voice.address)
        if replacement.for_review
        else ""
    )
    reasons = [
        replacement.reason if replacement.old_voice_exists or replacement.for_review or made is None else "",
        FOR_REVIEW if replacement.for_review else "",
        SUPERSEDES if replacement.supersedes is not None and not replacement.gone else "",
        extra_reason,
        _KEPT_AS_ABANDONED if keeps_old else "",
        _DELETED_FIRST
        if replacement.old_voice_exists
        and made is None
        and not keeps_old
        and _deletes_old_first(voice, replacement.record)
        else "",
        FIRST_USE if activates else "",
    ]
    return make_change(
        voice,
        Action.REPLACE if replacement.old_voice_exists else action,
        "; ".join(reason for reason in reasons if reason),
        old_id_hint,
        record=replacement.record,
        before=shown_inputs(old, replacement.found) if old else None,
        fields=replacement.fields,
        key=key,
        generation=generation,
        found=replacement.found,
        made=made,
        gone=replacement.gone and made is None,
        abandons=keeps_old,
        activates=activates,
        candidate=replacement.for_review,
        supersedes=replacement.supersedes.external_task_id if replacement.supersedes is not None else None,
    )


FOR_REVIEW = "made for review: the current voice stays until you accept the new one"
SUPERSEDES = "the candidate before it is deleted then"
_KEPT_AS_ABANDONED = "its cloud can't delete the old voice, which is listed as abandoned"


_DELETED_FIRST = "the old voice is deleted first, so no voice is left if the new one fails"


def _deletes_old_first(voice: Voice, old: Record | None) -> bool:
    return old is not None and old.origin is not Origin.OFFICIAL and not voice.lifecycle.create_before_destroy


def _cannot_delete(context: PlanContext, old: Record | None) -> bool:
    """Whether the cloud can't delete the replaced voice."""
    return old is not None and old.origin is not Origin.OFFICIAL and not context.deletable(old)


def how_to_decide(address: str) -> Hint:
    """The commands that decide on a candidate."""
    return hint(way("To make it the voice of this entry", "accept", address), way("to delete it", "reject", address))


def how_to_reject(address: str) -> Hint:
    """The same where the entry does not declare the candidate."""
    why = "The entry declares other inputs than this candidate, so it can't be accepted"
    return hint(why, way("to delete it", "reject", address))

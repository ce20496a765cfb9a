"""Plans updates of an existing voice: its updatable keys and its activation. No new voice is made."""

from __future__ import annotations

from dataclasses import replace

from reconciler.hints import hint, way
from reconciler.model.manifest import Voice
from reconciler.model.observed import Found, Observation, RemoteVoice
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.state import MADE, Activation, Record
from reconciler.planning.blocked_change import blocked
from reconciler.planning.change import make_change
from reconciler.planning.diff import Difference, shown_inputs
from reconciler.planning.difference_text import listed
from reconciler.planning.plan_context import PlanContext

FIRST_USE = "activated by one paid TTS call"
CUT_SHORT = "its activation was interrupted; if the cloud does not list the voice, one paid TTS call activates it"


def update_change(context: PlanContext, voice: Voice, record: Record, changed: Difference) -> Change | None:
    """The update of the voice that the address has: in the cloud, in the state only, or None if nothing differs."""
    found = new_activation(record, context.observation(record))
    in_place = changed.updatable + _restored_name(context, voice, record)
    uses_it = wants_activation(context, voice, record)
    if uses_it and activation_is_uncertain(context, voice, record):
        return blocked(
            voice,
            record,
            "it is unknown whether the voice was activated: the reply was lost, and the cloud does not list it yet",
            hint("The next plan looks again", way("to pay for another call", "--retry", voice.address)),
        )
    if in_place and not uses_it and not _is_updatable(context, record):
        ways = "Declare activate, or use the voice once, or undo the change."
        return blocked(voice, record, "it can't be changed before its first use", ways)
    if not (in_place or changed.ours or changed.renewed or uses_it or found):
        return None
    return make_change(
        voice,
        Action.UPDATE,
        _reason(changed, in_place=bool(in_place), uses_it=uses_it, activation=record.activation),
        record=record,
        before=shown_inputs(record),
        fields=in_place + changed.ours + changed.renewed,
        key=record.external_task_id,
        found=found,
        activates=uses_it,
        in_place=tuple(dict.fromkeys(field.name.split(".")[0].split("[")[0] for field in in_place)),
    )


def labels_update(voice: Voice, record: Record, changed: Difference) -> Change | None:
    """The update of the labels and the lifecycle of a voice beside whose candidate nothing else changes.

    It has no identity: the declared inputs are those of the candidate.
    """
    kept = tuple(field for field in changed.ours if field.name.startswith(("labels.", "lifecycle.")))
    if not kept:
        return None
    change = make_change(
        voice,
        Action.UPDATE,
        "changes the state only, no call",
        record=record,
        before=shown_inputs(record),
        fields=kept,
        key=record.external_task_id,
    )
    return replace(change, identity=None)


def wants_activation(
    context: PlanContext, voice: Voice, record: Record | None, made: RemoteVoice | None = None
) -> bool:
    """Whether the activation is declared, and the voice is not known to be activated."""
    if not context.can(voice).activates or "activate" not in voice.inputs or (made is not None and made.active):
        return False
    return record is None or not _is_updatable(context, record)


def activation_is_uncertain(context: PlanContext, voice: Voice, record: Record | None) -> bool:
    """Whether the activation may have been made and paid. Then only `--retry` repeats it."""
    uncertain = record is not None and record.activation is Activation.UNCERTAIN
    return uncertain and voice.address not in context.options.retry


def new_activation(record: Record, observed: Observation) -> RemoteVoice | None:
    """What was observed of a voice, if it shows an activation that the record does not have."""
    is_new = isinstance(observed, Found) and observed.remote.active and record.activation is not Activation.DONE
    return observed.remote if is_new and isinstance(observed, Found) else None


def _is_updatable(context: PlanContext, record: Record) -> bool:
    """Whether the voice's cloud lists it, or soon will, so that it can be updated."""
    observed = context.observation(record)
    shown = isinstance(observed, Found) and observed.remote.active
    return shown or record.activation in MADE or not context.can(record).activates


def _restored_name(context: PlanContext, voice: Voice, record: Record) -> tuple[FieldChange, ...]:
    """The update that restores a name changed outside of voicectl, where the cloud can update names."""
    observed = context.observation(record)
    name = voice.inputs.get("name")
    if name is None or not context.can(record).updates or not isinstance(observed, Found) or not observed.remote.active:
        return ()
    seen = observed.remote.voice_name
    if seen is None or record.voice_name is None or seen == record.voice_name or record.sent.get("name") != name:
        return ()
    if "name" in voice.lifecycle.ignore_changes:
        return ()
    return (FieldChange(name="name", before=seen, after=name),)


def _reason(changed: Difference, *, in_place: bool, uses_it: bool, activation: Activation | None) -> str:
    calls, kept = in_place or uses_it, bool(changed.ours or changed.renewed)
    parts = {
        _renewed_text(changed): bool(changed.renewed),
        "updated in place": in_place,
        CUT_SHORT if activation is Activation.BEGUN else FIRST_USE: uses_it,
        "changes the state only, no call": kept and not calls,
        "the cloud lists it now; changes the state only, no call": not (calls or kept),
    }
    return "; ".join(part for part, applies in parts.items() if applies)


def _renewed_text(changed: Difference) -> str:
    names = [field.name for field in changed.renewed]
    return (
        f"only the signature{'s' * (len(names) > 1)} of {listed(names)} differ{'s' * (len(names) == 1)}"
        if names
        else ""
    )

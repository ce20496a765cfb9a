"""What a voice that stands still needs: keys told anew, and its first use. No new voice comes of it."""

from __future__ import annotations

from reconciler.hints import hint, way
from reconciler.model.manifest import Voice
from reconciler.model.observed import Found, Observation, RemoteVoice
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.state import MADE, Activation, Record
from reconciler.planning.blocked_change import blocked
from reconciler.planning.change import verdict
from reconciler.planning.diff import Difference, face
from reconciler.planning.difference_text import listed
from reconciler.planning.plan_context import PlanContext

FIRST_USE = "activated by one paid TTS call"
CUT_SHORT = (
    "its activation was interrupted: looked for, and made by one paid TTS call if the cloud still does not list it"
)


def update_change(context: PlanContext, voice: Voice, record: Record, changed: Difference) -> Change | None:
    """The cloud, the state, or neither is to be told something about the voice that the address has."""
    found = news(record, context.observation(record))
    in_place = changed.updatable + _renamed(context, voice, record)
    uses_it = wants_activation(context, voice, record)
    if uses_it and in_doubt(context, voice, record):
        return blocked(
            voice,
            record,
            "whether its activation was done is not known: the reply was lost, and the cloud does not list it yet",
            hint("The next plan looks again", way("to pay for another call", "--retry", voice.address)),
        )
    if in_place and not uses_it and not _shows(context, record):
        ways = "Declare activate, or use it once; or take the change back."
        return blocked(voice, record, "it can't be changed before its first use", ways)
    if not (in_place or changed.ours or changed.renewed or uses_it or found):
        return None
    return verdict(
        voice,
        Action.UPDATE,
        _reason(changed, in_place=bool(in_place), uses_it=uses_it, of=record.activation),
        record=record,
        before=face(record),
        fields=in_place + changed.ours + changed.renewed,
        key=record.external_task_id,
        found=found,
        activates=uses_it,
        in_place=tuple(dict.fromkeys(field.name.split(".")[0].split("[")[0] for field in in_place)),
    )


def wants_activation(
    context: PlanContext, voice: Voice, record: Record | None, made: RemoteVoice | None = None
) -> bool:
    """Whether its first use is declared, and nobody knows that it was made."""
    if not context.can(voice).activates or "activate" not in voice.inputs or (made is not None and made.active):
        return False
    return record is None or not _shows(context, record)


def in_doubt(context: PlanContext, voice: Voice, record: Record | None) -> bool:
    """Whether its first use may have been made and paid, so that only a person may ask for another."""
    uncertain = record is not None and record.activation is Activation.UNCERTAIN
    return uncertain and voice.address not in context.options.retry


def news(record: Record, observed: Observation) -> RemoteVoice | None:
    """What was seen of a voice, where it says more than the record does."""
    fresh = isinstance(observed, Found) and observed.remote.active and record.activation is not Activation.DONE
    return observed.remote if fresh and isinstance(observed, Found) else None


def _shows(context: PlanContext, record: Record) -> bool:
    """Whether its cloud shows it, or soon will, so that it can be changed."""
    observed = context.observation(record)
    shown = isinstance(observed, Found) and observed.remote.active
    return shown or record.activation in MADE or not context.can(record).activates


def _renamed(context: PlanContext, voice: Voice, record: Record) -> tuple[FieldChange, ...]:
    """A name that somebody changed outside is put back, where the cloud can."""
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


def _reason(changed: Difference, *, in_place: bool, uses_it: bool, of: Activation | None) -> str:
    calls, kept = in_place or uses_it, bool(changed.ours or changed.renewed)
    told = {
        _renewed(changed): bool(changed.renewed),
        "updated in place": in_place,
        CUT_SHORT if of is Activation.BEGUN else FIRST_USE: uses_it,
        "in the state only, no call": kept and not calls,
        "its first use is known now; in the state only, no call": not (calls or kept),
    }
    return "; ".join(words for words, holds in told.items() if holds)


def _renewed(changed: Difference) -> str:
    names = [field.name for field in changed.renewed]
    return (
        f"only the signature{'s' * (len(names) > 1)} of {listed(names)} differ{'s' * (len(names) == 1)}"
        if names
        else ""
    )

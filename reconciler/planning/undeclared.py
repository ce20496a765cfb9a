"""The verdicts for what the manifest does not declare: removed entries, old and half-made records.

Only voices of our own records are ever deleted, and none that an address still means.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Cause
from reconciler.hints import Hint
from reconciler.model.method import Origin
from reconciler.model.observed import Found, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Action, Change
from reconciler.model.state import SETTLING, Record, Status
from reconciler.planning.blocked_change import resolve_hint, to_allow, undeclared
from reconciler.planning.change import verdict
from reconciler.planning.diff import face
from reconciler.planning.outcome import Failed, ForAPerson, Gone, NeverArrived, NotKnown, OutOfSight, There, outcome
from reconciler.planning.plan_context import Place, PlanContext, is_due


@dataclass(frozen=True, slots=True)
class Settled:
    """What the verdicts for addresses leave to the old records beside them."""

    used: frozenset[str] = frozenset()  # keys that a verdict goes on with
    stopped: frozenset[str] = frozenset()  # addresses that are blocked: what is wanted of them is open
    held: frozenset[Place] = frozenset()  # that an address means or is about to
    wanted: frozenset[Place] = frozenset()  # declared as existing, and not taken in yet


def removed(context: PlanContext, record: Record) -> Change:
    """The verdict for a current record whose address left the manifest."""
    if record.provider not in context.manifest.providers:
        return _verdict(record, Action.BLOCKED, *undeclared(record))
    if record.provider in context.account_problems:
        doubt = context.account_problems[record.provider]
        return _verdict(record, Action.BLOCKED, doubt.why, doubt.hint)
    if record.address in context.stopped:
        return _verdict(record, Action.BLOCKED, *context.stopped[record.address])
    reason = "to be destroyed" if context.options.destroy else "not declared any more"
    if record.origin is Origin.OFFICIAL:
        return _verdict(record, Action.FORGET, f"{reason}; an official voice, which stays")
    if record.status in _GIVEN_UP:  # no run leaves an address with one
        return _verdict(record, Action.FORGET, f"{reason}; given up earlier")
    return _discarded(context, record, reason, protect=True)


_GIVEN_UP = frozenset({Status.DELETED, Status.ABANDONED, Status.LAPSED})


def beside(context: PlanContext, record: Record, settled: Settled) -> Change | None:
    """The verdict for an unbound record: deposed, given up, or a replacement that is not wanted any more."""
    if record.external_task_id in settled.used or _current_unseen(context, record):
        return None
    if record.status in SETTLING and record.address in settled.stopped:
        return None
    if record.status is Status.LAPSED and not _arrived(context, record):
        return None
    if record.status is Status.DEPOSED and not is_due(record, context.now, context.options):
        return None
    if record.provider not in context.manifest.providers:
        reason = f"its old voice is at the provider {record.provider}, which the manifest does not declare any more"
        return _verdict(record, Action.BLOCKED, reason, f"Declare {record.provider} again, so that it can be deleted.")
    if record.provider in context.account_problems:
        doubt = context.account_problems[record.provider]
        return _verdict(record, Action.BLOCKED, doubt.why, doubt.hint)
    places = _places(context, record)
    if places & settled.held:
        kept = record.status is Status.LAPSED
        return None if kept else _verdict(record, Action.FORGET, "its voice has an address again")
    if places & settled.wanted:
        return None
    return _discarded(context, record, _why(record))


def _why(record: Record) -> str:
    match record.status:
        case Status.LAPSED:
            return "an intent given up earlier arrived late after all"
        case Status.DEPOSED if record.deposed_by:
            return "replaced by another voice"
        case Status.DEPOSED:
            return "an earlier run began to delete it"
        case _:
            return "begun by an interrupted run, not wanted any more"


def _arrived(context: PlanContext, record: Record) -> bool:
    """Whether what a given up intent asked for is there after all."""
    match outcome(context, record):
        case There(remote):
            return remote.status is TaskStatus.READY
        case _:
            return False


def _current_unseen(context: PlanContext, record: Record) -> bool:
    """While nobody can tell whether an address has its voice, none of its other voices is touched."""
    current = context.state.at(record.address)
    seen = context.observation(current) if current is not None else None
    return isinstance(seen, Unknown)


def _places(context: PlanContext, record: Record) -> set[Place]:
    observed = context.observation(record)
    ids = {record.voice_id, observed.remote.voice_id if isinstance(observed, Found) else None}
    return {context.place(record.account, voice_id) for voice_id in ids if voice_id is not None}


def _discarded(context: PlanContext, record: Record, reason: str, *, protect: bool = False) -> Change:
    match outcome(context, record):
        case NotKnown(why):
            return _unseen(record, reason, why)
        case Failed(unseen=why) if why:
            return _unseen(record, reason, why)
        case Failed() if record.cause is Cause.KEY_IN_USE:
            return _verdict(record, Action.FORGET, f"{reason}; what another run made with its key is not touched")
        case Failed(remote=None):
            return _verdict(record, Action.FORGET, f"{reason}; its creation had failed, so there is no voice")
        case Failed() if record.voice_id is None:
            return _verdict(record, Action.FORGET, f"{reason}; its creation failed, so there is no voice")
        case NeverArrived():
            return _verdict(record, Action.FORGET, f"{reason}; its call never arrived")
        case Gone():
            return _verdict(record, Action.FORGET, f"{reason}; gone already")
        case ForAPerson(message):
            why = message or "nobody can tell whether it was made"
            ways = resolve_hint(record, which=context.name_to_resolve(record))
            return _verdict(record, Action.BLOCKED, f"{reason}, but {why}", ways)
        case There(remote) | Failed(remote):
            return _let_go(context, record, reason, remote, protect=protect)
        case OutOfSight():
            return _let_go(context, record, reason, None, protect=protect)


def _unseen(record: Record, reason: str, why: str) -> Change:
    return _verdict(record, Action.BLOCKED, f"{reason}, but could not tell whether it exists: {why}")


def _let_go(context: PlanContext, record: Record, reason: str, found: RemoteVoice | None, *, protect: bool) -> Change:
    """Deleted; where that can't be, kept in sight as abandoned."""
    if protect and _protected(context, record):
        return _verdict(record, Action.BLOCKED, f"prevent_destroy: {reason}", _to_allow(context, record))
    if context.deletable(record):
        return _verdict(record, Action.DELETE, reason, found=found)
    reason = f"{reason}; {_stays(context, record)}, so it stays there and is listed as abandoned"
    return _verdict(record, Action.FORGET, reason, found=found, abandons=True)


def _stays(context: PlanContext, record: Record) -> str:
    return "it can't be deleted before its first use" if context.can(record).deletes else "its cloud can't delete it"


def _protected(context: PlanContext, record: Record) -> bool:
    """As declared; of an entry that left the manifest, as it was."""
    voice = context.manifest.voices.get(record.address)
    return (voice if voice is not None else record).lifecycle.prevent_destroy


def _to_allow(context: PlanContext, record: Record) -> str:
    if record.address in context.manifest.voices:
        return to_allow(context.manifest, record.address)
    return f"To allow it, declare {record.address} without lifecycle.prevent_destroy and apply that first."


def _verdict(
    record: Record,
    action: Action,
    reason: str,
    hint: Hint | str = "",
    *,
    found: RemoteVoice | None = None,
    abandons: bool = False,
) -> Change:
    before = face(record, found)
    return verdict(record, action, reason, hint, record=record, before=before, found=found, abandons=abandons)

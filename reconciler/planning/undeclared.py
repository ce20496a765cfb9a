"""Plans the changes for what the manifest does not declare: removed entries, deposed records, unfinished creations.

A voice is deleted only if it has a record in this state, and never while an address is bound to it.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.hints import Hint
from reconciler.model.address import parts
from reconciler.model.method import Origin
from reconciler.model.observed import Found, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Action, Change
from reconciler.model.state import SETTLING, Record, Status
from reconciler.planning import candidates, earlier_run, explicit_moves
from reconciler.planning.blocked_change import how_to_allow, provider_undeclared, resolve_hint
from reconciler.planning.change import make_change
from reconciler.planning.diff import shown_inputs
from reconciler.planning.outcome import Exists, Failed, Gone, NeedsUser, NeverArrived, NotKnown, NotObservable, outcome
from reconciler.planning.plan_context import Place, PlanContext, is_due_for_deletion
from reconciler.values import value


@value
class Decided:
    """What is already decided for the addresses, before the unbound records are planned."""

    used: frozenset[str] = frozenset()  # keys that a change of an address continues with
    blocked: frozenset[str] = frozenset()  # blocked addresses: it is open which of their records are needed
    held: frozenset[Place] = frozenset()  # voices that an address is bound to, or will be
    wanted: frozenset[Place] = frozenset()  # voices that are declared as existing, but not imported yet


def change_for_removed(context: PlanContext, record: Record, *, reason: str = "no longer declared") -> Change:
    """The change for a current record whose address was removed from the manifest, or must not be kept (`reason`)."""
    if record.provider not in context.manifest.providers:
        return _change(record, Action.BLOCKED, *provider_undeclared(record))
    if record.provider in context.account_problems:
        problem = context.account_problems[record.provider]
        return _change(record, Action.BLOCKED, problem.why, problem.hint)
    if record.address in context.blocked:
        return _change(record, Action.BLOCKED, *context.blocked[record.address])
    reason = "to be destroyed" if context.options.destroy else reason
    if record.origin is Origin.OFFICIAL:
        return _change(record, Action.FORGET, f"{reason}; an official voice, which stays")
    if record.status in _GIVEN_UP:  # no run leaves an address bound to such a record
        return _change(record, Action.FORGET, f"{reason}; given up earlier")
    return _discard(context, record, reason, protect=True)


def _stays(context: PlanContext, record: Record) -> bool:
    """Whether the manifest says that the voice of this removed entry, or of an instance of it, stays in its account."""
    released = context.manifest.released
    if not released or record.address in context.manifest.voices:
        return False
    address = explicit_moves.last_address(context.manifest.moved, record.address)  # it may not have moved yet
    return not released.isdisjoint({each for at in (record.address, address) for each in (at, parts(at)[0])})


_GIVEN_UP = frozenset({Status.DELETED, Status.ABANDONED, Status.LAPSED})


def change_for_unbound(context: PlanContext, record: Record, decided: Decided) -> Change | None:
    """The change for an unbound record: deposed, lapsed, or from a creation that is no longer needed."""
    if record.external_task_id in decided.used:
        return None
    if record.status is Status.CANDIDATE or (record.for_review and record.address in context.options.reject):
        return _change_for_candidate(context, record)
    if _current_is_unknown(context, record):
        return None
    if record.status in SETTLING and record.address in decided.blocked:
        return None
    if record.status is Status.LAPSED and not _has_arrived(context, record):
        return None
    if record.status is Status.DEPOSED and not is_due_for_deletion(record, context.now, context.options):
        return None
    problem = _blocked_by_provider(context, record)
    if problem is not None:
        return problem
    places = _places(context, record)
    if places & decided.held:
        kept = record.status is Status.LAPSED
        return None if kept else _change(record, Action.FORGET, "its voice has an address again")
    if places & decided.wanted:
        return None
    return _discard(context, record, _reason(context, record))


def _change_for_candidate(context: PlanContext, record: Record) -> Change | None:
    """The change for a candidate, or for a creation of one that the user rejects. None: it stays."""
    why = candidates.why_it_ends(context, record)
    if not why:
        return None
    rejects = record.address in context.options.reject
    change = _blocked_by_provider(context, record) or _discard(context, record, why, protect=not rejects)
    return replace(change, rejects=rejects)


def _blocked_by_provider(context: PlanContext, record: Record) -> Change | None:
    if record.provider not in context.manifest.providers:
        reason = f"its old voice is at the provider {record.provider}, which the manifest no longer declares"
        return _change(record, Action.BLOCKED, reason, f"Declare {record.provider} again, so that it can be deleted.")
    if record.provider in context.account_problems:
        problem = context.account_problems[record.provider]
        return _change(record, Action.BLOCKED, problem.why, problem.hint)
    return None


def _reason(context: PlanContext, record: Record) -> str:
    match record.status:
        case Status.LAPSED:
            return "a creation that was given up arrived late"
        case Status.DEPOSED if record.deposed_by:
            return "replaced by another voice"
        case Status.DEPOSED:
            return "an earlier run began to delete it"
        case _:
            return earlier_run.not_needed(context.options)


def _has_arrived(context: PlanContext, record: Record) -> bool:
    """Whether a lapsed intent has made a voice after all."""
    match outcome(context, record):
        case Exists(remote):
            return remote.status is TaskStatus.READY
        case _:
            return False


def _current_is_unknown(context: PlanContext, record: Record) -> bool:
    """Whether the address's current voice could not be observed. Then none of its other voices is changed."""
    current = context.state.at(record.address)
    seen = context.observation(current) if current is not None else None
    return isinstance(seen, Unknown)


def _places(context: PlanContext, record: Record) -> set[Place]:
    observed = context.observation(record)
    ids = {record.voice_id, observed.remote.voice_id if isinstance(observed, Found) else None}
    return {context.place(record.account, voice_id) for voice_id in ids if voice_id is not None}


def _discard(context: PlanContext, record: Record, reason: str, *, protect: bool = False) -> Change:
    match outcome(context, record):
        case NotKnown(why):
            return _blocked_as_unknown(record, reason, why)
        case Failed(unseen=why) if why:
            return _blocked_as_unknown(record, reason, why)
        case Failed() if record.key_was_used:
            return _change(record, Action.FORGET, f"{reason}; what another run made with its key is not touched")
        case Failed(remote=None):
            return _change(record, Action.FORGET, f"{reason}; its creation had failed, so there is no voice")
        case Failed() if record.voice_id is None:
            return _change(record, Action.FORGET, f"{reason}; its creation failed, so there is no voice")
        case NeverArrived():
            return _change(record, Action.FORGET, f"{reason}; its call never reached the cloud")
        case Gone():
            return _change(record, Action.FORGET, f"{reason}; gone already")
        case NeedsUser(message):
            why = message or "it is unknown whether it was made"
            ways = resolve_hint(record, which=context.name_to_resolve(record))
            return _change(record, Action.BLOCKED, f"{reason}, but {why}", ways)
        case Exists(remote) | Failed(remote):
            return _delete_or_abandon(context, record, reason, remote, protect=protect)
        case NotObservable():
            return _delete_or_abandon(context, record, reason, None, protect=protect)


def _blocked_as_unknown(record: Record, reason: str, why: str) -> Change:
    return _change(record, Action.BLOCKED, f"{reason}, but could not determine whether it exists: {why}")


def _delete_or_abandon(
    context: PlanContext, record: Record, reason: str, found: RemoteVoice | None, *, protect: bool
) -> Change:
    """Deletes the voice. Where its cloud can't delete it, or the user wants to keep it, it is recorded as abandoned."""
    if _stays(context, record):
        reason = "as the manifest says under removed:; the voice stays in its account"
        return _change(record, Action.FORGET, reason, found=found, abandons=True)
    if protect and _protected(context, record):
        return _change(record, Action.BLOCKED, f"prevent_destroy: {reason}", _how_to_allow(context, record))
    if context.deletable(record):
        return _change(record, Action.DELETE, reason, found=found)
    reason = f"{reason}; {_why_not_deletable(context, record)}, so it stays there and is listed as abandoned"
    return _change(record, Action.FORGET, reason, found=found, abandons=True)


def _why_not_deletable(context: PlanContext, record: Record) -> str:
    return "it can't be deleted before its first use" if context.can(record).deletes else "its cloud can't delete it"


def _protected(context: PlanContext, record: Record) -> bool:
    """Whether `prevent_destroy` protects the record: as declared, or for a removed entry, as recorded."""
    voice = context.manifest.voices.get(record.address)
    return (voice if voice is not None else record).lifecycle.prevent_destroy


def _how_to_allow(context: PlanContext, record: Record) -> str:
    if record.address in context.manifest.voices:
        return how_to_allow(context.manifest)
    return "To allow it, declare the entry without lifecycle.prevent_destroy and apply that first."


def _change(
    record: Record,
    action: Action,
    reason: str,
    hint: Hint | str = "",
    *,
    found: RemoteVoice | None = None,
    abandons: bool = False,
) -> Change:
    before = shown_inputs(record, found)
    return make_change(record, action, reason, hint, record=record, before=before, found=found, abandons=abandons)

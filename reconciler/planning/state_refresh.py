"""Plans `--refresh-only`: the state takes over what the accounts show, and nothing is created or deleted.

A voice that is gone leaves the state, a name or an expiry that changed is written. A voice that could not be checked
is blocked. An open creation stays as it is:
only a run that continues it may decide what became of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.hints import Hint
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.state import Record, Status
from reconciler.model.time_format import format_time
from reconciler.planning.change import make_change
from reconciler.planning.diff import shown_inputs
from reconciler.planning.plan_context import PlanContext


def changes(context: PlanContext) -> tuple[Change, ...]:
    """One change for every recorded voice that its account shows otherwise than the state."""
    records = (context.state.records[key] for _, key in sorted(context.state.current.items()))
    made = [record for record in records if record.status is Status.READY]
    found = (_change(context, record) for record in (*made, *context.candidates.values()))
    return tuple(change for change in found if change is not None)


def _change(context: PlanContext, record: Record) -> Change | None:
    problem = context.account_problems.get(record.provider)
    if problem is not None:  # what its account shows, or does not show, proves nothing
        return _blocked(record, problem.why, problem.hint)
    if record.address in context.blocked:
        return None
    match context.observation(record):
        case Unknown(why):
            return _blocked(record, f"could not determine whether the voice exists: {why}")
        case Absent() if record.origin is not Origin.OFFICIAL and not context.may_be_unlisted(record):
            lost = (FieldChange(name="voice_id", before=record.voice_id),) if record.voice_id else ()
            reason = "it no longer exists in the cloud"
            return make_change(record, Action.FORGET, reason, record=record, fields=lost, gone=True, refresh=True)
        case Found(remote=remote) if remote.status is TaskStatus.READY:
            fields = tuple(_differences(record, remote))
            if fields:
                reason = "the account shows another value"
                return make_change(
                    record, Action.UPDATE, reason, record=record, fields=fields, found=remote, refresh=True
                )
    return None


def _blocked(record: Record, why: str, ways: Hint | str = "") -> Change:
    """A voice that was not verified: the state keeps it, and the run is not green."""
    return make_change(record, Action.BLOCKED, why, ways, record=record, before=shown_inputs(record))


def _differences(record: Record, remote: RemoteVoice) -> Iterator[FieldChange]:
    if remote.voice_name and remote.voice_name != record.voice_name:
        yield FieldChange(name="voice_name", before=record.voice_name, after=remote.voice_name)
    if remote.expires_at is not None and remote.expires_at != record.expires_at:
        before = format_time(record.expires_at) if record.expires_at is not None else None
        yield FieldChange(name="expires_at", before=before, after=format_time(remote.expires_at))

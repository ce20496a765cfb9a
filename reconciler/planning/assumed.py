"""What a plan without a look at the accounts assumes of the recorded voices: `plan --refresh=false`."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.observed import Found, Observation, Observations, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.state import Record, State, Status
from reconciler.planning.plan_context import as_recorded

_NOT_LOOKED = "no account was looked at (--refresh=false)"


def observations(state: State, accounts: Mapping[str, str]) -> dict[str, Observations]:
    """The observations of each provider, as if its account showed what the state holds. `accounts`: by provider."""
    made = {name: Observations(account=account) for name, account in accounts.items()}
    for key, record in state.records.items():
        if record.provider in made:
            made[record.provider].of[key] = _assumed(record)
    return made


def _assumed(record: Record) -> Observation:
    match record.status:
        case Status.READY | Status.CANDIDATE | Status.DEPOSED:
            return Found(as_recorded(record))
        case Status.RUNNING:
            return Found(RemoteVoice(status=TaskStatus.RUNNING, task_id=record.task_id))
        case Status.INTENDED | Status.UNCERTAIN:
            return Unknown(_NOT_LOOKED)
        case Status.FAILED | Status.DELETED | Status.ABANDONED | Status.LAPSED:
            return Unverifiable(_NOT_LOOKED)

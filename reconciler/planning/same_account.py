"""Decides from one record whether two provider names are the same account. The endpoint alone proves nothing.

For a cloud that lists voices, both names must list this voice, with its key and its owner. For a cloud that lists
nothing, the application, the region and the credentials must be equal.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto

from reconciler.model.account import Account
from reconciler.model.cloud_types import find
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, Observation, Observations, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import Record, Status
from reconciler.planning.plan_context import is_just_accepted
from reconciler.values import value


class Comparison(Enum):
    """What one record shows about two provider names."""

    SAME = auto()
    DIFFERENT = auto()  # the account of the new name does not have this voice
    NO_EVIDENCE = auto()  # neither name shows anything of the record, and their credentials differ


@value
class Undecided:
    """The record does not decide it, so nothing may be paid for, changed or deleted. `temporary`: a later run may."""

    why: str
    temporary: bool = False


@value
class Name:
    """A provider name, and the observations of its account."""

    name: str
    seen: Observations


def are_two_accounts(old: Account, new: Account) -> bool:
    """Whether the manifest proves that these are two accounts: another cloud, application or region."""
    return (old.type, old.application) != (new.type, new.application)  # one account may have several endpoints


def compare(record: Record, old: Name, new: Name, *, now: datetime) -> Comparison | Undecided:
    """Compares what both names show of `record`, which has the old name and was looked up under both."""
    a, b = _observed(record, old), _observed(record, new)
    if record.origin is Origin.OFFICIAL:  # every account of a cloud has the same official voices
        return Comparison.SAME if isinstance(b, Found) else Comparison.DIFFERENT
    for name, each in ((old, a), (new, b)):
        if isinstance(each, Unknown):
            return Undecided(f"{name.name}: {each.why}", temporary=True)
    cloud = find(record.type)  # None: of a package that no provider needs any more
    if cloud is not None and cloud.account.lists:
        return _compare_listed(record, old, new, a, b, now=now)
    return _compare_unlisted(record, old, new, a, b)


def _observed(record: Record, name: Name) -> Observation:
    if record.status is Status.DELETED:
        return Absent()
    return name.seen.of.get(record.external_task_id, Unknown(why="voicectl did not check it"))


# -- a cloud that lists ------------------------------------------------------------------------------------------------


def _compare_listed(
    record: Record, old: Name, new: Name, a: Observation, b: Observation, *, now: datetime
) -> Comparison | Undecided:
    match a, b:
        case Found(remote=there), Found(remote=here):
            return _both_list_it(record, old, new, there, here)
        case Found(remote=there), _:
            return _only_old_lists_it(record, old, new, there, now=now)
        case _, Found():
            return Undecided(f"{new.name} lists its voice, and {old.name} does not", temporary=True)
        case _:
            return Comparison.SAME if _same_access(old, new) else Comparison.NO_EVIDENCE


def _both_list_it(
    record: Record, old: Name, new: Name, there: RemoteVoice, here: RemoteVoice
) -> Comparison | Undecided:
    """The result if both names list a voice for this record. Ids come from the server, so they are unique."""
    pairs = ((there.task_id, here.task_id), (there.voice_id, here.voice_id), (there.voice_id, record.voice_id))
    if any(one and other and one != other for one, other in pairs):
        return Undecided(f"{new.name} lists another voice under its key")
    if there.external_task_id != here.external_task_id:
        return Undecided(f"{old.name} and {new.name} list it under different keys")
    if record.attempts > 0 and here.external_task_id != record.external_task_id:
        return Undecided(f"{new.name} does not list it under its key, {record.external_task_id}")
    owners = {old.name: _owner(record, there), new.name: _owner(record, here)}
    for name, owner in owners.items():
        if owner is None and there.status is here.status is TaskStatus.READY:
            return Undecided(f"{name} lists it without its owner")
    known = {owner for owner in (*owners.values(), record.owned_by) if owner is not None}
    if len(known) > 1:
        return Undecided(f"it belongs to different owners: {', '.join(sorted(known))}")
    return Comparison.SAME


def _only_old_lists_it(
    record: Record, old: Name, new: Name, there: RemoteVoice, *, now: datetime
) -> Comparison | Undecided:
    """The result if the old name lists the voice and the new one does not."""
    if is_just_accepted(record, now):
        return Undecided(f"its task is new, and {new.name} may list it late", temporary=True)
    owners = new.seen.owners & {_owner(record, there), record.owned_by}
    if owners:
        return Undecided(f"{new.name} lists voices of the same owner, {min(map(str, owners))}, but not this one")
    if _same_access(old, new):
        return Undecided(f"{old.name} lists it, and {new.name} does not, with the same credentials", temporary=True)
    return Comparison.DIFFERENT


def _owner(record: Record, remote: RemoteVoice) -> str | None:
    cloud = find(record.type)
    return remote.owned_by if cloud is None or remote.owned_by != cloud.account.official_owner else None


def _same_access(old: Name, new: Name) -> bool:
    """Whether both names have the same endpoint and the same credentials."""
    return old.seen.account == new.seen.account and _same_credentials(old, new)


# -- a cloud that lists nothing, or not all ----------------------------------------------------------------------------


def _compare_unlisted(record: Record, old: Name, new: Name, a: Observation, b: Observation) -> Comparison | Undecided:
    """The result for a cloud that lists nothing. `are_two_accounts` has already compared application and region."""
    match a, b:
        case Found(remote=there), Found(remote=here):
            ids = ((there.voice_id, here.voice_id), (there.task_id, here.task_id))
            if any(one and other and one != other for one, other in ids):
                return Undecided(f"{new.name} shows another voice under its key")
            return Comparison.SAME
        case (Found(), _) | (_, Found()):
            shows, lacks = (old, new) if isinstance(a, Found) else (new, old)
            return Undecided(f"{shows.name} shows it, and {lacks.name} does not", temporary=_same_credentials(old, new))
        case _ if _same_credentials(old, new):
            return Comparison.SAME
        case Absent(), Absent():
            return Comparison.NO_EVIDENCE
        case _ if record.status in {Status.INTENDED, Status.UNCERTAIN}:
            return Comparison.NO_EVIDENCE
        case _:
            return Undecided("it is the same application, but their credentials differ, and the cloud lists nothing")


def _same_credentials(old: Name, new: Name) -> bool:
    return old.seen.credentials is not None and old.seen.credentials == new.seen.credentials

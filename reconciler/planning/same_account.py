"""Whether two provider names are one account, as far as one record can tell. The endpoint alone proves nothing.

A cloud that lists shows it: both names list this very voice, under its key and with its owner. A cloud that lists
nothing can't show it: there the application, the region and the credentials must be the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from reconciler.model.accounts import Account, KlingAccount, TencentTrtcAccount, TencentVodAccount
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, Observation, Observations, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import Record, Status
from reconciler.planning.plan_context import is_just_accepted

_OFFICIAL = "kling"  # the owner of what every account of Kling's may list


class Comparison(Enum):
    SAME = auto()
    TWO = auto()  # the account of the new name does not have this voice
    NOTHING = auto()  # neither name shows anything of the record, and their credentials differ


@dataclass(frozen=True, slots=True)
class Undecided:
    """It can't be decided, so nothing may be bought, changed or deleted. `passing`: another run may be able to."""

    why: str
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A provider's name, and what its account looked like in this run."""

    name: str
    seen: Observations


def surely_two(old: Account, new: Account) -> bool:
    """Whether the manifest itself says that these are two accounts: another cloud, application or region."""
    match old, new:
        case KlingAccount(), KlingAccount():
            return False  # one account may be reached at several addresses
        case TencentVodAccount(), TencentVodAccount():
            return old.sub_app_id != new.sub_app_id
        case TencentTrtcAccount(), TencentTrtcAccount():
            return (old.sdk_app_id, old.region) != (new.sdk_app_id, new.region)
        case _:
            return True


def compare(record: Record, old: Name, new: Name, *, now: datetime) -> Comparison | Undecided:
    """`record` is of the old name, and was looked for under both."""
    a, b = _observed(record, old), _observed(record, new)
    if record.origin is Origin.OFFICIAL:  # the same for every account of its cloud
        return Comparison.SAME if isinstance(b, Found) else Comparison.TWO
    for name, each in ((old, a), (new, b)):
        if isinstance(each, Unknown):
            return Undecided(f"{name.name}: {each.why}", passing=True)
    if record.type == "kling":
        return _listed(record, old, new, a, b, now=now)
    return _unlisted(record, old, new, a, b)


def _observed(record: Record, name: Name) -> Observation:
    if record.status is Status.DELETED:
        return Absent()
    return name.seen.of.get(record.external_task_id, Unknown(why="it was not asked about"))


# -- a cloud that lists ------------------------------------------------------------------------------------------------


def _listed(
    record: Record, old: Name, new: Name, a: Observation, b: Observation, *, now: datetime
) -> Comparison | Undecided:
    match a, b:
        case Found(remote=there), Found(remote=here):
            return _twice(record, old, new, there, here)
        case Found(remote=there), _:
            return _missed(record, old, new, there, now=now)
        case _, Found():
            return Undecided(f"{new.name} lists its voice, and {old.name} does not", passing=True)
        case _:
            return Comparison.SAME if _same_door(old, new) else Comparison.NOTHING


def _twice(record: Record, old: Name, new: Name, there: RemoteVoice, here: RemoteVoice) -> Comparison | Undecided:
    """Both names list something for this record. The ids come from the server, so no two voices share one."""
    pairs = ((there.task_id, here.task_id), (there.voice_id, here.voice_id), (there.voice_id, record.voice_id))
    if any(one and other and one != other for one, other in pairs):
        return Undecided(f"{new.name} lists another voice under its key")
    if there.external_task_id != here.external_task_id:
        return Undecided(f"{old.name} and {new.name} list it under different keys")
    if record.attempts > 0 and here.external_task_id != record.external_task_id:
        return Undecided(f"{new.name} does not list it under its key, {record.external_task_id}")
    owners = {old.name: _owner(there), new.name: _owner(here)}
    for name, owner in owners.items():
        if owner is None and there.status is here.status is TaskStatus.READY:
            return Undecided(f"{name} lists it without its owner")
    known = {owner for owner in (*owners.values(), record.owned_by) if owner is not None}
    if len(known) > 1:
        return Undecided(f"it belongs to different owners: {', '.join(sorted(known))}")
    return Comparison.SAME


def _missed(record: Record, old: Name, new: Name, there: RemoteVoice, *, now: datetime) -> Comparison | Undecided:
    """The old name lists it, and the new one does not."""
    if is_just_accepted(record, now):
        return Undecided(f"its task is new, and {new.name} may list it late", passing=True)
    owners = new.seen.owners & {_owner(there), record.owned_by}
    if owners:
        return Undecided(f"{new.name} lists voices of the same owner, {min(map(str, owners))}, but not this one")
    if _same_door(old, new):
        return Undecided(f"{old.name} lists it, and {new.name} does not, with the same credentials", passing=True)
    return Comparison.TWO


def _owner(remote: RemoteVoice) -> str | None:
    return None if remote.owned_by == _OFFICIAL else remote.owned_by


def _same_door(old: Name, new: Name) -> bool:
    """The same endpoint and the same credentials."""
    return old.seen.account == new.seen.account and _same_credentials(old, new)


# -- a cloud that lists nothing, or not all ----------------------------------------------------------------------------


def _unlisted(record: Record, old: Name, new: Name, a: Observation, b: Observation) -> Comparison | Undecided:
    """The application and the region are the same already: see `surely_two`."""
    match a, b:
        case Found(remote=there), Found(remote=here):
            ids = ((there.voice_id, here.voice_id), (there.task_id, here.task_id))
            if any(one and other and one != other for one, other in ids):
                return Undecided(f"{new.name} shows another voice under its key")
            return Comparison.SAME
        case (Found(), _) | (_, Found()):
            shows, lacks = (old, new) if isinstance(a, Found) else (new, old)
            return Undecided(f"{shows.name} shows it, and {lacks.name} does not", passing=_same_credentials(old, new))
        case _ if _same_credentials(old, new):
            return Comparison.SAME
        case Absent(), Absent():
            return Comparison.NOTHING
        case _ if record.status in {Status.INTENDED, Status.UNCERTAIN}:
            return Comparison.NOTHING
        case _:
            return Undecided("it is the same application, but their credentials differ, and the cloud lists nothing")


def _same_credentials(old: Name, new: Name) -> bool:
    return old.seen.credentials is not None and old.seen.credentials == new.seen.credentials

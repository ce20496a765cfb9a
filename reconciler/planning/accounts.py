"""Is this the right account? Asked of each provider before any of its voices is judged.

Unknown is not gone: with the wrong credentials every voice looks gone, and a tool that believed it would buy them all
again.
"""

from __future__ import annotations

from collections.abc import Collection

from reconciler.model.base import Frozen
from reconciler.model.observed import Absent, Found, Observations
from reconciler.model.state import LIVE, Record, Status


class Doubt(Frozen):
    """Why nothing of a provider may be changed, and what to type."""

    why: str
    hint: str


def doubt(
    provider: str, records: Collection[Record], seen: Observations, *, allow_recreates: int | None
) -> Doubt | None:
    """None when the account is the one that the records were made on.

    `allow_recreates` with the exact number of voices that can't be found says that they are truly gone.
    """
    made = [r for r in records if r.status in LIVE and r.method != "preset"]
    elsewhere = sorted({r.account for r in made} - {seen.account})
    if elsewhere:
        return Doubt(
            why=f"its voices were made on {elsewhere[0]}, and this is {seen.account}: is this the right account?",
            hint=f"Point the provider back; or, if it is the same account: voicectl state rebind {provider}",
        )
    known = [r for r in made if r.status in {Status.READY, Status.RUNNING}]
    looked = [seen.of.get(r.external_task_id) for r in known]
    if not known or any(isinstance(o, Found) for o in looked):
        return None
    owners = {r.owned_by for r in known if r.owned_by}
    if owners and seen.owners and not owners & seen.owners:
        return Doubt(
            why=(
                f"its voices belong to {_listed(owners)}, and this account's to {_listed(seen.owners)}: "
                "is this the right account?"
            ),
            hint=f"Use the credentials of the first; or, if it is the same account: voicectl state rebind {provider}",
        )
    if all(isinstance(o, Absent) for o in looked) and allow_recreates != len(known):
        return Doubt(
            why=f"none of its {len(known)} known voices can be found: is this the right account?",
            hint=f"Check the credentials; or, if they are truly gone: --allow-recreates {len(known)}",
        )
    return None


def _listed(owners: Collection[str]) -> str:
    return ", ".join(sorted(owners)[:3])

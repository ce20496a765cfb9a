"""Is this the right account? Asked of each provider before any of its voices is judged.

Unknown is not gone: with the wrong credentials every voice looks gone, and a tool that believed it would buy them all
again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.hints import Hint, hint, way
from reconciler.model.base import Frozen
from reconciler.model.observed import Absent, Found, Observation, Observations, Unknown, Unverifiable
from reconciler.model.state import Record


class AccountProblem(Frozen):
    """Why nothing of a provider may be changed, and what to type.

    `elsewhere`: its voices are on another account for certain, so what this one lacks says nothing about them.
    """

    why: str
    hint: Hint
    elsewhere: bool = False


def doubt(
    provider: str,
    live: Collection[Record],
    known: Sequence[tuple[Record, Observation]],
    seen: Observations,
    *,
    missing: int,
    allow_recreates: int | None,
) -> AccountProblem | None:
    """None when the account is the one that the records were made on.

    `live` are the provider's records that may mean a voice; `known` those of them whose voice was there and is still
    meant, with what was seen of each. `allow_recreates` says that the missing are truly gone: with the exact number,
    of this provider or of the whole plan (`missing`).
    """
    made_on = sorted({record.account for record in live} - {seen.account})
    if made_on:
        return AccountProblem(
            why=(
                f"the voices of {provider} were made on {made_on[0]}, and this is {seen.account}: "
                "is this the right account?"
            ),
            hint=hint("Point the provider back", way("or, if it is the same account", "state rebind", provider)),
            elsewhere=True,
        )
    askable = [(record, o) for record, o in known if not isinstance(o, Unverifiable)]
    if not askable and seen.unlisted is not None:
        return AccountProblem(
            why=f"could not tell what {provider} holds already: {seen.unlisted}",
            hint=hint(f"Nothing of {provider} changes until it can be listed. Try again later."),
        )
    if not askable or any(isinstance(o, Found) for _, o in askable):
        return None
    owners = {record.owned_by for record, _ in askable if record.owned_by}
    if owners and seen.owners and not owners & seen.owners:
        return AccountProblem(
            why=(
                f"the voices of {provider} belong to {_listed(owners)}, and this account's to {_listed(seen.owners)}: "
                "is this the right account?"
            ),
            hint=hint(
                "Use the credentials of the first", way("or, if it is the same account", "state rebind", provider)
            ),
            elsewhere=True,
        )
    unseen = [o.why for _, o in askable if isinstance(o, Unknown)]
    if unseen:
        return AccountProblem(
            why=f"could not tell whether the voices of {provider} exist: {unseen[0]}",
            hint=hint(f"Nothing of {provider} changes until they can be looked at. Try again later."),
        )
    gone = sum(isinstance(o, Absent) for _, o in askable)
    if allow_recreates in {gone, missing}:
        return None
    found, they = f"the one known voice of {provider} can't be found", "it is"
    if gone > 1:
        found, they = f"none of the {gone} known voices of {provider} can be found", "they are"
    return AccountProblem(
        why=f"{found}: is this the right account?",
        hint=hint("Check the credentials", way(f"or, if {they} truly gone", "--allow-recreates", missing)),
    )


def _listed(owners: Collection[str]) -> str:
    return ", ".join(sorted(owners)[:3])

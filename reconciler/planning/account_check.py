"""Checks that each provider's account is the one its voices were made on, before any of its voices is planned.

With the wrong credentials every voice looks deleted. Without this check, a plan would pay for all of them again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.hints import Hint, hint, way
from reconciler.model.observed import Absent, Found, Observation, Observations, Unknown, Unverifiable
from reconciler.model.state import Record
from reconciler.values import value


@value
class AccountProblem:
    """Why no voice of a provider may be changed, with a hint.

    `elsewhere`: its voices are certainly on another account, so their absence from this one proves nothing.
    """

    why: str
    hint: Hint
    elsewhere: bool = False


def check_account(
    provider: str,
    live: Collection[Record],
    known: Sequence[tuple[Record, Observation]],
    seen: Observations,
    *,
    missing: int,
    allow_recreates: int | None,
) -> AccountProblem | None:
    """The problem with a provider's account; None if it is the account that the records were made on.

    `live` are the provider's records that may have a voice; `known` are the current ones among them whose voice
    existed, each with its observation. `allow_recreates` confirms that the missing voices were deleted: it must be
    their exact number, of this provider or of the whole plan (`missing`).
    """
    made_on = sorted({record.account for record in live} - {seen.account})
    if made_on:
        return AccountProblem(
            why=(
                f"the voices of {provider} were made on {made_on[0]}, and this is {seen.account}: "
                "is this the right account?"
            ),
            hint=hint(
                "Restore the former settings of the provider",
                way("or, if it is the same account", "state rebind", provider),
            ),
            elsewhere=True,
        )
    observable = [(record, o) for record, o in known if not isinstance(o, Unverifiable)]
    if not observable and seen.unlisted is not None:
        return AccountProblem(
            why=f"could not determine what {provider} holds already: {seen.unlisted}",
            hint=hint(f"No voice of {provider} changes until the account can be listed. Try again later."),
        )
    if not observable or any(isinstance(o, Found) for _, o in observable):
        return None
    owners = {record.owned_by for record, _ in observable if record.owned_by}
    if owners and seen.owners and not owners & seen.owners:
        return AccountProblem(
            why=(
                f"the voices of {provider} belong to {_listed(owners)}, and this account's to {_listed(seen.owners)}: "
                "is this the right account?"
            ),
            hint=hint(
                "Use the credentials of the first account",
                way("or, if it is the same account", "state rebind", provider),
            ),
            elsewhere=True,
        )
    unseen = [o.why for _, o in observable if isinstance(o, Unknown)]
    if unseen:
        return AccountProblem(
            why=f"could not determine whether the voices of {provider} exist: {unseen[0]}",
            hint=hint(f"No voice of {provider} changes until they can be checked. Try again later."),
        )
    gone = sum(isinstance(o, Absent) for _, o in observable)
    if allow_recreates in {gone, missing}:
        return None
    found, they = f"the one known voice of {provider} can't be found", "it is"
    if gone > 1:
        found, they = f"none of the {gone} known voices of {provider} can be found", "they are"
    return AccountProblem(
        why=f"{found}: is this the right account?",
        hint=hint("Check the credentials", way(f"or, if {they} really deleted", "--allow-recreates", missing)),
    )


def _listed(owners: Collection[str]) -> str:
    return ", ".join(sorted(owners)[:3])

"""What the sandbox simulates of one cloud. Each cloud registers its own in its `CloudType`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from reconciler.model.account import Account
from reconciler.model.variables import compared
from reconciler.sandbox.http import Answer, Request
from reconciler.sandbox.world import World
from reconciler.values import value


@value
class ForeignVoices:
    """The accounts of a cloud that lists voices which voicectl did not make.

    `account` makes the name of the sandbox's account for an account of a manifest, from the account and its endpoint.
    """

    account: Callable[[Account, str], str]
    prefix: str  # of the names of its accounts: `kling:`
    default: str  # the account of the keys in `sign_in`


@value
class SandboxCloud:
    """The API of a cloud, and the keys that are valid there.

    `takes`: whether a request is for this cloud; None: it gets all requests that no other one takes. `keys` makes the
    variables that sign in to the sandbox's account for an account of a manifest, from the account and its endpoint.
    """

    answer: Callable[[World, Request], Answer]
    takes: Callable[[Request], bool] | None
    keys: Callable[[Account, str], Mapping[str, str]]
    sign_in: str  # how to sign in over the network: `Kling with KLING_API_KEY=...`
    foreign: ForeignVoices | None = None  # None: it lists only voices that were made by its API


def variables(account: Account) -> Collection[str]:
    """The environment variables that an account names. In the sandbox, each set of names is an account of its own.

    A name that looks like a key is replaced by its digest, because the sandbox stores these names.
    """
    return [compared(name) for name in account.credentials.model_dump(exclude_none=True).values()]

"""How an account is connected: what every cloud's adapter offers, and what a run gives to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

from reconciler.model.account import Account
from reconciler.protocols.clock import Clock
from reconciler.protocols.provider import Provider
from reconciler.values import value

if TYPE_CHECKING:
    import httpx

BeforeRead = Callable[[Literal["list", "get"]], None]  # called before each read, and may wait
SecretsOf = Callable[[str], Iterable[str]]  # external_task_id -> the secrets of the voice, as declared now

A_contra = TypeVar("A_contra", bound=Account, contravariant=True)


def unpaced(action: Literal["list", "get"]) -> None:
    """The default: no waiting before reads."""


def no_secrets(external_task_id: str) -> Iterable[str]:  # noqa: ARG001 - the signature of SecretsOf
    """The default: nothing to redact."""
    return ()


@value
class Surroundings:
    """What a run gives to an adapter. `environ` and `home` are the only sources of credentials."""

    environ: Mapping[str, str]
    home: Path
    clock: Clock
    methods: frozenset[str]  # of the voices that are declared at this provider
    limiter: Callable[[str], BeforeRead]  # quota -> the function that paces the reads of this quota
    secrets_of: SecretsOf = no_secrets
    transport: httpx.BaseTransport | None = None  # replaces the sockets (for the sandbox)


class Connected(NamedTuple):
    """A connected account. `quota`: accounts with the same one share their rates. `credentials` are compared only."""

    provider: Provider
    quota: str
    credentials: object


@value
class Adapter(Generic[A_contra]):
    """How accounts of one type are connected.

    `connect` raises CredentialsMissing, and EndpointInvalid for an endpoint that is no URL; it makes no call.
    `endpoint` returns the base URL of the account's API, in its normal form.
    """

    connect: Callable[[A_contra, Surroundings], Connected]
    endpoint: Callable[[A_contra], str]


def quota_of(place: str, who: str) -> str:
    """The quota of a user, without the key that identifies it."""
    from hashlib import sha256

    return f"{place} {sha256(who.encode()).hexdigest()[:16]}"

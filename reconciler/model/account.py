"""The account of a cloud, as an entry of `providers:` declares it. Each cloud has a model of its own, based on this."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from reconciler.model.base import Frozen
from reconciler.model.prices import Amount
from reconciler.model.scalars import Duration, SigningParameters, Url


class Timeouts(Frozen):
    """The time limits of a call and of a task, in seconds."""

    connect: Duration = Field(default=10.0, gt=0, description="To open a connection: seconds, or 10s, 1m.")
    read: Duration = Field(default=60.0, gt=0, description="For a reply: seconds, or 60s, 5m.")
    operation: Duration = Field(default=600.0, gt=0, description="From a voice's first call until its task has ended.")


class Credentials(Frozen):
    """The names of environment variables, never their values. Each cloud has its own."""


Rate = Annotated[float, Field(gt=0, le=1000)]
USUAL_RATE = 20.0  # calls a second: Tencent's limit for each action; Kling documents only a limit of tasks in flight
RATES = "Calls a second for each action; 20 unless said."  # descriptions, the same at every cloud
ENDPOINT = "A base URL instead of the cloud's; a path prefix is fine."
CREDENTIALS = "The names of the variables that hold the keys, if they are not the usual ones."
TIMEOUTS = "How long a connection, a reply and a task may take."
TYPE = "Which cloud the account is with."


class Account(Frozen):
    """A named account. The model of a cloud adds its own keys, and narrows `type`, `credentials` and `rate_limit`."""

    cloud: ClassVar[str]  # its name in messages
    variables: ClassVar[str]  # the prefix of the environment variables that usually hold its API keys
    keys_go: ClassVar[str]  # where its API keys are put, in a message: `export ACME_KEY=...`
    vendor_hosts: ClassVar[tuple[str, ...]] = ()  # hosts, or `.domain` with all below it, that the vendor runs
    lists: ClassVar[bool] = False  # it lists all voices of the account
    official_owner: ClassVar[str | None] = None  # the owner of voices that every account of the cloud may list

    type: str = Field(description=TYPE)
    endpoint: Url | None = Field(default=None, description=ENDPOINT)
    credentials: Credentials = Field(default=Credentials.model_construct(), description=CREDENTIALS)
    timeouts: Timeouts = Field(default=Timeouts.model_construct(), description=TIMEOUTS)
    rate_limit: Mapping[Any, Rate] = Field(default={}, description=RATES)
    prices: dict[Literal["create", "clone", "task", "activate"], Amount] = Field(
        default={}, description="What one paid call costs you, such as 0.35 USD, instead of the vendor's price."
    )
    signing_parameters: SigningParameters = ()
    max_in_flight: int | None = Field(default=None, ge=1, le=10_000, description="Tasks running at once.")

    @model_validator(mode="after")
    def _plain_endpoint(self) -> Self:
        if self.endpoint is not None and re.search(r"[?#@]", self.endpoint):
            raise ValueError("endpoint is a base URL: no query, fragment or credentials")
        return self

    @property
    def application(self) -> tuple[object, ...]:
        """What proves that two accounts of one cloud differ, such as another application. Empty: nothing does."""
        return ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks on a valid account that the user should read."""
        return ()


_NOT_IDENTITY = {
    "timeouts",
    "rate_limit",
    "max_in_flight",
    "signing_parameters",
    "prices",
}  # these don't identify an account


def place_of(account: Account) -> tuple[object, ...]:
    """What identifies the account, as far as the manifest declares it. Equal values mean the same account."""
    fields = account.model_dump(mode="json", exclude=_NOT_IDENTITY)
    return tuple(sorted((key, str(value)) for key, value in fields.items()))

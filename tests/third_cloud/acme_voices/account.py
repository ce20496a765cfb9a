"""An account of Acme's, as an entry of `providers:` declares it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from reconciler.model.account import RATES, TYPE, Account, Credentials, Rate
from reconciler.model.scalars import EnvName, Url


class AcmeCredentials(Credentials):
    """The names of environment variables, never their values."""

    key_env: EnvName | None = Field(default=None, description="The variable that holds the API key.")


class AcmeAccount(Account):
    """A named account of Acme's."""

    cloud: ClassVar[str] = "Acme"
    variables: ClassVar[str] = "ACME"
    keys_go: ClassVar[str] = "export ACME_KEY=...; another variable is named by credentials: {key_env: NAME}"
    lists: ClassVar[bool] = True

    type: Literal["acme"] = Field(description=TYPE)
    endpoint: Url = Field(description="The base URL.")
    credentials: AcmeCredentials = AcmeCredentials()
    rate_limit: dict[Literal["create", "delete", "list", "get"], Rate] = Field(default={}, description=RATES)

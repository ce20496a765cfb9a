"""An account of Kling's, as an entry of `providers:` declares it."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from reconciler.model.account import CREDENTIALS, RATES, TYPE, Account, Credentials, Rate
from reconciler.model.scalars import EnvName, Url


class KlingCredentials(Credentials):
    """The names of environment variables, never their values."""

    api_key_env: EnvName | None = Field(default=None, description="The variable that holds the API key.")
    access_key_env: EnvName | None = Field(default=None, description="The variable that holds the access key.")
    secret_key_env: EnvName | None = Field(
        default=None, description="The variable that holds the secret key of access_key_env."
    )

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.access_key_env is None) != (self.secret_key_env is None):
            raise ValueError("access_key_env and secret_key_env go together")
        return self


_OWN_PATH = r"/v1/(?:general|account|audio|images|videos)(?:/[^?#]*)?$"  # all paths that voicectl calls
_OWN_HOST = r"(?i)https?://[^/?#]*\.(?:klingai\.com|kling\.ai)(?::[0-9]+)?/v1/?$"


def _without_own_path(endpoint: str) -> str:
    """The base URL. Raises ValueError if it contains the path that voicectl adds to every call."""
    if re.search(_OWN_PATH, endpoint) or re.match(_OWN_HOST, endpoint):
        raise ValueError("voicectl adds /v1/general/custom-voices itself: leave out what begins with /v1")
    return endpoint


class KlingAccount(Account):
    """A named Kling account."""

    cloud: ClassVar[str] = "Kling"
    variables: ClassVar[str] = "KLING"
    keys_go: ClassVar[str] = (
        "export KLING_API_KEY=...; a variable of another name is named by credentials: {api_key_env: NAME}"
    )
    vendor_hosts: ClassVar[tuple[str, ...]] = (".klingai.com", ".kling.ai")  # Kling, API authentication
    lists: ClassVar[bool] = True
    official_owner: ClassVar[str | None] = "kling"

    type: Literal["kling"] = Field(description=TYPE)
    region: Literal["singapore", "beijing"] = Field(
        default="singapore", description="Where the account is: singapore (kling.ai) or beijing (klingai.com)."
    )
    endpoint: Annotated[Url, AfterValidator(_without_own_path)] | None = Field(
        default=None, description="A base URL instead of the region's; a path prefix is fine."
    )
    credentials: KlingCredentials = Field(default=KlingCredentials.model_construct(), description=CREDENTIALS)
    rate_limit: dict[Literal["create", "delete", "list", "get"], Rate] = Field(default={}, description=RATES)
    max_in_flight: int | None = Field(
        default=None, ge=1, le=10_000, description="Tasks running at once; learned if not said."
    )

    @model_validator(mode="after")
    def _one_endpoint(self) -> Self:
        if self.endpoint is not None and "region" in self.model_fields_set:
            raise ValueError("region and endpoint can't be used together")
        return self

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks on a valid account that the user should read."""
        if self.endpoint is None or not self.endpoint.rstrip("/").endswith("/v1"):
            return ()
        return ("its endpoint ends in /v1, and voicectl adds /v1/general/custom-voices: is /v1 there twice?",)

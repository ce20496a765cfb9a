"""What the accounts of Tencent Cloud have in common, as entries of `providers:` declare them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from reconciler.model.account import CREDENTIALS, Account, Credentials
from reconciler.model.scalars import EnvName

ApplicationId = Annotated[int, Field(ge=1, le=2**53)]  # beyond 2**53 numbers in JSON lose digits


class TencentCredentials(Credentials):
    """The names of environment variables, never their values."""

    secret_id_env: EnvName | None = Field(default=None, description="The variable that holds the SecretId.")
    secret_key_env: EnvName | None = Field(default=None, description="The variable that holds the SecretKey.")
    token_env: EnvName | None = Field(
        default=None, description="The variable that holds the token of temporary credentials."
    )

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.secret_id_env is None) != (self.secret_key_env is None):
            raise ValueError("secret_id_env and secret_key_env go together")
        if self.token_env is not None and self.secret_id_env is None:
            raise ValueError("token_env goes with secret_id_env and secret_key_env")
        return self


class TencentAccount(Account):
    """An application of a product of Tencent Cloud."""

    cloud: ClassVar[str] = "Tencent Cloud"
    variables: ClassVar[str] = "TENCENTCLOUD"
    vendor_hosts: ClassVar[tuple[str, ...]] = (".tencentcloudapi.com",)
    keys_go: ClassVar[str] = (
        "export TENCENTCLOUD_SECRET_ID=... TENCENTCLOUD_SECRET_KEY=...; variables of other names are named by "
        "credentials: {secret_id_env: NAME, secret_key_env: NAME}"
    )

    credentials: TencentCredentials = Field(default=TencentCredentials.model_construct(), description=CREDENTIALS)

"""The accounts of the clouds: `ACCOUNTS[type]` is the model of a provider. A new cloud adds its own here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from reconciler.model.base import Frozen
from reconciler.model.scalars import Duration, EnvName, SigningParameters, Url


class Timeouts(Frozen):
    """The time limits of a call and of a task, in seconds."""

    connect: Duration = Field(default=10.0, gt=0, description="To open a connection: seconds, or 10s, 1m.")
    read: Duration = Field(default=60.0, gt=0, description="For a reply: seconds, or 60s, 5m.")
    operation: Duration = Field(default=600.0, gt=0, description="From a voice's first call until its task has ended.")


class SlowTimeouts(Timeouts):
    """Timeouts for calls that reply only when the voice is made. Tencent's own sample of VoiceClone waits 120 s."""

    read: Duration = Field(default=150.0, gt=0, description="For a reply: seconds, or 60s, 5m.")


class KlingCredentials(Frozen):
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


class TencentCredentials(Frozen):
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


Rate = Annotated[float, Field(gt=0, le=1000)]
ApplicationId = Annotated[int, Field(ge=1, le=2**53)]  # beyond 2**53 numbers in JSON lose digits
_RATES = "Calls a second for each action; 20 unless said."
_CREDENTIALS = "The names of the variables that hold the keys, if they are not the usual ones."
_TIMEOUTS = "How long a connection, a reply and a task may take."
_ENDPOINT = "A base URL instead of the cloud's; a path prefix is fine."


_OWN_PATH = re.compile(r"/v1/(?:general|account|audio|images|videos)(?:/[^?#]*)?$")  # all paths that voicectl calls
_OWN_HOST = re.compile(r"(?i)https?://[^/?#]*\.(?:klingai\.com|kling\.ai)(?::[0-9]+)?/v1/?$")


def _without_own_path(endpoint: str) -> str:
    """The base URL. Raises ValueError if it contains the path that voicectl adds to every call."""
    if _OWN_PATH.search(endpoint) or _OWN_HOST.match(endpoint):
        raise ValueError("voicectl adds /v1/general/custom-voices itself: leave out what begins with /v1")
    return endpoint


class KlingAccount(Frozen):
    """A named Kling account."""

    cloud: ClassVar[str] = "Kling"  # its name in messages

    type: Literal["kling"] = Field(description="Which cloud the account is with.")
    region: Literal["singapore", "beijing"] = Field(
        default="singapore", description="Where the account is: singapore (kling.ai) or beijing (klingai.com)."
    )
    endpoint: Annotated[Url, AfterValidator(_without_own_path)] | None = Field(
        default=None, description="A base URL instead of the region's; a path prefix is fine."
    )
    credentials: KlingCredentials = Field(default=KlingCredentials(), description=_CREDENTIALS)
    timeouts: Timeouts = Field(default=Timeouts(), description=_TIMEOUTS)
    rate_limit: dict[Literal["create", "delete", "list", "get"], Rate] = Field(default={}, description=_RATES)
    signing_parameters: SigningParameters = ()
    max_in_flight: int | None = Field(
        default=None, ge=1, le=10_000, description="Tasks running at once; learned if not said."
    )

    @model_validator(mode="after")
    def _one_endpoint(self) -> Self:
        if self.endpoint is not None and "region" in self.model_fields_set:
            raise ValueError("region and endpoint exclude each other")
        _check_base_url(self.endpoint)
        return self

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks on a valid account that the user should read."""
        if self.endpoint is None or not self.endpoint.rstrip("/").endswith("/v1"):
            return ()
        return ("its endpoint ends in /v1, and voicectl adds /v1/general/custom-voices: is /v1 there twice?",)


class TencentVodAccount(Frozen):
    """An application of Tencent Cloud VOD: custom voices, clones, sound."""

    cloud: ClassVar[str] = "Tencent Cloud"  # its name in messages

    type: Literal["tencent-vod"] = Field(description="Which cloud the account is with.")
    sub_app_id: ApplicationId = Field(description="SubAppId: the VOD application that pays and keeps.")
    endpoint: Url | None = Field(default=None, description=_ENDPOINT)
    credentials: TencentCredentials = Field(default=TencentCredentials(), description=_CREDENTIALS)
    timeouts: Timeouts = Field(default=Timeouts(), description=_TIMEOUTS)
    rate_limit: dict[Literal["create", "update", "activate", "delete", "list", "get"], Rate] = Field(
        default={}, description=_RATES
    )
    signing_parameters: SigningParameters = ()
    max_in_flight: int | None = Field(
        default=None, ge=1, le=10_000, description="Tasks running at once; as many as there are unless said."
    )

    remarks: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _plain_endpoint(self) -> Self:
        _check_base_url(self.endpoint)
        return self


class TencentTrtcAccount(Frozen):
    """An application of Tencent Cloud TRTC."""

    cloud: ClassVar[str] = "Tencent Cloud"  # its name in messages

    type: Literal["tencent-trtc"] = Field(description="Which cloud the account is with.")
    sdk_app_id: ApplicationId = Field(description="SdkAppId: the TRTC application.")
    region: Literal["ap-singapore"] = Field(
        default="ap-singapore", description="The international site clones voices in ap-singapore only."
    )
    endpoint: Url | None = Field(default=None, description=_ENDPOINT)
    credentials: TencentCredentials = Field(default=TencentCredentials(), description=_CREDENTIALS)
    timeouts: SlowTimeouts = Field(default=SlowTimeouts(), description=_TIMEOUTS)
    rate_limit: dict[Literal["create"], Rate] = Field(default={}, description=_RATES)
    signing_parameters: SigningParameters = ()
    max_in_flight: int | None = Field(default=None, ge=1, le=10_000, description="Calls at once.")

    remarks: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _plain_endpoint(self) -> Self:
        _check_base_url(self.endpoint)
        return self


def _check_base_url(endpoint: str | None) -> None:
    if endpoint is not None and re.search(r"[?#@]", endpoint):
        raise ValueError("endpoint is a base URL: no query, fragment or credentials")


_NOT_IDENTITY = {"timeouts", "rate_limit", "max_in_flight", "signing_parameters"}  # these don't identify an account


def place_of(account: Account) -> tuple[object, ...]:
    """What identifies the account, as far as the manifest declares it. Equal values mean the same account."""
    fields = account.model_dump(mode="json", exclude=_NOT_IDENTITY)
    return tuple(sorted((key, str(value)) for key, value in fields.items()))


Account = KlingAccount | TencentVodAccount | TencentTrtcAccount  # `type` selects the model
ACCOUNTS: Mapping[str, type[Account]] = {  # every `type` that a provider may have
    "kling": KlingAccount,
    "tencent-vod": TencentVodAccount,
    "tencent-trtc": TencentTrtcAccount,
}

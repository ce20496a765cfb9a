"""The section `state:`: where the state is stored, and how. Without it, the state is a file beside the manifest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, JsonValue, PrivateAttr, StringConstraints, WithJsonSchema, model_validator

from reconciler.model.base import Frozen
from reconciler.model.scalars import ENV_NAME, Duration, Url
from reconciler.model.state_defaults import KEPT, LEASE, LOCAL, LONGEST_RUN

SCHEMES = ("s3", "gs", "az", "postgresql", "postgres", "https", "http")

_OBJECTS, _POSTGRES, _HTTP = ("s3", "gs", "az"), ("postgresql", "postgres"), ("https", "http")
_USED_BY = {"endpoint": _OBJECTS, "dsn_env": _POSTGRES, "lease": (*_OBJECTS, *_POSTGRES), "max_run": _HTTP}
_SHOWN = {"postgres": "postgresql", "http": "https"}  # the usual spelling of a scheme


def _any_case(word: str) -> str:
    return "".join(f"[{each.upper()}{each}]" if each.isalpha() else each for each in word)


_WITH_NAME = "|".join(_any_case(scheme) for scheme in (*_OBJECTS, *_HTTP))
URL_SCHEMA: dict[str, JsonValue] = {
    "type": "string",
    "pattern": f"^(?:(?:{_WITH_NAME})://.|(?:{'|'.join(map(_any_case, _POSTGRES))}):)|^{LOCAL}$",
}
EnvName = Annotated[str, StringConstraints(pattern=ENV_NAME)]
_SECRET_PARAMETERS = frozenset(  # of libpq
    ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
)


class EncryptionKey(Frozen):
    """One key: exactly one of three sources."""

    passphrase_env: EnvName | None = Field(
        default=None, description="The variable that holds a passphrase of 16 characters or more."
    )
    key_file: str | None = Field(default=None, min_length=1, description="A file with a key of 32 bytes or more.")
    command: tuple[Annotated[str, StringConstraints(min_length=1)], ...] | None = Field(
        default=None, min_length=1, description="A command that prints a key: a word for each argument, no shell."
    )

    @property
    def sources(self) -> list[str]:
        """The names of the sources that are set."""
        return [name for name in ("passphrase_env", "key_file", "command") if getattr(self, name) is not None]

    def each(self) -> list[EncryptionKey]:
        """The same keys, with one source each."""
        return [EncryptionKey.model_validate({name: getattr(self, name)}) for name in self.sources]


class Encryption(EncryptionKey):
    """How the state is encrypted. Each key that is set here can decrypt it."""

    old: tuple[EncryptionKey, ...] = Field(
        default=(), description="Former keys: they decrypt what was written before, and encrypt nothing."
    )
    migrate: bool = Field(default=False, description="Accept a state that is not encrypted yet; the next write is.")

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if not self.sources:
            raise ValueError("a key is needed: passphrase_env, key_file or command")
        if any(len(key.sources) != 1 for key in self.old):
            raise ValueError("each of old is one key: passphrase_env, key_file or command")
        return self


class StateSettings(Frozen):
    """Where the state is stored. `url` may be missing here and come from --state or VOICECTL_STATE."""

    url: Annotated[str, WithJsonSchema(URL_SCHEMA)] | None = Field(
        default=None,
        description=(
            "s3://, gs:// or az://; postgresql:// or postgres://; https://, and http:// on this machine or with "
            "VOICECTL_ALLOW_HTTP=true; `local` is the file beside the manifest."
        ),
    )
    endpoint: Url | None = Field(default=None, description="The address of an S3 store that is not Amazon's.")
    dsn_env: EnvName | None = Field(
        default=None, description="postgresql: the variable that holds the connection string, with its password."
    )
    lease: Annotated[Duration, Field(ge=1)] = Field(
        default=LEASE, description="After this time without a heartbeat, another run may take over the lock."
    )
    max_run: Annotated[Duration, Field(ge=60)] = Field(
        default=LONGEST_RUN, description="https: how long a run may last, because its locks have no lease."
    )
    history: int = Field(default=KEPT, ge=0, le=1000, description="How many snapshots are kept.")
    encryption: Encryption | None = Field(default=None, description="Encrypt all that is stored.")

    _outside: bool = PrivateAttr(default=False)  # the command line or the environment named the URL

    @property
    def is_named_outside(self) -> bool:
        """Whether the command line or the environment named the URL, not the manifest alone."""
        return self._outside

    def named_outside(self) -> StateSettings:
        """The same settings, whose URL the command line or the environment names."""
        named = self.model_copy()
        named._outside = True
        return named

    @property
    def is_local(self) -> bool:
        """Whether the state is the file beside the manifest."""
        return self.url is None or self.url == LOCAL

    def is_at(self, url: str) -> bool:
        """Whether this URL is only another spelling of the same place."""
        return self.url is not None and _spelled(self.url) == _spelled(url)

    def at(self, url: str) -> StateSettings:
        """The same settings for another place. The endpoint belongs to the place, so it is dropped."""
        return self.model_copy(update={"url": url, "endpoint": None})

    def accepting_plain(self) -> StateSettings:
        """The same settings for a place whose state may not be encrypted yet."""
        if self.encryption is None:
            return self
        return self.model_copy(update={"encryption": self.encryption.model_copy(update={"migrate": True})})


def url_fault(url: str) -> str | None:
    """Why this can't be the URL of a state; None if it can. Never quotes the URL, which may hold a password."""
    if url == LOCAL:
        return None
    scheme, separator, _ = url.partition(":")
    if not separator or scheme.lower() not in SCHEMES:
        return f"a state's URL begins with one of {', '.join(f'{each}://' for each in SCHEMES)}; or it is {LOCAL}"
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or any(
            key.lower() in _SECRET_PARAMETERS for key, _ in parse_qsl(parts.query, keep_blank_values=True)
        )
    except ValueError:
        return "not a valid URL"
    if secret:
        return f"a password must not be in a state's URL; {_credentials(scheme.lower())}"
    if parts.username is not None and not scheme.lower().startswith("postgres"):
        return f"a user must not be in this URL; {_credentials(scheme.lower())}"
    if scheme.lower() in _OBJECTS and (parts.query or parts.fragment):
        return (
            f"nothing may follow ? or # in this URL; an endpoint is a key beside it: "
            f"state: {{url: {_example(scheme.lower())}, endpoint: https://HOST}}"
        )
    if not scheme.lower().startswith("postgres") and not parts.netloc:
        return f"{scheme}:// needs a name after it: {_example(scheme.lower())}"
    return None


def unused_keys(keys: Iterable[str], url: str) -> dict[str, str]:
    """The keys of the section that have no meaning at this URL, each with the reason."""
    scheme = url.partition(":")[0].lower()
    at = "local" if url == LOCAL else f"at {scheme}://"
    return {
        key: f"only for {_listed(_USED_BY[key])}; this state is {at}, so remove it"
        for key in keys
        if key in _USED_BY and scheme not in _USED_BY[key]
    }


def _spelled(url: str) -> str:
    """The usual spelling of a URL."""
    scheme, separator, rest = url.partition(":")
    scheme = _SHOWN.get(scheme.lower(), scheme.lower()) if scheme.lower() in _POSTGRES else scheme.lower()
    return f"{scheme}{separator}{rest.rstrip('/') if scheme in _OBJECTS else rest}"


def shown_url(url: str) -> str:
    """The URL as it may be stored and printed: the query of an HTTP address may hold a token."""
    return url.partition("?")[0] if url.lower().startswith(("http:", "https:")) else url


def _listed(schemes: Iterable[str]) -> str:
    """`s3://, gs:// and az://`."""
    shown = [f"{scheme}://" for scheme in schemes if scheme not in _SHOWN]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _credentials(scheme: str) -> str:
    if scheme.startswith("postgres"):
        return "set PGPASSWORD or PGPASSFILE, or name with dsn_env the variable that holds the whole connection string"
    if scheme.startswith("http"):
        return "set TF_HTTP_USERNAME and TF_HTTP_PASSWORD"
    return "use the environment variables of the cloud, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def _example(scheme: str) -> str:
    return f"{scheme}://host/path" if scheme.startswith("http") else f"{scheme}://bucket/path"

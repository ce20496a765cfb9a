"""Credentials of a Kling account: an API key, or a key pair that signs short-lived tokens.

The environment is passed in. Secrets never appear in a repr or an error.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta

from reconciler.errors import CredentialsMissing
from reconciler.model import variables
from reconciler.protocols.clock import Clock
from reconciler.providers.http.endpoint import base_url
from reconciler.providers.kling.account import KlingAccount
from reconciler.values import value

# Kling, API authentication; the global host replaces api.klingai.com.
ENDPOINTS: Mapping[str, str] = {
    "singapore": "https://api-singapore.klingai.com",
    "beijing": "https://api-beijing.klingai.com",
}
TOKEN_SECONDS = 1800  # Kling, API authentication: exp
TOKEN_HEAD_START = 5  # Kling, API authentication: nbf
_RENEW_BEFORE_EXPIRY = 600  # seconds; a call takes some time, and clocks differ


def endpoint(account: KlingAccount) -> str:
    """The base URL of the account's API. Raises UsageError."""
    return base_url(account.endpoint or ENDPOINTS[account.region])


@value
class ApiKey:
    """A static key from Kling's console."""

    key: str = field(repr=False)


@value
class KeyPair:
    """The older scheme: the secret key signs tokens (JWT, HS256), and only the tokens are sent."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


Credentials = ApiKey | KeyPair


def credentials(account: KlingAccount, environ: Mapping[str, str]) -> Credentials:
    """Reads the API key, else the key pair. An empty variable counts as unset. Raises CredentialsMissing.

    If the account names its variables, only those are read: another account's key must never be used instead.
    """
    try:
        return _read_credentials(account, environ)
    except CredentialsMissing:
        for key, name in account.credentials.model_dump(exclude_none=True).items():
            if variables.is_hidden(name):
                problem = variables.unset(
                    f"credentials.{key}", name, example=f"KLING_{key.removesuffix('_env').upper()}"
                )
                raise CredentialsMissing(*problem) from None
        raise


def _read_credentials(account: KlingAccount, environ: Mapping[str, str]) -> Credentials:
    names = account.credentials
    if names.api_key_env or names.access_key_env:
        api, access, secret = names.api_key_env, names.access_key_env, names.secret_key_env
    else:
        api, access, secret = "KLING_API_KEY", "KLING_ACCESS_KEY", "KLING_SECRET_KEY"

    hint = f"Make a key in Kling's console, then: export {api or access}=..."
    key = _value(api, environ)
    if key:
        return ApiKey(key)
    pair = _value(access, environ), _value(secret, environ)
    match pair:
        case (str(access_key), str(secret_key)):
            return KeyPair(access_key, secret_key)
        case (str(), None):
            raise CredentialsMissing(f"{access} is set, but {secret} is not: they go together.", f"export {secret}=...")
        case (None, str()):
            raise CredentialsMissing(f"{secret} is set, but {access} is not: they go together.", f"export {access}=...")
        case _:
            wanted = " or ".join(filter(None, (api, f"{access} and {secret}" if access else "")))
            raise CredentialsMissing(f"Kling needs {wanted} in the environment, but none is set.", hint)


def _value(name: str | None, environ: Mapping[str, str]) -> str | None:
    value = environ.get(name, "").strip() if name else ""
    if not re.fullmatch(r"[!-~]*", value):
        raise CredentialsMissing(
            f"{name} holds characters that no key has.", "Copy the key again, without line breaks."
        )
    return value or None


class Signer:
    """Makes the Authorization header. A token is reused until it nears its expiry or the server refuses it."""

    def __init__(self, credentials: Credentials, *, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._ahead = timedelta(0)  # how far the server's clock is ahead of ours
        self._signed_at: datetime | None = None
        self._header = ""
        self._tokens: tuple[str, ...] = ()  # all tokens of this run, because a late answer may quote an old one

    def secrets(self) -> tuple[str, ...]:
        """The values to redact, with all tokens made so far."""
        match self._credentials:
            case ApiKey(key=key):
                return (key,)
            case KeyPair(access_key=access_key, secret_key=secret_key):
                return (secret_key, access_key, *self._tokens)

    def authorization(self) -> str:
        """The current Authorization header."""
        match self._credentials:
            case ApiKey(key=key):
                return f"Bearer {key}"
            case KeyPair() as pair:
                with self._lock:
                    if self._needs_renewal():
                        self._sign(pair)
                    return self._header

    def renewed(self, refused: str, *, server_time: datetime | None) -> str | None:
        """A new header for one that was refused as too early or expired. None with an API key, which has no times.

        The new token uses the server's time, because the usual reason is a wrong local clock.
        """
        match self._credentials:
            case ApiKey():
                return None
            case KeyPair() as pair:
                with self._lock:
                    if self._header == refused:  # else another thread has renewed it already
                        if server_time is not None:
                            self._ahead = server_time - self._clock.now()
                        self._sign(pair)
                    return self._header

    def _now(self) -> datetime:
        return self._clock.now() + self._ahead

    def _needs_renewal(self) -> bool:
        if self._signed_at is None:
            return True
        age = (self._now() - self._signed_at).total_seconds()
        return not -TOKEN_HEAD_START <= age < TOKEN_SECONDS - _RENEW_BEFORE_EXPIRY

    def _sign(self, pair: KeyPair) -> None:
        import jwt  # takes 40 ms, and an API key does not need it

        self._signed_at = self._now()
        now = int(self._signed_at.timestamp())
        claims = {"iss": pair.access_key, "exp": now + TOKEN_SECONDS, "nbf": now - TOKEN_HEAD_START}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the length of the key, which Kling chooses
            token = jwt.encode(claims, pair.secret_key, algorithm="HS256", headers={"typ": "JWT"})
        self._tokens = (*self._tokens, token)
        self._header = f"Bearer {token}"

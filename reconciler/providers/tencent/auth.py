"""Credentials of Tencent Cloud, and its request signature, TC3-HMAC-SHA256.

The environment is passed in, and roles are not assumed. Secrets never appear in a repr or an error.
The vendor's SDK is used by tests only: its 3.1.193 takes 235 MB when installed, and it brings an HTTP client, requests.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from reconciler.errors import CredentialsMissing
from reconciler.model import variables
from reconciler.values import value

ALGORITHM = "TC3-HMAC-SHA256"
_END = "tc3_request"
_HINT = "Make a key in Tencent's console (CAM, API keys): export TENCENTCLOUD_SECRET_ID=... TENCENTCLOUD_SECRET_KEY=..."


@value
class Credentials:
    """A key pair that signs requests. `token` belongs to temporary credentials and is empty for all others."""

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)

    def secrets(self) -> tuple[str, ...]:
        """The values to redact."""
        return tuple(filter(None, (self.secret_key, self.token, self.secret_id)))


# -- the signature -----------------------------------------------------------------------------------------------------


def sign(
    credentials: Credentials,
    product: str,
    *,
    headers: Mapping[str, str],
    payload: bytes,
    timestamp: int,
) -> str:
    """The Authorization header of a POST. `headers` are the ones to sign, at least content-type and host.

    `timestamp` is in Unix seconds and must be sent as X-TC-Timestamp. The signed host must be the one that is sent.
    """
    date = f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"
    scope = f"{date}/{product}/{_END}"
    request = canonical_request(headers, payload)
    text = "\n".join((ALGORITHM, str(timestamp), scope, _sha256(request.encode())))
    key = derived_key(credentials.secret_key, date, product, _END)
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    names = _signed_names(headers)
    return f"{ALGORITHM} Credential={credentials.secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def canonical_request(headers: Mapping[str, str], payload: bytes) -> str:
    """The text that is signed. Its URI is "/" for every path (Tencent, API 3.0, signature v3, CanonicalURI)."""
    lines = sorted(f"{name.lower()}:{value.strip().lower()}\n" for name, value in headers.items())
    return "\n".join(("POST", "/", "", "".join(lines), _signed_names(headers), _sha256(payload)))


def derived_key(secret_key: str, *parts: str) -> bytes:
    """The signing key: one HMAC for each part, which are the date, the product and the end of the scope."""
    key = f"TC3{secret_key}".encode()
    for part in parts:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _signed_names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(name.lower() for name in headers))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# -- sources of credentials --------------------------------------------------------------------------------------------


class NamedVariables(Protocol):
    """The names of environment variables in a provider's credentials; None where no name is given."""

    @property
    def secret_id_env(self) -> str | None: ...
    @property
    def secret_key_env(self) -> str | None: ...
    @property
    def token_env(self) -> str | None: ...


@value
class _KeyNames:
    """The names of the parts in one source. Of several names for the token, the first that is set counts."""

    secret_id: str
    secret_key: str
    tokens: tuple[str, ...]


_ENVIRONMENT = _KeyNames(
    "TENCENTCLOUD_SECRET_ID",
    "TENCENTCLOUD_SECRET_KEY",
    ("TENCENTCLOUD_TOKEN", "TENCENTCLOUD_SECURITY_TOKEN"),  # tccli's name and Terraform's
)
_TCCLI = _KeyNames("secretId", "secretKey", ("token",))
_SDK = _KeyNames("secret_id", "secret_key", ("token",))
_SDK_FILE = Path(".tencentcloud/credentials")
_SYSTEM_FILE = Path("tencentcloud/credentials")


def credentials(
    names: NamedVariables | None, environ: Mapping[str, str], *, home: Path, etc: Path = Path("/etc")
) -> Credentials:
    """Reads credentials from the environment, else tccli's file, else the SDK's files. Raises CredentialsMissing.

    If the provider names its variables, only those are read: another account's key must never be used instead. For
    the same reason a broken file, or half of a pair, is an error and is never skipped.
    """
    if names is not None and (names.secret_id_env or names.secret_key_env or names.token_env):
        return _from_named_variables(names, environ)

    profile = environ.get("TCCLI_PROFILE", "").strip()
    tccli = Path(f".tccli/{profile or 'default'}.credential")
    found = (
        _read_pair(environ, _ENVIRONMENT)
        or _in_file(home / tccli, _from_tccli, shown=f"~/{tccli}", must_be_there=profile)
        or _in_file(home / _SDK_FILE, _from_sdk, shown=f"~/{_SDK_FILE}")
        or _in_file(etc / _SYSTEM_FILE, _from_sdk, shown=f"/etc/{_SYSTEM_FILE}")
    )
    if found is None:
        places = f"~/{tccli}, ~/{_SDK_FILE} and /etc/{_SYSTEM_FILE}"
        variables = f"{_ENVIRONMENT.secret_id} and {_ENVIRONMENT.secret_key}"
        raise CredentialsMissing(
            f"Tencent Cloud needs {variables} in the environment or in a file, but they are not set. "
            f"voicectl looked in {places}.",
            f"{_HINT}, or: tccli configure",
        )
    return found


def _from_named_variables(names: NamedVariables, environ: Mapping[str, str]) -> Credentials:
    if not (names.secret_id_env and names.secret_key_env):
        raise CredentialsMissing(
            "The provider's credentials name only one of two variables that go together.",
            "Name secret_id_env and secret_key_env.",
        )
    for key in ("secret_id_env", "secret_key_env", "token_env"):
        name = getattr(names, key) or ""
        if variables.is_hidden(name):
            example = f"TENCENTCLOUD_{key.removesuffix('_env').upper()}"
            raise CredentialsMissing(*variables.unset(f"credentials.{key}", name, example=example))
    keys = _KeyNames(names.secret_id_env, names.secret_key_env, (names.token_env,) if names.token_env else ())
    found = _read_pair(environ, keys)
    if found is None:
        raise CredentialsMissing(
            f"Tencent Cloud needs {keys.secret_id} and {keys.secret_key} in the environment, but they are not set. "
            "The provider names them, so voicectl reads no others.",
            f"export {keys.secret_id}=... {keys.secret_key}=...",
        )
    return found


def _read_pair(values: Mapping[str, object], keys: _KeyNames, *, where: str = "") -> Credentials | None:
    """The credentials in these values; None where nothing is set. `where` follows the name of a value in messages."""
    secret_id, secret_key = _value(values, keys.secret_id, where=where), _value(values, keys.secret_key, where=where)
    tokens = {name: _value(values, name, where=where) for name in keys.tokens}
    token = next(filter(None, tokens.values()), "")
    if secret_id and secret_key:
        return Credentials(secret_id, secret_key, token)

    pair = {keys.secret_id: secret_id, keys.secret_key: secret_key}
    there = [name for name, value in (pair | tokens).items() if value]
    if not there:
        return None
    lacking = [name for name, value in pair.items() if not value]
    verb = "is not" if len(lacking) == 1 else "are not"
    hint = "Correct the file, or move it away." if where else f"export {' '.join(f'{name}=...' for name in lacking)}"
    raise CredentialsMissing(f"{there[0]}{where} is set, but {' and '.join(lacking)} {verb}: they go together.", hint)


def _value(values: Mapping[str, object], name: str, *, where: str) -> str:
    """One value, empty where it is unset. A value that can't be sent in a header is refused here, by its name."""
    value = values.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    again = "Copy it again, without blanks and line breaks."
    if not isinstance(value, str):
        raise CredentialsMissing(f"{name}{where} is not text.", again)
    if value != value.strip():
        raise CredentialsMissing(f"{name}{where} has blanks or a line break around its value.", again)
    if not re.fullmatch(r"[!-~]+", value):
        raise CredentialsMissing(f"{name}{where} holds characters that no key has.", again)
    return value


def _in_file(
    path: Path, read: Callable[[str, str], Credentials | None], *, shown: str, must_be_there: str = ""
) -> Credentials | None:
    """The credentials in a file; None where there is no file, or nothing in it. `must_be_there` is a named profile."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        if must_be_there:
            raise CredentialsMissing(
                f"TCCLI_PROFILE names {must_be_there}, but {shown} does not exist.",
                f"tccli configure --profile {must_be_there}, or: unset TCCLI_PROFILE",
            ) from None
        return None
    except OSError as error:
        raise CredentialsMissing(f"{shown} can't be read: {error.strerror}.", "Who may read it? See ls -l.") from None
    except UnicodeDecodeError:
        raise _broken(shown, "it is not text in UTF-8") from None
    return read(text, shown)


def _from_tccli(text: str, shown: str) -> Credentials | None:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):  # their messages would quote the file
        raise _broken(shown, "it is not JSON") from None
    if not isinstance(values, dict):
        raise _broken(shown, "it is not a JSON object")
    # The keys beside a role are not the role's keys: a call with them would use another identity.
    if values.get("role-arn") or values.get("type") == "cvm-role":
        raise CredentialsMissing(
            f"{shown} names a role, and voicectl assumes none.",
            "Assume it first, then export TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY and TENCENTCLOUD_TOKEN.",
        )
    return _read_pair(values, _TCCLI, where=f" in {shown}")


def _from_sdk(text: str, shown: str) -> Credentials | None:
    import configparser  # imported here, because few users have such a file

    file = configparser.ConfigParser(interpolation=None)
    try:
        file.read_string(text)
    except configparser.Error:  # its message would quote the file
        raise _broken(shown, "it is not an INI file") from None
    if not file.has_section("default"):
        return None
    return _read_pair(file["default"], _SDK, where=f" in {shown}")


def _broken(shown: str, why: str) -> CredentialsMissing:
    return CredentialsMissing(f"{shown} can't be read: {why}.", "Correct it, or move it away.")

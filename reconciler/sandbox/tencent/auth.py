"""Checks the signature TC3-HMAC-SHA256 as Tencent does. In the sandbox, the name of a secret id is its account.

Valid is `sandbox-<name>` as the secret id with `sandbox-secret` as the secret key. The token, if there is one, must be
`sandbox-token`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime

from reconciler.sandbox.http import Request
from reconciler.sandbox.tencent.responses import Refusal
from reconciler.values import value

ALGORITHM = "TC3-HMAC-SHA256"
SECRET_ID = "sandbox-default"  # noqa: S105 - valid in the sandbox only
SECRET_KEY = "sandbox-secret"  # noqa: S105 - likewise
TOKEN = "sandbox-token"  # noqa: S105 - likewise
_TOLERANCE = 5 * 60  # seconds between the caller's clock and ours; Tencent, API 3.0, X-TC-Timestamp
_UNSIGNED = "UNSIGNED-PAYLOAD"
_NAME = re.compile(r"sandbox-[A-Za-z0-9_.~%-]+")
_CREDENTIAL = re.compile(
    rf"{ALGORITHM} +Credential=(?P<id>[^/,\s]+)/(?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})/(?P<product>[a-z0-9]+)"
    r"/tc3_request, *SignedHeaders=(?P<names>[a-z0-9;-]+), *Signature=(?P<signature>[0-9a-fA-F]{64})"
)


@value
class Caller:
    """The sender of a valid request."""

    secret_id: str
    product: str  # as the signature's scope calls it: vod, trtc

    @property
    def account(self) -> str:
        """The account, the same for all products."""
        return f"tencent:{self.secret_id}"


def keys_for(named: str) -> tuple[str, str]:
    """SecretId and SecretKey of the account for these names of variables; empty: of the default account."""
    if not named:
        return SECRET_ID, SECRET_KEY
    return f"sandbox-{hashlib.sha256(named.encode()).hexdigest()[:16]}", SECRET_KEY


def caller_of(request: Request, now: int) -> Caller:
    """Checks the signature of a request. `now` is Unix milliseconds. Raises Refusal."""
    credential = _CREDENTIAL.fullmatch(request.headers.get("authorization", "").strip())
    if credential is None:
        raise Refusal("AuthFailure.InvalidAuthorization", "The request header Authorization is not in the TC3 form.")
    names = credential["names"].split(";")
    if not {"content-type", "host"} <= set(names) or sorted(names) != names:
        raise Refusal(
            "AuthFailure.InvalidAuthorization", "SignedHeaders must be sorted, and name content-type and host."
        )
    timestamp = _timestamp(request)
    if abs(now / 1000 - timestamp) > _TOLERANCE:
        raise Refusal(
            "AuthFailure.SignatureExpire",
            f"The signature's timestamp {timestamp} is more than {_TOLERANCE} s away from the server's {now // 1000}.",
        )
    if not _NAME.fullmatch(credential["id"]):
        raise Refusal("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
    if credential["date"] != f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}":
        raise Refusal("AuthFailure.SignatureFailure", "The date of the credential scope is not that of the timestamp.")
    wanted = _signature(request, names, timestamp=timestamp, date=credential["date"], product=credential["product"])
    if not hmac.compare_digest(wanted, credential["signature"].lower()):
        raise Refusal("AuthFailure.SignatureFailure", "The provided credentials could not be validated.")
    if request.headers.get("x-tc-token", "") not in ("", TOKEN):
        raise Refusal("AuthFailure.TokenFailure", "The token is not valid, or it has expired.")
    return Caller(credential["id"], credential["product"])


def _timestamp(request: Request) -> int:
    timestamp = request.headers.get("x-tc-timestamp", "")
    if not timestamp:
        raise Refusal("MissingParameter", "The request header X-TC-Timestamp is missing.")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise Refusal("InvalidParameter", "The request header X-TC-Timestamp is not a time in seconds.")
    return int(timestamp)


def _signature(request: Request, names: list[str], *, timestamp: int, date: str, product: str) -> str:
    lines = "".join(f"{name}:{request.headers.get(name, '').strip().lower()}\n" for name in names)
    unsigned = request.headers.get("x-tc-content-sha256") == _UNSIGNED
    payload = _sha256(_UNSIGNED.encode() if unsigned else request.body)
    canonical = "\n".join((request.method, "/", request.query, lines, ";".join(names), payload))
    scope = f"{date}/{product}/tc3_request"
    text = "\n".join((ALGORITHM, str(timestamp), scope, _sha256(canonical.encode())))
    key = f"TC3{SECRET_KEY}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

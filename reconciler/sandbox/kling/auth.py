"""Checks credentials as Kling does, in both of its ways. In the sandbox, the name of a key is its account.

Valid are `sandbox-<name>` as an API key, and `sandbox-<name>` as an access key with the secret key `sandbox-secret`.
Both mean the same account.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from reconciler.sandbox.kling.responses import Refusal

ACCOUNTS = "kling:"  # the names of the accounts begin so
API_KEY = "sandbox-default"
ACCESS_KEY = "sandbox-default"
SECRET_KEY = "sandbox-secret"  # noqa: S105 - valid in the sandbox only
_NAME = re.compile(r"sandbox-[A-Za-z0-9_.~%-]+")


def key_for(name: str) -> str:
    """The API key or access key for a name. Each name is an account of its own."""
    return f"sandbox-{quote(name, safe='')}"


def account_of(authorization: str | None, now: int) -> str:
    """The account of a request: `kling:sandbox-<name>`. `now` is Unix milliseconds. Raises Refusal."""
    if authorization is None or not authorization.strip():
        raise Refusal(401, 1001, "Authorization is empty")
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Refusal(401, 1002, "Authorization is not valid")
    if not token.strip():
        raise Refusal(401, 1001, "Authorization is empty")
    token = token.strip()
    return ACCOUNTS + (token if _NAME.fullmatch(token) else _issuer(token, now))


def _issuer(token: str, now: int) -> str:
    import jwt  # imported here, because an API key does not need it

    parts = token.count(".") + 1
    if parts != 3:
        raise Refusal(401, 1002, f"The token was expected to have 3 parts, but got {parts}")
    # Times are checked below, with the world's clock. HMAC pads a short key with zeros. Padded here, the key is the
    # same and PyJWT does not warn.
    untimed = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    try:
        claims = jwt.decode(token, SECRET_KEY.encode().ljust(32, b"\0"), algorithms=["HS256"], options=untimed)  # type: ignore[arg-type]  # a TypedDict in newer releases, a dict in older
    except jwt.PyJWTError:
        raise Refusal(401, 1002, "Authorization is not valid") from None
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not _NAME.fullmatch(issuer):
        raise Refusal(401, 1002, "Access key not found")
    begins, expires = _timestamp(claims.get("nbf", 0)), _timestamp(claims.get("exp"))
    if now < begins * 1000:
        raise Refusal(401, 1003, "Authorization is not yet valid")
    if now >= expires * 1000:
        raise Refusal(401, 1004, "Authorization has expired")
    return issuer


def _timestamp(claim: object) -> float:
    if not isinstance(claim, int | float) or isinstance(claim, bool):
        raise Refusal(401, 1002, "Authorization is not valid")
    return claim

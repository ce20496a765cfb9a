"""Who calls: Kling's two ways to sign in, checked as Kling does. In the sandbox the name of a key is its account.

`sandbox-<name>` as an API key, or as an access key whose secret key is `sandbox-secret`; both mean one account.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from reconciler.sandbox.kling.responses import Refusal

API_KEY = "sandbox-default"
ACCESS_KEY = "sandbox-default"
SECRET_KEY = "sandbox-secret"  # noqa: S105 - opens nothing but the sandbox
_NAME = re.compile(r"sandbox-[A-Za-z0-9_.~%-]+")


def key_for(name: str) -> str:
    """The API key, or access key, of an account of one's own for each name."""
    return f"sandbox-{quote(name, safe='')}"


def account_of(authorization: str | None, now: int) -> str:
    """`kling:sandbox-<name>`. `now` is Unix milliseconds. Raises Refusal."""
    if authorization is None or not authorization.strip():
        raise Refusal(401, 1001, "Authorization is empty")
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Refusal(401, 1002, "Authorization is not valid")
    if not token.strip():
        raise Refusal(401, 1001, "Authorization is empty")
    token = token.strip()
    return "kling:" + (token if _NAME.fullmatch(token) else _issuer(token, now))


def _issuer(token: str, now: int) -> str:
    import jwt  # an API key needs none of it

    parts = token.count(".") + 1
    if parts != 3:
        raise Refusal(401, 1002, f"The token was expected to have 3 parts, but got {parts}")
    # Times are checked below, by the world's clock. HMAC fills a short key with zeros itself; done here, it is the
    # same key and not one to be warned about.
    untimed = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    try:
        claims = jwt.decode(token, SECRET_KEY.encode().ljust(32, b"\0"), algorithms=["HS256"], options=untimed)  # type: ignore[arg-type]  # a TypedDict in newer releases, a dict in older
    except jwt.PyJWTError:
        raise Refusal(401, 1002, "Authorization is not valid") from None
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not _NAME.fullmatch(issuer):
        raise Refusal(401, 1002, "Access key not found")
    begins, expires = _time(claims.get("nbf", 0)), _time(claims.get("exp"))
    if now < begins * 1000:
        raise Refusal(401, 1003, "Authorization is not yet valid")
    if now >= expires * 1000:
        raise Refusal(401, 1004, "Authorization has expired")
    return issuer


def _time(claim: object) -> float:
    if not isinstance(claim, int | float) or isinstance(claim, bool):
        raise Refusal(401, 1002, "Authorization is not valid")
    return claim

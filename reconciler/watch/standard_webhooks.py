"""Signs webhooks by the rules of Standard Webhooks 1.0.0, with symmetric keys (`v1`). Pure functions.

The receiver checks them with any library of <https://www.standardwebhooks.com>.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a key; Standard Webhooks, "Signature scheme": 192 to 512 bits


def keys_in(words: str) -> tuple[bytes, ...]:
    """The keys of one or more secrets, `whsec_` and base64, separated by blanks. Raises ValueError without the secret.

    With several, each webhook has a signature by each: so the receiver may change its secret at any time.
    """
    keys = tuple(map(_key, words.split()))
    if not keys:
        raise ValueError("it is empty")
    return keys


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        raise ValueError(f"it does not begin with {PREFIX}")
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ValueError(f"what follows {PREFIX} is not base64") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"its key has {len(key)} bytes, and must have {SHORTEST} to {LONGEST}")
    return key


def headers(webhook_id: str, body: bytes, *, attempted_at: datetime, keys: Iterable[bytes]) -> dict[str, str]:
    """The headers that sign a webhook. Its id stays the same at each attempt; `attempted_at` does not."""
    timestamp = str(int(attempted_at.timestamp()))
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    signatures = [b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }

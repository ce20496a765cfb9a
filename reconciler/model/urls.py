"""URLs as they may be kept and shown: the query of a URL is a secret, because pre-signed links put theirs there.

Nothing here is a check; `manifest` does the checking.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

# What the object stores add when they sign a link: a renewed signature is the same file.
_SIGNING_PREFIXES = ("x-amz-", "x-goog-", "x-oss-", "x-cos-", "q-")
_SIGNING = frozenset(
    (
        "expires", "signature", "awsaccesskeyid", "ossaccesskeyid", "googleaccessid", "key-pair-id", "policy",
        "security-token", "sig", "se", "sp", "sv", "sr", "st", "spr", "sks", "ske", "skt", "skv", "skoid", "sktid",
        "auth_key",
    )
)  # fmt: skip
_NOTHING_LEFT = f"?#sha256:{hashlib.sha256(b'').hexdigest()[:8]}"


def is_url(value: object) -> bool:
    return isinstance(value, str) and value[:8].lower().startswith(("http://", "https://"))


def shown(url: str) -> str:
    """The URL without its secrets: `https://host/path?#sha256:xxxxxxxx`, a digest of the query less its signature."""
    if "?" not in url and "@" not in url and "#" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:  # no URL at all, though it begins like one
        return "***"
    host = parts.netloc.rpartition("@")[2]
    netloc = f"***@{host}" if "@" in parts.netloc else host
    bare = urlunsplit((parts.scheme, netloc, parts.path, "", ""))
    if not parts.query:
        return bare
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _signs(k)]
    digest = hashlib.sha256(urlencode(kept).encode()).hexdigest()[:8]
    return f"{bare}?#sha256:{digest}"


def compared(value: Any) -> Any:
    """A kept value in the form in which two of them are equal.

    A link that is only signed equals the bare link, and a local file is its bytes, wherever it lies.
    """
    if isinstance(value, str):
        return value.removesuffix(_NOTHING_LEFT)
    if isinstance(value, dict):
        return {k: compared(v) for k, v in value.items() if k != "file" or "sha256" not in value}
    if isinstance(value, list):
        return [compared(v) for v in value]
    return value


def without_secrets(value: Any) -> Any:
    """Any JSON value with every URL in it as it may be shown."""
    if isinstance(value, str):
        return shown(value) if is_url(value) else value
    if isinstance(value, dict):
        return {k: without_secrets(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_secrets(v) for v in value]
    return value


def _signs(parameter: str) -> bool:
    name = parameter.lower()
    return name in _SIGNING or name.startswith(_SIGNING_PREFIXES)

"""Redacts URLs before they are saved or shown: the query of a URL is secret, because pre-signed links are signed there.

Nothing here validates URLs; see `scalars`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from reconciler.model.signatures import OLDEST, TODAY, Rules, UrlTarget, signing, signs_itself

Pair = tuple[str, str]  # a parameter's name and value, decoded
WITHIN = re.compile(r"(?i)https?://[^\s\"'<>]+")
_SECRET_USER = 8  # characters; a shorter user name beside a password is not secret
MARK = "?#sha256:"
NOTHING = hashlib.sha256(b"").hexdigest()[:8]  # the digest of a query that has only signing parameters


def is_url(value: object) -> bool:
    """Whether the value is text that begins like an http or https URL."""
    return isinstance(value, str) and value[:8].lower().startswith(("http://", "https://"))


def may_have_secrets(text: str) -> bool:
    """Whether a URL in the text may have a query, a fragment or a password; if not, it is shown as it is."""
    return "?" in text or "@" in text or "#" in text


def shown(url: str, rules: Rules = TODAY) -> str:
    """The redacted URL: `https://host/path?#sha256:xxxxxxxx`, with a digest of the query without its signature."""
    if not may_have_secrets(url):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:  # not a URL, though it begins like one
        return "***"
    host = parts.netloc.rpartition("@")[2]
    netloc = f"***@{host}" if "@" in parts.netloc else host
    bare = urlunsplit((parts.scheme, netloc, parts.path, "", ""))
    if not parts.query:
        return bare
    return f"{bare}{MARK}{digest(content(pairs(parts.query, rules), place(parts), rules))}"


def pairs(query: str, rules: Rules = TODAY) -> list[Pair]:
    """The parameters of a query, in order. Bytes that are not UTF-8 stay distinct, except under the oldest rules."""
    return parse_qsl(query, keep_blank_values=True, errors="replace" if rules.version == 1 else "surrogateescape")


def place(parts: SplitResult) -> UrlTarget:
    """The host and the path of a URL."""
    return UrlTarget(parts.hostname or "", parts.path)


def content(given: list[Pair], at: UrlTarget, rules: Rules) -> list[Pair]:
    """The parameters of a link without those that only sign it."""
    signed = signing([name for name, _ in given], at, rules)
    return [(name, value) for name, value in given if name not in signed and not signs_itself(value, rules)]


def digest(given: list[Pair]) -> str:
    """Eight hex digits for these parameters."""
    return hashlib.sha256(urlencode(given, errors="surrogatepass").encode()).hexdigest()[:8]


def compared(value: Any) -> Any:
    """A redacted value in the form in which two values are compared.

    A link whose query only signs it equals the link without a query. A local file is compared by its bytes, not by its
    path.
    """
    if isinstance(value, str):
        return value.removesuffix(f"{MARK}{NOTHING}")
    if isinstance(value, dict):
        return {k: compared(v) for k, v in value.items() if k != "file" or "sha256" not in value}
    if isinstance(value, list):
        return [compared(v) for v in value]
    return value


def without_secrets(value: Any, rules: Rules = TODAY) -> Any:
    """A JSON value with every URL in it redacted, URLs inside longer text too."""
    if isinstance(value, str):
        if is_url(value):
            return shown(value, rules)
        return WITHIN.sub(lambda found: shown(found[0], rules), value) if "://" in value else value
    if isinstance(value, dict):
        return {k: without_secrets(v, rules) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_secrets(v, rules) for v in value]
    return value


def as_ever(value: Any) -> Any:
    """`without_secrets` for text that is never compared as a link: names, labels. New rules don't change the result."""
    return without_secrets(value, OLDEST)


def secrets_in(value: Any) -> Iterator[str]:
    """The secrets in the URLs of a JSON value: passwords, and the values in queries and fragments."""
    if isinstance(value, str):
        for url in WITHIN.findall(value) if "://" in value else ():
            yield from _secrets_of(url)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from secrets_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from secrets_in(inner)


def _secrets_of(url: str) -> Iterator[str]:
    rest = url.partition("://")[2]
    user, _, password = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rpartition("@")[0].partition(":")
    yield from login(user, password)
    for part in re.split("[?#]", rest)[1:]:
        for pair in re.split("[&;]", part):
            name, _, meant = pair.partition("=")
            if meant or name:
                yield meant or name


def login(user: str, password: str) -> Iterator[str]:
    """The secrets among a URL's user and password: either may be a token."""
    if password:
        yield password
    if user and (len(user) >= _SECRET_USER or not password):
        yield user

"""HTTP for the clouds: one client, counted calls, bounded answers, and each failure named by what it proves.

Knows no cloud: envelopes, codes and signatures are the adapters'. Follows no redirect, repeats nothing by itself.
"""

from __future__ import annotations

import math
import re
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from reconciler.errors import OutcomeUnknown, Rejected, Throttled
from reconciler.model.manifest import Timeouts
from reconciler.protocols import Clock

# `import httpx` also imports httpx's own command line, and with it click, rich and pygments: a third of its time.
# None in sys.modules makes that one import fail, which httpx allows for.
_first = "httpx" not in sys.modules
if _first:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # None is the documented way to block an import
import httpx  # noqa: E402  # the line above must come first

if _first:
    sys.modules.pop("httpx._main", None)

LARGEST_ANSWER = 64 * 1024 * 1024  # bytes, unpacked; a page of 1000 voices is about 0.6 MB
PAUSES = (0.5, 1.0, 2.0)  # seconds between the tries of a read
LONGEST_PAUSE = 60.0  # seconds, whatever Retry-After says
QUOTED = 300  # characters of a cloud's own words
_SHORTEST_SECRET = 4  # characters; to blank out less would eat the words around it
_SCRUBBED_AT_MOST = 20_000  # characters that are looked at before the cut

_BEARER = re.compile(r"(?i)\b(bearer)\s+[^\s\"'<>,;]+")
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_QUERY = re.compile(r"\?[^\s\"'<>?]*=[^\s\"'<>]*")

# What httpx raises before a byte of the request was written: no connection, no TLS, no proxy, no free slot.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_PERHAPS_SENT = (httpx.HTTPError, httpx.StreamError)

Got = TypeVar("Got")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. `call` is method and path, for messages."""

    call: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def server_time(self) -> datetime | None:
        """The Date header, UTC."""
        return _http_date(self.headers.get("Date", ""))

    @property
    def retry_after(self) -> float | None:
        """Seconds from the Retry-After header, which may also be a date; None where it says nothing usable."""
        told = self.headers.get("Retry-After", "").strip()
        until, now = _http_date(told), self.server_time
        try:
            seconds = (until - now).total_seconds() if until and now else float(told)
        except ValueError:
            return None
        return seconds if math.isfinite(seconds) and seconds >= 0 else None


class Http:
    """One account's connections. Threads may share it."""

    def __init__(
        self,
        endpoint: str,
        timeouts: Timeouts,
        *,
        clock: Clock,
        secrets: Iterable[str] = (),
        mount: httpx.BaseTransport | None = None,
    ) -> None:
        """`endpoint` ends without a slash. `secrets` are cut out of messages. `mount` takes the place of sockets."""
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._clock = clock
        self._secrets = tuple(s for s in secrets if len(s) >= _SHORTEST_SECRET)
        self._client = httpx.Client(
            transport=mount,
            timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect),
            follow_redirects=False,  # a redirect would take the credentials along
            headers={"User-Agent": "voicectl"},
        )
        self._lock = threading.Lock()
        self._calls = 0

    @property
    def calls(self) -> int:
        return self._calls

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str | int] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """One request. Raises Rejected(unsent=True) if no connection opened, OutcomeUnknown if it broke after that."""
        call = f"{method} {path}"
        with self._lock:
            self._calls += 1
        latest = self._clock.monotonic() + self._timeouts.operation
        try:
            with self._client.stream(
                method, self._endpoint + path, params=query, headers=headers, content=content
            ) as response:
                return Answer(call, response.status_code, response.headers, self._whole(response, call, latest=latest))
        except _NEVER_SENT as error:
            raise Rejected(f"{call}: no connection: {self._told(error)}", unsent=True) from None
        except _PERHAPS_SENT as error:
            raise OutcomeUnknown(f"{call}: no answer: {self._told(error)}") from None

    def _whole(self, response: httpx.Response, call: str, *, latest: float) -> bytes:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise OutcomeUnknown(f"{call}: the answer is larger than {LARGEST_ANSWER} bytes")
            if self._clock.monotonic() > latest:
                raise OutcomeUnknown(f"{call}: the answer dripped for more than {self._timeouts.operation:g} s")
        return bytes(body)

    def _told(self, error: Exception) -> str:
        return f"{type(error).__name__}: {self.scrubbed(str(error))}"

    def scrubbed(self, words: object, *, limit: int = QUOTED) -> str:
        """Somebody else's words as they may be shown: one line, cut, without credentials and without URL queries."""
        text = str(words)[:_SCRUBBED_AT_MOST]
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = _QUERY.sub("?***", _TOKEN.sub("***", _BEARER.sub(r"\1 ***", text)))
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= limit else line[: limit - 1] + "…"

    def close(self) -> None:
        self._client.close()


def persistently(read: Callable[[], Got], *, clock: Clock) -> Got:
    """A read may be repeated: four tries. What never connected in all four is systemic: nothing listens there."""
    for pause in PAUSES:
        try:
            return read()
        except Throttled as later:
            clock.sleep(min(max(pause, later.retry_after or 0.0), LONGEST_PAUSE))
        except OutcomeUnknown:
            clock.sleep(pause)
        except Rejected as refused:
            if not refused.unsent:
                raise
            clock.sleep(pause)
    try:
        return read()
    except Rejected as refused:
        if not refused.unsent:
            raise
        hint = "Is the endpoint right, and is there a way to it (network, proxy, certificates)?"
        raise Rejected(refused.detail, hint, unsent=True, systemic=True) from None


def _http_date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)

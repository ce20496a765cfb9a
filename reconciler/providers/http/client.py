"""The HTTP client of all adapters: counts calls, limits answers, and raises errors that say what is proven.

Envelopes, codes and signatures belong to the adapters. The client follows no redirect and repeats no request.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlsplit

from reconciler import waits
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled, Unreached, UsageError
from reconciler.model import urls
from reconciler.model.account import Timeouts
from reconciler.model.redactor import Redactor
from reconciler.protocols.clock import Clock
from reconciler.providers.http import call_log, deadline
from reconciler.providers.http.errors import NEVER_SENT, PERHAPS_SENT, doubt, lost, overdue, unsent
from reconciler.providers.http.lean_httpx import httpx
from reconciler.providers.http.proxies import proxy_for
from reconciler.values import value

MAX_ANSWER_BYTES = 64 * 1024 * 1024  # bytes, unpacked; a page of 1000 voices is about 0.6 MB
PAUSES = (0.5, 1.0, 2.0)  # seconds between the tries of a read
_SOON = 0.1  # seconds before the second try, if a reply was lost: mostly the next one is not
MAX_PAUSE = 60.0  # seconds, whatever Retry-After says
# One encoding only: a small answer that is compressed twice could fill the memory.
_ENCODINGS = ("", "identity", "gzip", "deflate")

_HEADERS = {
    "Accept": "*/*",
    "Connection": "keep-alive",
    "User-Agent": "voicectl",
    "Accept-Encoding": "gzip, deflate",
}

Got = TypeVar("Got")


@value
class HttpResponse:
    """A complete HTTP response. `call` is method and path, for messages."""

    call: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def server_time(self) -> datetime | None:
        """The Date header, in UTC; None where it is missing or invalid."""
        return _http_date(self.headers.get("Date", ""))

    @property
    def retry_after(self) -> float | None:
        """Seconds from the Retry-After header, which may also be a date. None where it is missing or invalid."""
        value = self.headers.get("Retry-After", "").strip()
        until, now = _http_date(value), self.server_time
        try:
            seconds = (until - now).total_seconds() if until and now else float(value)
        except ValueError:
            return None
        return seconds if math.isfinite(seconds) and seconds >= 0 else None


class HttpClient:
    """The connections of one account. Threads may share it."""

    def __init__(
        self,
        endpoint: str,
        timeouts: Timeouts,
        *,
        clock: Clock,
        secrets: Callable[[], Iterable[str]] = tuple,
        mount: httpx.BaseTransport | None = None,
    ) -> None:
        """`endpoint` has no slash at its end. `secrets` are redacted in errors. `mount` replaces the sockets."""
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._clock = clock
        self._to, self._via = urlsplit(endpoint).netloc, ""
        proxy = None
        if mount is None and (proxy := proxy_for(endpoint)) is not None:
            self._via = f"{proxy.url.host}:{proxy.url.port or proxy.url.scheme}"
        proxys = tuple(urls.login(*proxy.auth)) if proxy is not None and proxy.auth is not None else ()
        self.redact = Redactor(lambda: (*secrets(), *proxys))
        # Calls of an interruptible thread run in this one, because a thread that waits for a socket may miss signals.
        self._set_aside = ThreadPoolExecutor(1, "aside") if mount is None else None
        self._transport = mount or _sockets(proxy, plain=urlsplit(endpoint).scheme == "http")
        self._waits = httpx.Timeout(timeouts.read, connect=timeouts.connect).as_dict()
        self._cookies = httpx.Cookies()  # load balancers set them, to keep a client on one server
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
        name: str = "",
    ) -> HttpResponse:
        """Sends one request. Raises Unreached if no connection opened, OutcomeUnknown if it broke after that.

        `name` is for the log: an API may have one path for all its actions.
        """
        call = f"{method} {path}"
        with self._lock:
            self._calls += 1

        def exchange() -> HttpResponse:
            return self._exchange(call, method, self._endpoint + path, params=query, headers=headers, content=content)

        if call_log.is_on():
            exchange = call_log.logged(
                exchange,
                method=method,
                endpoint=self._endpoint,
                path=path,
                name=name,
                clock=self._clock,
                redact=self.redact,
            )
        if self._set_aside is not None and waits.is_interruptible():
            return waits.result(self._set_aside.submit(exchange))
        return exchange()

    def _exchange(
        self,
        call: str,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str],
        content: bytes | None,
    ) -> HttpResponse:
        stage = _Stage()
        latest = self._clock.monotonic() + self._timeouts.operation
        try:
            with deadline.within(self._timeouts.operation):
                request = self._request(method, url, params=params, headers=headers, content=content, stage=stage)
                with closing(self._transport.handle_request(request)) as response:
                    self._take_headers(request, response)
                    stage.begun = True
                    return HttpResponse(
                        call, response.status_code, response.headers, self._read_body(response, call, latest=latest)
                    )
        except deadline.Overdue:
            raise overdue(call, self._timeouts) from None
        except (*NEVER_SENT, *PERHAPS_SENT) as error:
            if isinstance(error, NEVER_SENT) or stage.tunnelling:
                to, via = self._to, self._via
                raise unsent(error, call, to=to, via=via, timeouts=self._timeouts, redact=self.redact) from None
            raise lost(error, call, begun=stage.begun, timeouts=self._timeouts, redact=self.redact) from None

    def _request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str],
        content: bytes | None,
        stage: _Stage,
    ) -> httpx.Request:
        """The request. Built here, and not by an httpx.Client, which takes about a quarter of a call's CPU time."""
        return httpx.Request(
            method,
            _parsed(url),
            params=params,
            headers=_HEADERS | dict(headers),
            cookies=self._cookies if self._cookies else None,
            content=content,
            extensions={"timeout": self._waits} | ({"trace": stage.follow} if self._via else {}),
        )

    def _take_headers(self, request: httpx.Request, response: httpx.Response) -> None:
        """Keeps the cookies. Raises RemoteProtocolError for a redirect to what is no URL. Follows no redirect."""
        if "Set-Cookie" in response.headers:
            response.request = request
            self._cookies.extract_cookies(response)
        if response.has_redirect_location:
            try:
                httpx.URL(response.headers["Location"])
            except httpx.InvalidURL as error:
                raise httpx.RemoteProtocolError(f"Invalid URL in location header: {error}.") from None

    def _read_body(self, response: httpx.Response, call: str, *, latest: float) -> bytes:
        packed = response.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in _ENCODINGS:
            raise OutcomeUnknown(
                f"{call}: the answer is compressed as {self.redact(packed)}, which was not requested{doubt(call)}"
            )
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise OutcomeUnknown(f"{call}: the answer is larger than {MAX_ANSWER_BYTES} bytes{doubt(call)}")
            if self._clock.monotonic() > latest:
                raise overdue(call, self._timeouts)
        return bytes(body)

    def close(self) -> None:
        self._transport.close()
        if self._set_aside is not None:
            self._set_aside.shutdown(wait=False)


@dataclass(slots=True)
class _Stage:
    """The progress of an exchange."""

    begun: bool = False  # the answer's headers arrived
    tunnelling: bool = False  # CONNECT was sent to a proxy, and the request itself was not

    def follow(self, _: str, event: Mapping[str, object]) -> None:
        """The `trace` callback of httpx, where there is a proxy. Only events prove something, never their absence."""
        if (request := event.get("request")) is not None:
            self.tunnelling = getattr(request, "method", None) == b"CONNECT"


@lru_cache(maxsize=64)
def _parsed(url: str) -> httpx.URL:
    """The URL, which most calls share. Raises InvalidURL."""
    return httpx.URL(url)


def _sockets(proxy: httpx.Proxy | None, *, plain: bool) -> httpx.BaseTransport:
    from reconciler.providers.http.sockets import Sockets

    try:
        return Sockets(proxy, plain=plain)
    except ImportError:
        raise UsageError(
            "The environment names a SOCKS proxy, and what speaks to those is not installed.",
            "pip install 'httpx[socks]', or name an HTTP proxy: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY.",
        ) from None


def retry_read(read: Callable[[], Got], *, clock: Clock, within: float = math.inf) -> Got:
    """Calls `read` up to four times; no try starts after `within` seconds.

    A failure to connect is systemic: every other call would fail too.
    """
    try:
        return _retried(read, clock, latest=clock.monotonic() + within)
    finally:
        call_log.attempt.set(1)


def _retried(read: Callable[[], Got], clock: Clock, *, latest: float) -> Got:
    for number, pause in enumerate(PAUSES, start=1):
        try:
            return read()
        except (Rejected, Throttled, OutcomeUnknown) as error:
            wait = _SOON if number == 1 and isinstance(error, OutcomeUnknown) else pause
            if isinstance(error, Throttled):
                wait = min(max(pause, error.retry_after or 0.0), MAX_PAUSE)
            if (isinstance(error, Rejected) and not error.unsent) or clock.monotonic() + wait > latest:
                raise _given_up(error) from None
        clock.sleep(wait)
        call_log.attempt.set(number + 1)
    try:
        return read()
    except Rejected as refused:
        raise _given_up(refused) from None


def _given_up(error: CloudError) -> CloudError:
    if isinstance(error, Rejected) and error.unsent:
        return Unreached(error.detail, error.hint, systemic=True)
    return error


def _http_date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)

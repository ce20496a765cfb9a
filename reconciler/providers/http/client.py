"""HTTP for the clouds: one client, counted calls, bounded answers, and each failure named by what it proves.

Knows no cloud: envelopes, codes and signatures are the adapters'. Follows no redirect, repeats nothing by itself.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

from reconciler import waits
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled, Unreached, UsageError
from reconciler.model import urls
from reconciler.model.accounts import Timeouts
from reconciler.model.redactor import Redactor
from reconciler.protocols import Clock
from reconciler.providers.http import deadline
from reconciler.providers.http.errors import NEVER_SENT, PERHAPS_SENT, doubt, lost, overdue, unsent
from reconciler.providers.http.lean_httpx import httpx
from reconciler.providers.http.proxies import proxy_for

LARGEST_ANSWER = 64 * 1024 * 1024  # bytes, unpacked; a page of 1000 voices is about 0.6 MB
PAUSES = (0.5, 1.0, 2.0)  # seconds between the tries of a read
LONGEST_PAUSE = 60.0  # seconds, whatever Retry-After says
_UNPACKED = ("", "identity", "gzip", "deflate")  # one of them: packed twice, a small answer could fill any memory

Got = TypeVar("Got")


@dataclass(frozen=True, slots=True)
class HttpResponse:
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
        value = self.headers.get("Retry-After", "").strip()
        until, now = _http_date(value), self.server_time
        try:
            seconds = (until - now).total_seconds() if until and now else float(value)
        except ValueError:
            return None
        return seconds if math.isfinite(seconds) and seconds >= 0 else None


class HttpClient:
    """One account's connections. Threads may share it."""

    def __init__(
        self,
        endpoint: str,
        timeouts: Timeouts,
        *,
        clock: Clock,
        secrets: Callable[[], Iterable[str]] = tuple,
        mount: httpx.BaseTransport | None = None,
    ) -> None:
        """`endpoint` ends without a slash. `secrets` are cut from others' words. `mount` takes the place of sockets."""
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._clock = clock
        self._to, self._via = urlsplit(endpoint).netloc, ""
        proxy = None
        if mount is None and (proxy := proxy_for(endpoint)) is not None:
            self._via = f"{proxy.url.host}:{proxy.url.port or proxy.url.scheme}"
        proxys = tuple(urls.login(*proxy.auth)) if proxy is not None and proxy.auth is not None else ()
        self.redact = Redactor(lambda: (*secrets(), *proxys))
        # One thread for all the calls of the main one, which would not hear every signal while it waits for a socket.
        self._aside = ThreadPoolExecutor(1, "aside") if mount is None else None
        self._client = _client(timeouts, mount, proxy)
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
    ) -> HttpResponse:
        """One request. Raises Unreached if no connection opened, OutcomeUnknown if it broke after that."""
        call = f"{method} {path}"
        with self._lock:
            self._calls += 1

        def exchange() -> HttpResponse:
            return self._exchange(call, method, self._endpoint + path, params=query, headers=headers, content=content)

        if self._aside is not None and threading.current_thread() is threading.main_thread():
            return waits.result(self._aside.submit(exchange))
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
            with (
                deadline.within(self._timeouts.operation),
                self._client.stream(
                    method, url, params=params, headers=headers, content=content, extensions={"trace": stage.follow}
                ) as response,
            ):
                stage.begun = True
                return HttpResponse(
                    call, response.status_code, response.headers, self._whole(response, call, latest=latest)
                )
        except deadline.Overdue:
            raise overdue(call, self._timeouts) from None
        except (*NEVER_SENT, *PERHAPS_SENT) as error:
            if isinstance(error, NEVER_SENT) or stage.tunnelling:
                to, via = self._to, self._via
                raise unsent(error, call, to=to, via=via, timeouts=self._timeouts, redact=self.redact) from None
            raise lost(error, call, begun=stage.begun, timeouts=self._timeouts, redact=self.redact) from None

    def _whole(self, response: httpx.Response, call: str, *, latest: float) -> bytes:
        packed = response.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in _UNPACKED:
            raise OutcomeUnknown(f"{call}: the answer is packed as {self.redact(packed)}, unasked{doubt(call)}")
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise OutcomeUnknown(f"{call}: the answer is larger than {LARGEST_ANSWER} bytes{doubt(call)}")
            if self._clock.monotonic() > latest:
                raise overdue(call, self._timeouts)
        return bytes(body)

    def close(self) -> None:
        self._client.close()
        if self._aside is not None:
            self._aside.shutdown(wait=False)


@dataclass(slots=True)
class _Stage:
    """How far an exchange got."""

    begun: bool = False  # the answer's head came
    tunnelling: bool = False  # a proxy was asked for a way, and the request itself had not gone out

    def follow(self, _: str, event: Mapping[str, object]) -> None:
        """The `trace` extension of httpx. It proves something only by what it says, never by saying nothing."""
        if (request := event.get("request")) is not None:
            self.tunnelling = getattr(request, "method", None) == b"CONNECT"


def _client(timeouts: Timeouts, mount: httpx.BaseTransport | None, proxy: httpx.Proxy | None) -> httpx.Client:
    return httpx.Client(
        transport=mount or _sockets(proxy),
        trust_env=False,  # its proxies are known already
        timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect),
        follow_redirects=False,  # a redirect would take the credentials along
        headers={"User-Agent": "voicectl", "Accept-Encoding": "gzip, deflate"},
    )


def _sockets(proxy: httpx.Proxy | None) -> httpx.BaseTransport:
    from reconciler.providers.http.sockets import Sockets

    try:
        return Sockets(proxy)
    except ImportError:
        raise UsageError(
            "The environment names a SOCKS proxy, and what speaks to those is not installed.",
            "pip install 'httpx[socks]', or name an HTTP proxy: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY.",
        ) from None


def retry_read(read: Callable[[], Got], *, clock: Clock, within: float = math.inf) -> Got:
    """A read may be repeated: four tries, none begun after `within` seconds.

    What never connected is systemic: nothing listens there.
    """
    latest = clock.monotonic() + within
    for pause in PAUSES:
        try:
            return read()
        except (Rejected, Throttled, OutcomeUnknown) as error:
            wait = min(max(pause, error.retry_after or 0.0), LONGEST_PAUSE) if isinstance(error, Throttled) else pause
            if (isinstance(error, Rejected) and not error.unsent) or clock.monotonic() + wait > latest:
                raise _given_up(error) from None
        clock.sleep(wait)
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

"""Downloads one file by its URL, with limits for size and time, and without credentials other than those in the URL.

Returns the file or a reason. A reason never contains the query of the URL or text from the server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from reconciler.audio.probing import Fetched, NotFetched
from reconciler.errors import CloudError, UsageError
from reconciler.model import urls
from reconciler.model.account import Timeouts
from reconciler.model.redactor import Redactor
from reconciler.providers.http import deadline
from reconciler.providers.http.errors import NEVER_SENT, PERHAPS_SENT, lost, unsent
from reconciler.providers.http.lean_httpx import httpx
from reconciler.providers.http.proxies import proxy_for

REDIRECTS = 5
TIMEOUTS = Timeouts(connect=10, read=20, operation=120)  # for one file, redirects included
_REFUSAL = 8 * 1024  # bytes of an error answer that are read
_EXPIRED = re.compile(rb"(?i)expired")  # S3, OSS, COS and Azure write it about an old signature
_SETTING = re.compile(r" \(timeouts\.\w+\)")
_TRY_LATER = (408, 425, 429)


def fetch(
    url: str, *, largest: int, timeouts: Timeouts = TIMEOUTS, transport: httpx.BaseTransport | None = None
) -> Fetched | NotFetched:
    """Downloads a file. If it has more than `largest` bytes, the result is not `whole` and has one byte more.

    `timeouts.operation` limits the whole download with its redirects. `transport` replaces the sockets. Never raises.
    """
    try:
        with deadline.within(timeouts.operation):
            return _Download(url, largest, timeouts, transport).follow()
    except deadline.Overdue:
        return _unreached(f"not here whole within {timeouts.operation:g} s")
    except UsageError as error:  # of the environment's proxy
        return _unreached(error.detail)


@dataclass(slots=True)
class _Download:
    url: str
    largest: int
    timeouts: Timeouts
    transport: httpx.BaseTransport | None

    def follow(self) -> Fetched | NotFetched:
        url = self.url
        for _ in range(REDIRECTS + 1):
            if (wrong := _not_a_link(url)) is not None:
                return _wrong(wrong if url == self.url else f"it is redirected to what {wrong}")
            got = self._ask(url)
            if not isinstance(got, str):
                return got
            url = got
        return _wrong(f"it is redirected more than {REDIRECTS} times")

    def _ask(self, url: str) -> Fetched | NotFetched | str:
        """The result, or the URL of a redirect."""
        begun = False
        redact = Redactor(lambda: urls.secrets_in(url))
        proxy = proxy_for(url) if self.transport is None else None
        via = f"{proxy.url.host}:{proxy.url.port or proxy.url.scheme}" if proxy is not None else ""
        try:
            with _client(self.timeouts, self.transport, proxy) as client, client.stream("GET", url) as response:
                begun = True
                return self._answer(url, response)
        except NEVER_SENT as error:
            to = urlsplit(url).netloc.rpartition("@")[2]
            return _unreached(_reason(unsent(error, "GET", to=to, via=via, timeouts=self.timeouts, redact=redact)))
        except PERHAPS_SENT as error:
            if isinstance(error, httpx.RemoteProtocolError) and "location header" in str(error):  # httpx parses it too
                return _wrong("it is redirected to what is not a URL")
            return _unreached(_reason(lost(error, "GET ", begun=begun, timeouts=self.timeouts, redact=redact)))

    def _answer(self, url: str, response: httpx.Response) -> Fetched | NotFetched | str:
        match response.status_code:
            case 200 if response.headers.get("Content-Encoding", "identity").strip().lower() in ("", "identity"):
                return self._body(response)
            case 200:
                return NotFetched(
                    "could not be checked: it is compressed, which voicectl did not request", fault=False, answered=True
                )
            case 301 | 302 | 303 | 307 | 308 if response.headers.get("Location"):
                return _joined(url, response.headers["Location"])
            case status:
                return _refusal(status, self._body(response, _REFUSAL).data)

    def _body(self, response: httpx.Response, largest: int | None = None) -> Fetched:
        most = self.largest if largest is None else largest
        body = bytearray()
        for piece in response.iter_raw():
            body += piece
            if len(body) > most:
                announced = response.headers.get("Content-Length", "")
                size = int(announced) if announced.isdecimal() else 0
                return Fetched(bytes(body[: most + 1]), max(size, most + 1), whole=False)
        return Fetched(bytes(body), len(body), whole=True)


def _not_a_link(url: str) -> str | None:
    try:
        parsed, _ = httpx.URL(url), urlsplit(url).port
    except (httpx.InvalidURL, ValueError):
        return "is not a URL"
    return None if parsed.scheme in ("http", "https") and parsed.host else "is not an http(s) URL"


def _joined(url: str, location: str) -> str:
    bare = urlsplit(url)._replace(
        netloc=urlsplit(url).netloc.rpartition("@")[2]
    )  # a redirect must not get the password
    try:
        return urljoin(bare.geturl(), location)
    except ValueError:  # `_not_a_link` rejects it
        return location


def _refusal(status: int, body: bytes) -> NotFetched:
    match status:
        case 401:
            return _wrong("it asks for credentials (HTTP 401): the cloud has none for it")
        case 400 | 403 if _EXPIRED.search(body):
            return _wrong(f"the link has expired (HTTP {status}): sign it again")
        case 403:
            return _wrong("access is denied (HTTP 403): is it public, or its signature still good?")
        case 404 | 410:
            return _wrong(f"nothing is there (HTTP {status})")
        case _ if status in _TRY_LATER:
            return _wrong(f"the server asks to try again later (HTTP {status})")
        case _ if status >= 500:
            return _wrong(f"the server failed (HTTP {status})")
        case _:
            return _wrong(f"the server answers HTTP {status} instead of a file")


def _wrong(why: str) -> NotFetched:
    return NotFetched(f"can't be fetched: {why}", answered=True)


def _unreached(why: str) -> NotFetched:
    return NotFetched(f"can't be fetched from this machine: {why}")


def _reason(failure: CloudError) -> str:
    """The message of an HTTP error, without the call and without the name of a setting that users don't have here."""
    return _SETTING.sub("", failure.detail.partition(": ")[2]).removesuffix("; nothing was sent")


def _client(timeouts: Timeouts, transport: httpx.BaseTransport | None, proxy: httpx.Proxy | None) -> httpx.Client:
    return httpx.Client(
        transport=transport or _sockets(proxy),
        trust_env=False,  # the proxy was already read, and .netrc holds credentials
        timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect),
        follow_redirects=False,  # each redirect is a new request, without cookies and passwords
        headers={"User-Agent": "voicectl", "Accept-Encoding": "identity"},
    )


def _sockets(proxy: httpx.Proxy | None) -> httpx.BaseTransport:
    from reconciler.providers.http.sockets import Sockets

    try:
        return Sockets(proxy)
    except ImportError:
        raise UsageError("the environment names a SOCKS proxy: pip install 'httpx[socks]'") from None

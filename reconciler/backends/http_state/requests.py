"""One HTTP request, and what its answer means. Only reads are tried again here.

No text of the server and no URL with a query gets into an answer's words.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
import threading
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reconciler.backends.http_state.address import ALLOW_HTTP, Address, Tls
from reconciler.errors import StateError, UsageError
from reconciler.protocols.clock import Clock
from reconciler.values import value

if TYPE_CHECKING:
    import httpx

_CONNECT, _TRANSFER = 5.0, 30.0  # seconds: to open a connection; between two parts of a request or an answer
_SHORT, _SHORT_BODY = 10.0, 65536  # seconds, for a request of fewer bytes, like LOCK
_TRIES, _LONGEST_TIME = 8, 60.0  # of one request whose outcome is unclear
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0  # seconds between two of them
_AGAIN = frozenset((408, 425, 429))  # and all from 500 on
_NEVER = frozenset((501, 505))
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
_LOCKED = (409, 423)  # a reader tries again: a lock does not hinder reading
_MEANINGS = {
    400: "the server did not understand the request",
    401: "the server refused the user or the password",
    403: "the server does not allow it to this user",
    404: "the server does not know this address",
    405: "the server does not know this method",
    409: "the server says that the state is locked",
    413: "the state is larger than the server allows",
    422: "the server refused the content",
    423: "the server says that the state is locked",
    429: "the server asks to slow down",
    501: "the server does not know this method",
}


@value
class Answer:
    """What came back. `status` is 0 if no answer came; `trouble` says why then.

    `advice`: what to do, where no later try can succeed and nothing was sent.
    """

    status: int
    body: bytes = b""
    date: datetime | None = None  # the server's clock
    trouble: str = ""
    advice: str = ""

    @property
    def ok(self) -> bool:
        """A plain success. Everything else may have had its effect or not."""
        return 200 <= self.status < 300

    @property
    def final(self) -> bool:
        """Whether the same request would be refused again."""
        if not self.status:
            return bool(self.advice)
        return self.status in _NEVER or (300 <= self.status < 500 and self.status not in _AGAIN)

    @property
    def words(self) -> str:
        """The reason, as a part of a sentence."""
        if not self.status:
            return self.trouble
        if 300 <= self.status < 400:
            return f"the server answered with a redirect ({self.status}), which is not followed"
        usual = "the server failed" if self.status >= 500 else "the server refused the request"
        return f"{_MEANINGS.get(self.status, usual)} ({self.status})"


def tries(clock: Clock, *, longest: float = _LONGEST_TIME) -> Iterator[int]:
    """Counts the tries of one request, and waits between them: at most 8 tries, in `longest` seconds."""
    began, pause = clock.monotonic(), _FIRST_PAUSE
    for number in range(_TRIES):
        if number:
            if clock.monotonic() + pause - began > longest:
                return
            clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        yield number


class Connection:
    """Sends requests to one server. Any thread may use it."""

    def __init__(self, address: Address, clock: Clock) -> None:
        self._address = address
        self._clock = clock
        self._client: httpx.Client | None = None
        self._opening = threading.Lock()

    def send(self, method: str, url: str, body: bytes | None = None) -> Answer:
        """Sends one request once. Whatever happens is an answer."""
        import httpx

        headers = {}
        if body is not None:
            digest = hashlib.md5(body, usedforsecurity=False).digest()
            headers = {"Content-Type": "application/json", "Content-MD5": base64.b64encode(digest).decode()}
        try:
            transfer = _SHORT if body is not None and len(body) < _SHORT_BODY else _TRANSFER
            timeout = httpx.Timeout(transfer, connect=_CONNECT)
            reply = self._opened().request(method, url, content=body, headers=headers, timeout=timeout)
        except httpx.ConnectTimeout:
            return Answer(0, trouble="the server could not be reached")
        except httpx.TimeoutException:
            return Answer(0, trouble="the server did not answer in time")
        except httpx.ConnectError as error:
            return _unconnected(error)
        except (httpx.RequestError, httpx.InvalidURL):
            return Answer(0, trouble="the connection broke")
        return Answer(reply.status_code, reply.content, _date(reply.headers.get("Date", "")))

    def read(self, url: str) -> Answer:
        """Reads, and tries again after failures, as often as the settings say."""
        wait = self._address.shortest_wait
        for _ in range(self._address.retries):
            answer = self.send("GET", url)
            if answer.ok or (answer.final and answer.status not in _LOCKED):
                return answer
            self._clock.sleep(min(wait, self._address.longest_wait))
            wait *= 2
        return self.send("GET", url)

    def _opened(self) -> httpx.Client:
        import httpx

        with self._opening:
            if self._client is None:
                at = self._address
                self._client = httpx.Client(
                    auth=(at.user, at.password) if at.user or at.password else None,
                    headers={"Accept-Encoding": "identity", "User-Agent": "voicectl"},
                    verify=_context(at.tls) if at.encrypted else False,
                    proxy=_proxy(at.proxy),
                    trust_env=False,
                    follow_redirects=False,
                )
                weakref.finalize(self, self._client.close)  # a backend has no end of its own
            return self._client


def failed(what: str, answer: Answer, *, reads: bool = False) -> StateError:
    """The error for a request that did not succeed: `The state at … could not be read: ….`"""
    return StateError(f"{what}: {answer.words}.", answer.advice or _hint(answer, reads=reads))


def _hint(answer: Answer, *, reads: bool) -> str:
    match answer.status:
        case 401:
            return "Check TF_HTTP_USERNAME and TF_HTTP_PASSWORD. GitLab's CI_JOB_TOKEN ends with its job."
        case 403 if reads:
            return "Give this user the right to read the state. GitLab wants the role Developer for it."
        case 403:
            return "Give this user the right to write the state. GitLab wants the role Maintainer for it."
        case 404 | 405 | 501:
            return "Check the address of the state. The server must speak the protocol of Terraform's http backend."
        case 413:
            return "Raise the server's limit, or spread the voices over several manifests."
        case _:
            return "Try again when the server works."


def _unconnected(error: BaseException) -> Answer:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Answer(
                0,
                trouble="the server's certificate is not trusted",
                advice="If the server has a certificate authority of its own, put it into "
                "TF_HTTP_CLIENT_CA_CERTIFICATE_PEM.",
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return Answer(
                0,
                trouble="the server does not speak https at this port, but probably http",
                advice="Check the port in the URL. If this server has no https, write http://, which needs "
                f"{ALLOW_HTTP}=true where it is on another machine.",
            )
        if isinstance(cause, ssl.SSLError):
            return Answer(0, trouble="no encrypted connection could be made")
        cause = cause.__cause__ or cause.__context__
    return Answer(0, trouble="the server could not be reached")


def _date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)


def _proxy(url: str) -> httpx.Proxy | None:
    import httpx

    if not url:
        return None
    try:
        return httpx.Proxy(url if "://" in url else f"http://{url}")
    except (ValueError, httpx.InvalidURL):  # their words would quote its password
        raise UsageError(
            "The environment names a proxy, but its value is not the URL of a proxy.",
            "See HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in the environment.",
        ) from None


def _context(tls: Tls) -> ssl.SSLContext:
    import httpx

    context = httpx.create_ssl_context()
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if tls.authority:
            context.load_verify_locations(cadata=tls.authority)
        if tls.certificate:
            with TemporaryDirectory() as folder:  # the ssl module reads a key from a file only; the folder is private
                pair = Path(folder, "pair.pem")
                pair.write_text(f"{tls.certificate}\n{tls.key}\n", encoding="utf-8")
                context.load_cert_chain(pair)
    except (ssl.SSLError, ValueError):
        raise UsageError(
            "The certificates in TF_HTTP_CLIENT_CERTIFICATE_PEM and its kin can't be used.",
            "They are PEM texts that begin with -----BEGIN. The key must belong to the certificate.",
        ) from None
    return context

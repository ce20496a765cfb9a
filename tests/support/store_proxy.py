"""An HTTP proxy before a store, that loses, delays or falsifies answers: before the store's work, or after it."""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.support.engines.fake_store import serving

# What is done with a request: a status or CLOSED, before or after the store did the work; or DELAYED.
Fault = tuple[str, int] | None
CLOSED = 0
AFTER, BEFORE, DELAYED = "after", "before", "delayed"
FAULTS: tuple[Fault, ...] = (
    (AFTER, 500),
    (AFTER, 409),
    (AFTER, 429),
    (AFTER, CLOSED),
    (BEFORE, 500),
    (BEFORE, 503),
    (BEFORE, 409),
    (BEFORE, CLOSED),
    (DELAYED, 0),
)
Choice = Callable[[str, str], Fault]  # from the method and the target


class LossyProxy:
    """Its URL, and what it did: (method, fault) -> how often."""

    def __init__(self, choose: Choice) -> None:
        self.choose = choose
        self.url = ""
        self.done: Counter[tuple[str, Fault]] = Counter()

    @property
    def calls(self) -> int:
        """All requests so far."""
        return self.done.total()


def sometimes(seed: int, share: float = 0.1) -> Choice:
    """A fault for this share of the requests."""
    rng, one = random.Random(seed), threading.Lock()

    def choose(method: str, target: str) -> Fault:
        with one:
            return rng.choice(FAULTS) if rng.random() < share else None

    return choose


def never(method: str, target: str) -> Fault:
    return None


def once(*faults: Fault, method: str = "PUT", within: str = "") -> Choice:
    """These faults, one after the other, for requests with this method, and this text in their target."""
    left, one = list(faults), threading.Lock()

    def choose(its_method: str, target: str) -> Fault:
        with one:
            return left.pop(0) if left and its_method == method and within in target else None

    return choose


@contextmanager
def lossy_proxy(upstream: str, choose: Choice = never) -> Iterator[LossyProxy]:
    """Runs a proxy while the context lasts."""
    proxy = LossyProxy(choose)
    place = urlsplit(upstream)

    class Forwarding(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = proxy.choose(self.command, self.path)
            proxy.done[self.command, fault] += 1
            match fault:
                case (when, status) if when == BEFORE:
                    self._falsify(status)
                case (when, status) if when == AFTER:
                    self._ask(body)
                    self._falsify(status)
                case _:
                    status, headers, content = self._ask(body)
                    if fault is not None:
                        time.sleep(0.3)
                    self._send(status, headers, content)

        do_GET = do_PUT = do_DELETE = _forward  # noqa: N815 - http.server calls them so

        def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            upstream = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
            try:
                headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
                upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, text in headers.items():
                    upstream.putheader(name, text)
                upstream.endheaders(body)
                answer = upstream.getresponse()
                left_out = ("connection", "transfer-encoding", "content-length")
                kept = {k: v for k, v in answer.getheaders() if k.lower() not in left_out}
                return answer.status, kept, answer.read()
            finally:
                upstream.close()

        def _falsify(self, status: int) -> None:
            if status == CLOSED:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._send(status, {}, b"<Error><Code>Falsified</Code></Error>")

        def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    with serving(Forwarding) as url:
        proxy.url = url
        yield proxy

"""A faulty network in front of a simulated cloud: it forwards every request, except those that a test disturbs.

    with KlingService() as kling, HostileWire(kling.url) as wire:
        wire.trouble("create", troubles.STALL)                   # the next create
        wire.trouble("create", troubles.RESET, about="hero")     # the next one of that voice_name, voice_id or key
        wire.trouble("list", troubles.STALL, times=99)

The troubles are in `tests.support.troubles`; here are the sockets. Its limit: HTTP/1.1 without chunked requests.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

_LINGER_NONE = struct.pack("ii", 1, 0)  # SO_LINGER: close sends a RST


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it arrived. `about` is the voice_name of a create, the voice_id of a delete, the key of a get."""

    operation: str
    about: str
    method: str
    target: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True)
class Exchange:
    """A disturbed request, its connection to the client, and the network that can forward it to the cloud."""

    request: ReceivedRequest
    connection: socket.socket
    wire: HostileWire

    def forward(self) -> tuple[bytes, bytes]:
        """Lets the cloud do its work. Returns its response: the head with its empty line, and the body."""
        return self.wire.forward(self.request)

    def send(self, *parts: bytes) -> None:
        self.connection.sendall(b"".join(parts))

    def reset(self) -> None:
        """Ends the connection with a RST, like a machine that crashed."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self.connection.close()

    def wait(self, seconds: float) -> bool:
        """Waits so many seconds at most. True if the client has hung up, or the test is over."""
        self.connection.settimeout(seconds)
        try:
            return not self.connection.recv(1) or self.wire.over
        except TimeoutError:
            return self.wire.over
        except OSError:
            return True

    def until_hung_up(self) -> None:
        while not self.wait(60):
            pass


Trouble = Callable[[Exchange], None]  # afterwards the connection ends


@dataclass
class _Planned:
    operation: str
    trouble: Trouble
    about: str | None
    times: int


@dataclass
class HostileWire:
    cloud: str  # base URL of the simulated cloud
    tls: ssl.SSLContext | None = None
    family: socket.AddressFamily = socket.AF_INET
    keeps_alive: bool = True  # False: closes the connection after each response, without saying so
    seen: list[ReceivedRequest] = field(default_factory=list)
    over: bool = False
    resets: int = 0  # how many of the next connections are reset as soon as they open
    _planned: list[_Planned] = field(default_factory=list)
    _connections: set[socket.socket] = field(default_factory=set)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _listener: socket.socket | None = None
    _port: int = 0

    @property
    def url(self) -> str:
        host = "[::1]" if self.family == socket.AF_INET6 else "127.0.0.1"
        return f"{'https' if self.tls else 'http'}://{host}:{self._port}"

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def trouble(self, operation: str, trouble: Trouble, *, about: str | None = None, times: int = 1) -> None:
        self._planned.append(_Planned(operation, trouble, about, times))

    def heal(self) -> None:
        """Removes all troubles, and listens again."""
        self._planned.clear()
        self.resets = 0
        if self._listener is None:
            self.up()

    def up(self) -> None:
        listener = socket.socket(self.family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("::1" if self.family == socket.AF_INET6 else "127.0.0.1", self._port))
        listener.listen(128)
        self._listener, self._port = listener, listener.getsockname()[1]
        self._begin(self._accept, listener)

    def down(self, *, but: socket.socket | None = None) -> None:
        """Stops to listen, and ends the open connections except `but`."""
        with self._lock:
            listener, self._listener = self._listener, None
            connections = [each for each in self._connections if each is not but]
        for each in [listener, *connections]:
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def count(self, operation: str) -> int:
        return sum(request.operation == operation for request in self.seen)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over = True
        self.down()
        for thread in list(self._threads):
            thread.join(10)

    # -- connections ---------------------------------------------------------------------------------------------------

    def _begin(self, work: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(connection,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if self.resets > 0:
                self.resets -= 1
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
                connection.close()
                continue
            self._begin(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                connection = self.tls.wrap_socket(plain, server_side=True)
            with self._lock:
                self._connections.add(connection)
            while (request := read(connection)) is not None:
                with self._lock:
                    self.seen.append(request)
                    trouble = self._next(request)
                if trouble is not None:
                    trouble(Exchange(request, connection, self))
                    return
                head, body = self.forward(request)
                connection.sendall(head + body)
                if not self.keeps_alive or request.headers.get("connection") == "close":
                    return
        except OSError:  # the client hung up, or refused our certificate
            return
        finally:
            with self._lock:
                self._connections.discard(connection)
            with suppress(OSError):
                connection.close()

    def _next(self, request: ReceivedRequest) -> Trouble | None:
        for planned in self._planned:
            if planned.operation in (request.operation, "any") and planned.about in (None, request.about):
                planned.times -= 1
                if planned.times == 0:
                    self._planned.remove(planned)
                return planned.trouble
        return None

    def forward(self, request: ReceivedRequest) -> tuple[bytes, bytes]:
        """Sends the request unchanged to the cloud, on a new connection. Returns head and body of the response."""
        url = urlsplit(self.cloud)
        headers = {**request.headers, "host": url.netloc, "connection": "close"}
        lines = [
            f"{request.method} {request.target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        with socket.create_connection((url.hostname or "", url.port or 80), timeout=10) as cloud:
            cloud.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + request.body)
            answer = b"".join(iter(lambda: cloud.recv(65536), b""))
        head, gap, body = answer.partition(b"\r\n\r\n")
        return head + gap, body


def read(connection: socket.socket) -> ReceivedRequest | None:
    """Reads the next request; None when the connection ends."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            return None
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    method, target, _ = first.split(" ")
    return ReceivedRequest(*_operation(method, target, body), method, target, headers, body)


def _operation(method: str, target: str, body: bytes) -> tuple[str, str]:
    """The operation, and the voice_name, voice_id or key that it is about."""
    path = urlsplit(target).path
    if method == "POST" and path.endswith("/custom-voices"):
        return "create", str(json.loads(body)["voice_name"])
    if method == "POST" and path.endswith("/delete-voices"):
        return "delete", str(json.loads(body)["voice_id"])
    if method == "GET" and path.endswith("/custom-voices"):
        return "list", ""
    if method == "GET" and "/custom-voices/" in path:
        return "get", unquote(path.rpartition("/")[2])
    return "other", ""

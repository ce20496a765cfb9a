"""A bad network in front of a stand-in: every request passes, but for those that a test gives trouble to.

    with KlingService() as kling, HostileWire(kling.url) as wire:
        wire.trouble("create", troubles.STALL)                   # the next creation
        wire.trouble("create", troubles.RESET, about="hero")     # the next one of that voice_name, voice_id or key
        wire.trouble("list", troubles.STALL, times=99)

What a trouble is stands in `troubles`; here are the sockets. Its limit: HTTP/1.1 without chunked requests.
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

_LINGER_NONE = struct.pack("ii", 1, 0)  # a close that resets


@dataclass(frozen=True)
class Asked:
    """A request as it came. `about` is the voice_name of a create, the voice_id of a delete, the key of a get."""

    operation: str
    about: str
    method: str
    target: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True)
class Turn:
    """One request in trouble: the connection it came on, and the way to the cloud."""

    asked: Asked
    line: socket.socket
    wire: HostileWire

    def passed_on(self) -> tuple[bytes, bytes]:
        """The cloud does its work. Its answer: head with the empty line, and body."""
        return self.wire.ask_cloud(self.asked)

    def send(self, *parts: bytes) -> None:
        self.line.sendall(b"".join(parts))

    def reset(self) -> None:
        """The connection ends by RST, as of a machine that fell over."""
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self.line.close()

    def wait(self, seconds: float) -> bool:
        """True when the other side has hung up, or the test is over."""
        self.line.settimeout(seconds)
        try:
            return not self.line.recv(1) or self.wire.over
        except TimeoutError:
            return self.wire.over
        except OSError:
            return True

    def until_hung_up(self) -> None:
        while not self.wait(60):
            pass


Trouble = Callable[[Turn], None]  # afterwards the connection ends


@dataclass
class _Waiting:
    operation: str
    trouble: Trouble
    about: str | None
    times: int


@dataclass
class HostileWire:
    cloud: str  # base URL of the stand-in
    tls: ssl.SSLContext | None = None
    family: socket.AddressFamily = socket.AF_INET
    keeps_alive: bool = True  # False: each answer ends its connection, and does not say so
    seen: list[Asked] = field(default_factory=list)
    over: bool = False
    resets: int = 0  # connections that are reset as soon as they open
    _waiting: list[_Waiting] = field(default_factory=list)
    _lines: set[socket.socket] = field(default_factory=set)
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
        self._waiting.append(_Waiting(operation, trouble, about, times))

    def heal(self) -> None:
        """No more trouble, and up again."""
        self._waiting.clear()
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
        """Nothing listens any more, and the open connections end, but for one."""
        with self._lock:
            listener, self._listener = self._listener, None
            lines = [line for line in self._lines if line is not but]
        for each in [listener, *lines]:
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def count(self, operation: str) -> int:
        return sum(asked.operation == operation for asked in self.seen)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over = True
        self.down()
        for thread in list(self._threads):
            thread.join(10)

    # -- connections --------------------------------------------------------------------------------------------------

    def _begin(self, work: Callable[[socket.socket], None], line: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(line,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            if self.resets > 0:
                self.resets -= 1
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
                line.close()
                continue
            self._begin(self._serve, line)

    def _serve(self, plain: socket.socket) -> None:
        line = plain
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is not None:
                line = self.tls.wrap_socket(plain, server_side=True)
            with self._lock:
                self._lines.add(line)
            while (asked := read(line)) is not None:
                with self._lock:
                    self.seen.append(asked)
                    trouble = self._next(asked)
                if trouble is not None:
                    trouble(Turn(asked, line, self))
                    return
                head, body = self.ask_cloud(asked)
                line.sendall(head + body)
                if not self.keeps_alive or asked.headers.get("connection") == "close":
                    return
        except OSError:  # the other side hung up, or refused our certificate
            return
        finally:
            with self._lock:
                self._lines.discard(line)
            with suppress(OSError):
                line.close()

    def _next(self, asked: Asked) -> Trouble | None:
        for waiting in self._waiting:
            if waiting.operation in (asked.operation, "any") and waiting.about in (None, asked.about):
                waiting.times -= 1
                if waiting.times == 0:
                    self._waiting.remove(waiting)
                return waiting.trouble
        return None

    def ask_cloud(self, asked: Asked) -> tuple[bytes, bytes]:
        """The request as it came, on a connection of its own."""
        url = urlsplit(self.cloud)
        headers = {**asked.headers, "host": url.netloc, "connection": "close"}
        lines = [f"{asked.method} {asked.target} HTTP/1.1", *(f"{name}: {told}" for name, told in headers.items())]
        with socket.create_connection((url.hostname or "", url.port or 80), timeout=10) as cloud:
            cloud.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + asked.body)
            answer = b"".join(iter(lambda: cloud.recv(65536), b""))
        head, gap, body = answer.partition(b"\r\n\r\n")
        return head + gap, body


def read(line: socket.socket) -> Asked | None:
    """The next request; None when the connection ends."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = line.recv(65536)
        if not more:
            return None
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): told.strip() for name, _, told in (each.partition(":") for each in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        more = line.recv(65536)
        if not more:
            return None
        body += more
    method, target, _ = first.split(" ")
    return Asked(*_meant(method, target, body), method, target, headers, body)


def _meant(method: str, target: str, body: bytes) -> tuple[str, str]:
    """The operation, and what it is about."""
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

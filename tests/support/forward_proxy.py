"""An HTTP proxy on loopback that records its requests: plain ones with their whole URL, tunnels by CONNECT.

It also records the bytes that clients send through tunnels, so that a test can check that they are encrypted.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.support.hostile_wire import ReceivedRequest, read


@dataclass
class ForwardProxy:
    refuses: bytes = b""  # if set: the answer to every request
    stalls: bool = False  # never answers
    ends_after: int = -1  # stops to listen after so many requests; -1: never
    seen: list[ReceivedRequest] = field(default_factory=list)
    carried: bytearray = field(default_factory=bytearray)  # bytes from clients through tunnels
    _connections: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._begin(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(10)

    def _end(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._begin(lambda connection=connection: self._serve(connection))  # type: ignore[misc]  # mypy can't infer a lambda's default

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while (request := read(connection)) is not None:
                self.seen.append(request)
                if self.stalls:
                    connection.recv(1)
                elif self.refuses:
                    connection.sendall(self.refuses)
                elif request.method == "CONNECT":
                    self._tunnel(connection, request.target)
                else:
                    answer = _forward(request)
                    self.ends_after -= 1
                    if self.ends_after == 0:
                        self._end()
                    connection.sendall(answer)
                    if self.ends_after == 0:
                        return

    def _tunnel(self, connection: socket.socket, target: str) -> None:
        host, _, port = target.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), timeout=10) as cloud:
            self._connections.append(cloud)
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(cloud, connection, bytearray()), daemon=True)
            back.start()
            _pump(connection, cloud, self.carried)
            back.join(10)


def _pump(source: socket.socket, drain: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):
        while got := source.recv(65536):
            kept += got
            drain.sendall(got)
    with suppress(OSError):
        drain.shutdown(socket.SHUT_WR)


def _forward(request: ReceivedRequest) -> bytes:
    url = urlsplit(request.target)
    headers = {k: v for k, v in request.headers.items() if not k.startswith("proxy-")} | {"connection": "close"}
    path = f"{url.path}?{url.query}" if url.query else url.path
    lines = [f"{request.method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection((url.hostname or "", url.port or 80), timeout=10) as cloud:
        cloud.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + request.body)
        return b"".join(iter(lambda: cloud.recv(65536), b""))

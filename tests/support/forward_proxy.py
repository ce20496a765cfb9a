"""An HTTP proxy on loopback that writes down what it is asked: plain requests by their whole URL, tunnels by CONNECT.

Everything that a tunnel carries is kept too, so that a test can see that nothing readable passes.
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

from tests.support.hostile_wire import Asked, read


@dataclass
class ForwardProxy:
    refuses: bytes = b""  # answered instead of doing anything
    stalls: bool = False  # answers nothing at all
    ends_after: int = -1  # so many requests, and nothing listens any more
    seen: list[Asked] = field(default_factory=list)
    carried: bytearray = field(default_factory=bytearray)  # from clients, through tunnels
    _lines: list[socket.socket] = field(default_factory=list)
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
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
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
                line, _ = self._listener.accept()
            except OSError:
                return
            self._lines.append(line)
            self._begin(lambda line=line: self._serve(line))  # type: ignore[misc]  # mypy can't infer a lambda's default

    def _serve(self, line: socket.socket) -> None:
        with suppress(OSError), line:
            while (asked := read(line)) is not None:
                self.seen.append(asked)
                if self.stalls:
                    line.recv(1)
                elif self.refuses:
                    line.sendall(self.refuses)
                elif asked.method == "CONNECT":
                    self._tunnel(line, asked.target)
                else:
                    answer = _passed_on(asked)
                    self.ends_after -= 1
                    if self.ends_after == 0:
                        self._end()
                    line.sendall(answer)
                    if self.ends_after == 0:
                        return

    def _tunnel(self, line: socket.socket, target: str) -> None:
        host, _, port = target.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), timeout=10) as cloud:
            self._lines.append(cloud)
            line.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(cloud, line, bytearray()), daemon=True)
            back.start()
            _pump(line, cloud, self.carried)
            back.join(10)


def _pump(source: socket.socket, drain: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):
        while got := source.recv(65536):
            kept += got
            drain.sendall(got)
    with suppress(OSError):
        drain.shutdown(socket.SHUT_WR)


def _passed_on(asked: Asked) -> bytes:
    url = urlsplit(asked.target)
    told = {k: v for k, v in asked.headers.items() if not k.startswith("proxy-")} | {"connection": "close"}
    path = f"{url.path}?{url.query}" if url.query else url.path
    lines = [f"{asked.method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    with socket.create_connection((url.hostname or "", url.port or 80), timeout=10) as cloud:
        cloud.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + asked.body)
        return b"".join(iter(lambda: cloud.recv(65536), b""))

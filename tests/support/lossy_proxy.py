"""A TCP proxy on loopback that loses requests or replies, as a network does between a client and a database."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self


class Loss(StrEnum):
    """What happens to the connection of a request."""

    NONE = "none"
    REQUEST = "request"  # it is closed before the server gets the request
    REPLY = "reply"  # the server does the work, and the connection is closed before the reply
    SILENCE = "silence"  # the server does the work, and the reply never comes; the connection stays open


class LossyProxy:
    """Forwards to a port of this machine. `decide` is asked about every chunk that a client sends."""

    def __init__(self, server: int, decide: Callable[[bytes], Loss] = lambda chunk: Loss.NONE) -> None:
        self.decide = decide
        self.lost = 0
        self._server = server
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def lose_once(self, marker: bytes, loss: Loss) -> None:
        """Loses the next request that holds this text."""
        waits = [loss]
        self.decide = lambda chunk: waits.pop() if waits and marker in chunk else Loss.NONE

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._begin(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for each in [self._listener, *self._sockets]:
            _close(each)
        for thread in self._threads:
            thread.join(10)

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                with suppress(ConnectionRefusedError):
                    server = socket.create_connection(("127.0.0.1", self._server))
                    self._sockets.append(server)
                    self._begin(_Tunnel(self, client, server).forward)
                    continue
                _close(client)

    def begin(self, work: Callable[[], None]) -> None:
        self._begin(work)


class _Tunnel:
    """One connection, until the first loss."""

    def __init__(self, proxy: LossyProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._loss = Loss.NONE

    def forward(self) -> None:
        self._proxy.begin(self._forward_replies)
        with suppress(OSError):
            while chunk := self._client.recv(65536):
                if self._loss is Loss.NONE:
                    self._loss = self._proxy.decide(chunk)
                    self._proxy.lost += self._loss is not Loss.NONE
                if self._loss is Loss.REQUEST:
                    break
                self._server.sendall(chunk)
        _close(self._client)
        _close(self._server)

    def _forward_replies(self) -> None:
        with suppress(OSError):
            while chunk := self._server.recv(65536):
                if self._loss is Loss.REPLY:
                    break
                if self._loss is Loss.NONE:
                    self._client.sendall(chunk)
        _close(self._client)
        _close(self._server)


def _close(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()

"""A server of an attacker: it keeps whatever it receives. Its address is not a loopback one for voicectl.

Linux connects 0.0.0.0 to this machine, so a manifest can name `http://0.0.0.0:PORT`, which no rule calls loopback.
"""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self

_ANSWER = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Trap:
    def __init__(self) -> None:
        self.connections = 0
        self.received = b""
        self.answer = _ANSWER
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def host(self) -> str:
        return "0.0.0.0"

    @property
    def port(self) -> int:
        port: int = self._server.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.connections += 1
                try:
                    self.received += connection.recv(65536)
                    connection.sendall(self.answer)
                except OSError:
                    continue

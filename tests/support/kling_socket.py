"""An HTTP/1.1 server with keep-alive on 127.0.0.1, with one thread for each connection. Knows no API."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class JsonAnswer:
    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HtmlAnswer:
    status: int
    text: str


class Hangup(Exception):
    """Closes the connection without a response."""


# (method, target, headers with names in lower case, body) -> response
Answering = Callable[[str, str, Mapping[str, str], bytes], JsonAnswer | HtmlAnswer]


class SocketServer:
    """Serves on a free port between `start` and `stop`. Its Date header shows `now`."""

    def __init__(self, answer: Answering, *, now: Callable[[], float]) -> None:
        self._server = _Server(answer, now)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        return self._server.server_port

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, answer: Answering, now: Callable[[], float]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.answer = answer
        self.now = now
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Closes the connections that clients keep alive."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one write
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers_in = {name.lower(): value for name, value in self.headers.items()}
        try:
            answer = self.server.answer(self.command, self.path, headers_in, content)
        except Hangup:
            self.close_connection = True
            return
        if isinstance(answer, HtmlAnswer):
            kind, body, headers = "text/html", answer.text.encode(), dict[str, str]()
        else:
            kind, body, headers = "application/json", json.dumps(answer.body).encode(), dict(answer.headers)
        self.send_response(answer.status)
        for name, value in (headers | {"Content-Type": kind, "Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.server.now() if timestamp is None else timestamp, usegmt=True)

    def log_message(self, format: str, *args: object) -> None:
        """Writes no log."""

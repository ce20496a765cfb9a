"""Serves the sandbox on a loopback port. HTTP/1.1 with keep-alive; prints nothing."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

from reconciler.sandbox import sounds
from reconciler.sandbox.http import Dropped, Request, Response
from reconciler.sandbox.router import Log, handle
from reconciler.sandbox.world import World

_LARGEST_BODY = 32 * 1024 * 1024  # Tencent takes 10 MB
_IDLE_SECONDS = 120
_POLL_SECONDS = 0.05  # how often the server checks for `close`


class Server:
    """A server whose port is open. `serve_forever` blocks until `close`; as a context manager it uses its own thread.

    Call `close` from another thread or after KeyboardInterrupt. In a signal handler that interrupts `serve_forever`,
    it would wait for itself.
    """

    def __init__(self, listener: _Listener) -> None:
        self._listener = listener
        self._began = False
        self._thread = Thread(target=self.serve_forever, name="sandbox", daemon=True)

    @property
    def port(self) -> int:
        return int(self._listener.server_address[1])

    @property
    def url(self) -> str:
        return self._listener.url

    def serve_forever(self) -> None:
        self._began = True
        self._listener.serve_forever(poll_interval=_POLL_SECONDS)

    def close(self) -> None:
        if self._began:
            self._listener.shutdown()
        self._listener.server_close()
        self._listener.hang_up()

    def __enter__(self) -> Self:
        self._began = True
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._thread.join()


def serve(world: World, port: int = 0, *, log: Log | None = None) -> Server:
    """Opens the port; 0 takes a free one. Raises OSError if the port is in use."""
    return Server(_Listener(world, port, log))


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, world: World, port: int, log: Log | None) -> None:
        self.world = world
        self.log = log
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{int(self.server_address[1])}"

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if isinstance(request, socket.socket):
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Closes the connections that clients keep alive."""
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the base's signature
        if self.log is not None:
            self.log("a connection ended in an error")


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"
    server_version = "voicectl-sandbox"
    sys_version = ""
    timeout = _IDLE_SECONDS
    wbufsize = -1  # sends headers and body together: else the client's delayed ACK costs 40 ms
    disable_nagle_algorithm = True

    def answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or "Transfer-Encoding" in self.headers:
            self.send_error(411)
        elif int(length) > _LARGEST_BODY:
            self.send_error(413)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._reply(body)
            else:  # the client disconnected: an incomplete request is not executed
                self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server's names

    def _reply(self, body: bytes) -> None:
        request = Request.received(self.command, self.path, headers=self.headers.items(), body=body)
        if request.method == "GET" and request.path.startswith(sounds.SERVED):
            sound = sounds.beep(request.path.removeprefix(sounds.SERVED[:-1]))
            self._send(Response(200, sound, content_type="audio/wav"))
            return
        answer = handle(self.server.world, request, self.server.log)
        match answer:
            case Response():
                self._send(replace(answer, body=sounds.linked_to(answer.body, self.server.url)))
            case Dropped():
                self.close_connection = True

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date of answers is the clouds', by which callers may find that their own clock is wrong."""
        return formatdate(self.server.world.now() / 1000 if timestamp is None else timestamp, usegmt=True)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `handle` logs, and without the query."""

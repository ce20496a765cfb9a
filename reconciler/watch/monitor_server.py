"""A small HTTP server for probes and metrics: one thread, no blocking call, so no client can delay another or the end.

http.server would need a thread for each client, and a client that sends one byte a second would keep its thread.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread

from reconciler.errors import UsageError
from reconciler.hints import hint
from reconciler.watch.monitor_http import Answer, Request, parse, plain, rendered

MOST_CLIENTS = 32  # at once; one more replaces the oldest
CLIENT_SECONDS = 5.0  # from the connection to the end of the answer
LINGER_SECONDS = 1.0  # after the answer, for the client to close: a reset could lose the answer
_CHUNK = 64 * 1024  # bytes
_LISTEN_HINT = hint("Name another address: --listen HOST:PORT, or none: --no-listen.")

Page = Callable[[Request], Answer]


def open_port(address: str) -> socket.socket:
    """Opens `HOST:PORT`, such as 127.0.0.1:9780 or [::1]:9780; port 0 takes a free one. Raises UsageError."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not port.isascii() or int(port) > 65535:
        raise UsageError(
            f"--listen {address}: not HOST:PORT.", hint("Such as 127.0.0.1:9780; 0.0.0.0:9780 listens everywhere.")
        )
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise UsageError(f"--listen {address}: not HOST:PORT.", hint("Write an IPv6 address in brackets: [::1]:9780."))
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = found[0]
        both = place[0] == "::" and socket.has_dualstack_ipv6()  # [::] means IPv4 too
        return socket.create_server(place, family=family, backlog=64, dualstack_ipv6=both)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "another program uses this port" if taken else (error.strerror or str(error))
        raise UsageError(f"--listen {address}: the port can't be opened: {why}.", _LISTEN_HINT) from None


class MonitorServer:
    """Serves pages by their path. It owns the port, and closes it at the end.

    `monotonic` returns seconds.
    """

    def __init__(
        self, port: socket.socket, pages: Mapping[str, Page], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._port = port
        self._pages = pages
        self._now = monotonic
        self._selector = selectors.DefaultSelector()
        self._clients: deque[_Client] = deque()  # the oldest first
        self._closing = Event()
        self._awake, self._wake = socket.socketpair()
        for each in (port, self._awake, self._wake):
            each.setblocking(False)
        self._selector.register(port, selectors.EVENT_READ)
        self._selector.register(self._awake, selectors.EVENT_READ)
        self._thread = Thread(target=self._run, name="monitor", daemon=True)
        self.address = _shown(port)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the open connections, and closes the port. Takes less than a second; a page may still be at work."""
        self._closing.set()
        with suppress(OSError):
            self._wake.send(b"x")
        if self._thread.ident is not None:
            self._thread.join(timeout=0.2)
        if not self._thread.is_alive():
            self._close_sockets()

    def _run(self) -> None:
        while not self._closing.is_set():
            pause = max(0.0, min((client.until for client in self._clients), default=0.0) - self._now())
            for key, _ in self._selector.select(pause if self._clients else None):
                if key.fileobj is self._port:
                    self._accept()
                elif key.data in self._clients:  # it may have been replaced in this round
                    self._serve(key.data)
            for late in [client for client in self._clients if client.until <= self._now()]:
                self._drop(late)

    def _accept(self) -> None:
        try:
            connection, _ = self._port.accept()
        except BlockingIOError:
            return
        except OSError:  # the client is gone, or there are no free file descriptors: not a reason to spin
            self._closing.wait(0.05)
            return
        connection.setblocking(False)
        if len(self._clients) >= MOST_CLIENTS:
            self._drop(self._clients[0])
        client = _Client(connection, self._now() + CLIENT_SECONDS)
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _serve(self, client: _Client) -> None:
        """Reads or writes once, as far as it goes without waiting."""
        try:
            if client.unsent:
                self._write(client)
            else:
                self._read(client)
        except BlockingIOError:
            return
        except OSError:
            self._drop(client)

    def _read(self, client: _Client) -> None:
        received = client.connection.recv(_CHUNK)
        if not received:
            self._drop(client)
        elif not client.answered:
            client.received += received
            asked = parse(bytes(client.received))
            if asked is not None:
                client.received.clear()
                client.answered = True
                answer = asked if isinstance(asked, Answer) else self._answer(asked)
                head_only = isinstance(asked, Request) and asked.method == "HEAD"
                client.unsent = memoryview(rendered(answer, head_only=head_only))
                self._selector.modify(client.connection, selectors.EVENT_WRITE, client)
                self._write(client)

    def _write(self, client: _Client) -> None:
        client.unsent = client.unsent[client.connection.send(client.unsent[:_CHUNK]) :]
        if not client.unsent:
            client.connection.shutdown(socket.SHUT_WR)
            client.until = min(client.until, self._now() + LINGER_SECONDS)
            self._selector.modify(client.connection, selectors.EVENT_READ, client)

    def _answer(self, request: Request) -> Answer:
        page = self._pages.get(request.path)
        if page is None:
            return plain(404, f"Here are: {' '.join(sorted(self._pages))}")
        try:
            return page(request)
        except Exception:  # noqa: BLE001 - a page that fails must not end the server
            return plain(500, "This page could not be made.")

    def _drop(self, client: _Client) -> None:
        self._clients.remove(client)
        self._selector.unregister(client.connection)
        client.connection.close()

    def _close_sockets(self) -> None:
        while self._clients:
            self._drop(self._clients[0])
        self._selector.close()
        for each in (self._port, self._awake, self._wake):
            each.close()


@dataclass(eq=False, slots=True)
class _Client:
    """One connection. `until`: when it is closed, in monotonic seconds."""

    connection: socket.socket
    until: float
    received: bytearray = field(default_factory=bytearray)
    answered: bool = False
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))


def _shown(port: socket.socket) -> str:
    host, number = port.getsockname()[:2]
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"

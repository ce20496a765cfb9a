"""A receiver of webhooks on a loopback port. It answers as it is told, and keeps what it got."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

Script = tuple[int, Mapping[str, str]]  # an answer's status and headers
OK: Script = (204, {})


@dataclass
class Receiver:
    """`script` are the answers, in order; after them, each is OK. `got`: headers in lower case, and the body."""

    url: str
    script: list[Script]
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    arrived: Event = field(default_factory=Event)  # set at each request
    go_on: Event = field(default_factory=Event)  # no answer before it is set

    def wait_for(self, count: int) -> None:
        """Waits until so many requests came."""
        while len(self.got) < count:
            assert self.arrived.wait(5), f"{len(self.got)} webhooks came, not {count}"
            self.arrived.clear()


@contextmanager
def receiver(*script: Script, tls: ssl.SSLContext | None = None, hanging: bool = False) -> Iterator[Receiver]:
    class Receives(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = received.script.pop(0) if received.script else OK
            received.got.append(({name.lower(): text for name, text in self.headers.items()}, body))
            received.arrived.set()
            received.go_on.wait(5)
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receives)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    received = Receiver(f"{scheme}://127.0.0.1:{server.server_port}/hooks/T0KEN?key=S3CRET", list(script))
    if not hanging:
        received.go_on.set()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        received.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()

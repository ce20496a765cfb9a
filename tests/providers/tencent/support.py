"""Clients with scripted answers, and a server on a socket that records its requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

import httpx

from reconciler.model.account import Timeouts
from reconciler.providers.tencent.auth import Credentials
from reconciler.providers.tencent.client import TRTC, VOD, Client, Product
from reconciler.providers.tencent.schema import Reply
from tests.providers.support import Script, Scripted, answer
from tests.support.clock import FakeClock

CREDENTIALS = Credentials("AKIDEXAMPLE-of-ours", "SECRETEXAMPLE-of-ours", "TOKENEXAMPLE-of-ours")
REQUEST_ID = "dcde7626-cee7-4005-8974-3696244613bf"
PAID = "CreateAigcCustomVoice"
READ = "DescribeTasks"


class Ticket(Reply):
    task_id: str


def body(**response: Any) -> bytes:
    return json.dumps({"Response": response | {"RequestId": REQUEST_ID}}).encode()


def refusal(code: object, message: object = "The cloud's own words.") -> bytes:
    return body(Error={"Code": code, "Message": message})


def scripted(
    *answers: Scripted | bytes, product: Product = VOD, clock: FakeClock | None = None, **options: Any
) -> tuple[Client, Script]:
    """A client on the product's own endpoint, and the script. An answer of bytes has HTTP 200."""
    script = Script([answer(200, a) if isinstance(a, bytes) else a for a in answers])
    timeouts = Timeouts()
    settings: dict[str, Any] = {"clock": clock or FakeClock(), "timeouts": timeouts, "transport": script} | options
    return Client(product, CREDENTIALS, **settings), script


def product_of(action: str) -> Product:
    return TRTC if action in ("VoiceClone", "TextToSpeech") else VOD


@dataclass(frozen=True)
class Came:
    """A received request, with the header names as they were sent."""

    path: str
    headers: Mapping[str, str]
    content: bytes


Respond = Callable[[Came], httpx.Response]


class Cloud:
    """A server on 127.0.0.1 with its own port. Answers every POST with the result of `respond`."""

    def __init__(self, respond: Respond) -> None:
        came: list[Came] = []

        class Listener(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                came.append(Came(self.path, dict(self.headers.items()), content))
                response = respond(came[-1])
                self.send_response_only(response.status_code)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(response.content)

            def log_message(self, *_: object) -> None: ...

        self.came = came
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.host = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

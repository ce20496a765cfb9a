"""Acme's API on a loopback port."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any, Self

KEY = "acme-key-5161"


class AcmeService:
    """`voices` are those that exist now, by id. `drop_next` creations are done, and their connections break."""

    def __init__(self) -> None:
        self.voices: dict[str, dict[str, Any]] = {}
        self.bought = 0
        self.drop_next = 0
        self._ids = count(1)
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                if self.headers["Authorization"] != f"Bearer {KEY}":
                    self.reply(401, {})
                    return
                status, answer = service.answer(self.command, self.path, body)
                if status == 0:
                    self.connection.close()
                else:
                    self.reply(status, answer)

            def reply(self, status: int, answer: object) -> None:
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        """Status and body; status 0: the connection breaks."""
        _, _, voice_id = path.removeprefix("/").partition("/")
        match method:
            case "POST":
                made = {"id": f"acme_{next(self._ids)}", **json.loads(body)}
                self.voices[made["id"]] = made
                self.bought += 1
                self.drop_next -= 1
                return (0, {}) if self.drop_next >= 0 else (200, made)
            case "GET" if not voice_id:
                return 200, [*self.voices.values()]
            case "GET" if voice_id in self.voices:
                return 200, self.voices[voice_id]
            case "DELETE" if voice_id in self.voices:
                return 200, self.voices.pop(voice_id)
            case _:
                return 404, {}

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

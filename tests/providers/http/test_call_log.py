"""VOICECTL_LOG=debug: one line for each call, on a real socket and in the sandbox, without a secret in it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reconciler.errors import OutcomeUnknown, Throttled, Unreached
from reconciler.model.account import Timeouts
from reconciler.providers.http import call_log
from reconciler.providers.http.client import HttpClient, retry_read
from tests.support.clock import FakeClock

KEY = "sk-planted-Zq7secretkey"
TOKEN = "planted-token-Zq8secret"
QUERY = "X-Amz-Signature=planted-Zq9secret"
LINE = re.compile(
    r"debug: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (GET|POST|DELETE) [\w.-]+(:\d+)?/\S*( \w+)?: "
    r"(\d{3}|no answer \(\w+\)), \d+ ms(, request \S+)?, attempt \d"
)


class Echo(BaseHTTPRequestHandler):
    """Answers with all that it was sent, and with a request id."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        request_id = "req-1" if "echo" not in self.path else KEY
        body = json.dumps(
            {"code": 0, "request_id": request_id, "headers": dict(self.headers), "path": self.path, "body": sent}
        ).encode()
        self.send_response(429 if "slow" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def client(endpoint: str) -> Iterator[HttpClient]:
    http = HttpClient(endpoint, Timeouts(connect=1, read=1), clock=FakeClock(), secrets=lambda: [KEY, TOKEN])
    try:
        yield http
    finally:
        http.close()


def sent(http: HttpClient, path: str = "/v1/custom-voices") -> None:
    http.send(
        "POST",
        path,
        headers={"Authorization": f"Bearer {KEY}", "X-TC-Token": TOKEN},
        query={"sign": QUERY},
        content=f'{{"voice_url": "https://h/a.mp3?{QUERY}", "key": "{KEY}"}}'.encode(),
        name="CreateVoice",
    )


def test_a_call_is_one_line_without_a_secret(echo: str) -> None:
    lines: list[str] = []
    with client(echo) as http, call_log.to(lines.append):
        sent(http)
    [line] = lines
    assert LINE.fullmatch(line)
    assert re.search(
        r"Z POST 127\.0\.0\.1:\d+/v1/custom-voices CreateVoice: 200, \d+ ms, request req-1, attempt 1$", line
    )
    assert not [secret for secret in (KEY, TOKEN, QUERY, "?", "Bearer", "voice_url") if secret in line]


def test_a_secret_in_a_path_in_the_endpoint_or_in_a_request_id_is_no_part_of_the_line(echo: str) -> None:
    lines: list[str] = []
    with client(f"{echo}/{KEY}") as http, call_log.to(lines.append):
        sent(http, f"/echo/{TOKEN}")
    [line] = lines
    assert "/echo/" in line
    assert not [secret for secret in (KEY, TOKEN, "Zq7", "Zq8") if secret in line]


def test_a_call_without_an_answer_says_why() -> None:
    lines: list[str] = []
    with client("http://127.0.0.1:9") as http, call_log.to(lines.append), pytest.raises(Unreached):
        sent(http)
    assert ": no answer (Unreached), " in lines[0]


def test_a_read_that_is_repeated_counts_its_attempts(echo: str) -> None:
    lines: list[str] = []
    left = [1, 1]

    def read() -> str:
        sent(http)
        if left:
            left.pop()
            raise Throttled("later")
        return "read"

    with client(echo) as http, call_log.to(lines.append):
        assert retry_read(read, clock=FakeClock()) == "read"
        sent(http)
    assert [line.rpartition(" ")[2] for line in lines] == ["1", "2", "3", "1"]


def test_attempts_begin_again_after_a_read_that_was_given_up(echo: str) -> None:
    lines: list[str] = []

    def read() -> None:
        sent(http)
        raise OutcomeUnknown("no")

    with client(echo) as http, call_log.to(lines.append):
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                retry_read(read, clock=FakeClock())
    assert [line.rpartition(" ")[2] for line in lines] == ["1", "2", "3", "4"] * 2


def test_nothing_is_written_where_it_is_off(echo: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert not call_log.is_on()
    with client(echo) as http:
        sent(http)
    assert capsys.readouterr() == ("", "")

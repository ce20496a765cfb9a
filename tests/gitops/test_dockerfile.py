"""The Dockerfile of examples/gitops, as far as can be told without Docker: its instructions, and its health check."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.gitops.scene import EXAMPLE

LINES = (EXAMPLE / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
INSTRUCTIONS = [tuple(line.split(maxsplit=1)) for line in LINES if line and not line.startswith("#")]
FINAL = INSTRUCTIONS[[name for name, _ in INSTRUCTIONS].index("FROM", 1) :]  # the second stage
CHECK = next(given for name, given in FINAL if name == "HEALTHCHECK")


def test_the_image_does_not_run_as_root() -> None:
    (user,) = [given for name, given in FINAL if name == "USER"]
    assert user == "65532:65532"  # numbers, so that Kubernetes can see that it is not root


def test_nothing_needs_a_shell() -> None:
    commands = [given for name, given in INSTRUCTIONS if name in ("RUN", "CMD", "ENTRYPOINT")]
    commands.append(CHECK.partition(" CMD ")[2])
    assert all(isinstance(json.loads(command), list) for command in commands)
    assert [name for name, _ in FINAL if name == "RUN"] == []


def test_the_base_is_named_with_its_version() -> None:
    bases = {given.split()[0] for name, given in INSTRUCTIONS if name == "FROM"}
    assert bases == {"python:3.12-slim-bookworm"}


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server that answers every request with this status. Yields its port."""

    class Connection(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    with HTTPServer(("127.0.0.1", 0), Connection) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def check(port: int) -> int:
    """Runs the health check of the image against this port."""
    _, dash, script = json.loads(CHECK.partition(" CMD ")[2])
    assert (dash, script.count(" 9780,")) == ("-c", 1)
    command = [sys.executable, "-c", script.replace(" 9780,", f" {port},")]
    return subprocess.run(command, check=False, capture_output=True, timeout=20).returncode


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_asks_watch(status: int, healthy: bool) -> None:
    with answering(status) as port:
        assert (check(port) == 0) is healthy


def test_a_watch_that_does_not_answer_is_unhealthy() -> None:
    with answering(200) as port:
        pass
    assert check(port) != 0

"""The sites on an HTTP server: a plain one, and GitLab's form of the protocol. Each test has a server of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from reconciler.backends.http_state.backend import HttpBackend, open_http
from reconciler.protocols.backend import Backend
from tests.support.clock import FakeClock
from tests.support.engines.http_state_server import GITLAB, Place, StateServer


class HttpSite:
    """The address of one state. Waiting costs no time: its clients have a clock of their own."""

    ttl = 0.0
    shows_holder = False
    environ: Mapping[str, str] = {}

    def __init__(self, server: StateServer, url: str) -> None:
        self.server = server
        self.url = url
        self.settings = {"url": url}

    def open(self) -> Backend:
        return self.client()

    def client(self, clock: FakeClock | None = None, **options: Any) -> HttpBackend:
        return open_http(self.url, environ={}, clock=clock or FakeClock(), **{"keep": 3} | options)

    @property
    def place(self) -> Place:
        return self.server.place(self.url)


@pytest.fixture
def state_server() -> Iterator[StateServer]:
    with StateServer() as server:
        yield server


@pytest.fixture
def http_site(state_server: StateServer) -> HttpSite:
    return HttpSite(state_server, f"{state_server.url}/state/voices")


@pytest.fixture
def gitlab_site(state_server: StateServer) -> HttpSite:
    return HttpSite(state_server, f"{state_server.url}{GITLAB}/voices")

"""One fork server for each test session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.fleet import ForkServer


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    with ForkServer() as fork_server:
        yield fork_server

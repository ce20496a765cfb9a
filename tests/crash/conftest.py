"""One warmed process a test session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.fleet import Fleet


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    with Fleet() as fleet:
        yield fleet

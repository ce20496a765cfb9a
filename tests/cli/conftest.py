"""A desk for each test: its own folder, its own cloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk import Desk
from tests.support.kling_service import KlingService


@pytest.fixture
def kling() -> Iterator[KlingService]:
    with KlingService() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path, kling: KlingService) -> Desk:
    return Desk(tmp_path, kling)


@pytest.fixture
def made(desk: Desk, kling: KlingService) -> Desk:
    """Two voices that exist; what is counted begins after them."""
    desk.declare("narrator", "hero")
    desk.apply()
    kling.calls.clear()
    return desk

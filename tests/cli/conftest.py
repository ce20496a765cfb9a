"""A CLI harness for each test: its own folder, its own cloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.kling_service import KlingService


@pytest.fixture
def kling() -> Iterator[KlingService]:
    with KlingService() as service:
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService) -> CliHarness:
    return CliHarness(tmp_path, kling)


@pytest.fixture
def made(cli: CliHarness, kling: KlingService) -> CliHarness:
    """Two voices that exist; what is counted begins after them."""
    cli.declare("narrator", "hero")
    cli.apply()
    kling.calls.clear()
    return cli

"""Fixtures: a CLI harness on its own disk, a simulated cloud, and a second disk for rescue copies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disk.harnesses import begin
from tests.support.cli_harness import CliHarness
from tests.support.moments import Watched
from tests.support.small_disk import SmallDisk


@pytest.fixture
def kling() -> Iterator[Watched]:
    with Watched() as service:
        yield service


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "small") as mounted:
        yield mounted


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The temporary folder (TMPDIR) of the runs."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture
def cli(tmp_path: Path, kling: Watched, elsewhere: Path) -> CliHarness:
    folder = tmp_path / "desk"
    folder.mkdir()
    return CliHarness(folder, kling, env={"TMPDIR": str(elsewhere)})


@pytest.fixture
def small(disk: SmallDisk, kling: Watched, elsewhere: Path) -> CliHarness:
    """A harness on a disk that can be filled: two voices created by two applies, six more declared."""
    cli = CliHarness(disk.folder, kling, env={"TMPDIR": str(elsewhere)})
    begin(cli)
    return cli

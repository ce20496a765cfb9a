"""A desk on a disk of its own, a cloud that can be watched, and another disk for what must be saved elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disk.desks import begin
from tests.support.desk import Desk
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
    """The temporary folder of the runs."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture
def desk(tmp_path: Path, kling: Watched, elsewhere: Path) -> Desk:
    folder = tmp_path / "desk"
    folder.mkdir()
    return Desk(folder, kling, env={"TMPDIR": str(elsewhere)})


@pytest.fixture
def small(disk: SmallDisk, kling: Watched, elsewhere: Path) -> Desk:
    """Two voices made by two applies, six more declared, and a disk that can be filled."""
    desk = Desk(disk.folder, kling, env={"TMPDIR": str(elsewhere)})
    begin(desk)
    return desk

"""A plan killed while it saves its file: the file is whole or absent, and the next plan can be saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.fleet import Folder, ForkServer, entry
from tests.support.kling_service import KlingService

SAVE = ("plan", "--out", "p")


@pytest.fixture
def kling() -> Iterator[KlingService]:
    with KlingService() as service:
        yield service


@pytest.fixture
def folder(tmp_path: Path, fork_server: ForkServer, kling: KlingService) -> Folder:
    folder = Folder(tmp_path, fork_server, kling.url, kling.api_key, {})
    folder.declare({"a": entry("a")})
    return folder


def test_killed_at_any_point_of_saving_a_plan_it_is_saved_again(folder: Folder, kling: KlingService) -> None:
    points = folder.run(SAVE).points
    assert "half of write .p.tmp #1" in points
    for point in points:
        assert folder.run(SAVE, die_at=point).killed
        assert folder.run(SAVE).code == 0
    assert folder.run(("apply", "p")).code == 0
    assert kling.bought == 1


def test_a_saved_plan_is_complete_or_absent(folder: Folder) -> None:
    assert folder.run(SAVE, die_at="half of write .p.tmp #1").killed
    assert not (folder.path / "p").exists()

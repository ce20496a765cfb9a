"""Killed while it saves a plan: the file is the plan or nothing, and the next one is not in its way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.fleet import Fleet, Folder, entry
from tests.support.kling_service import KlingService

SAVE = ("plan", "--out", "p")


@pytest.fixture
def kling() -> Iterator[KlingService]:
    with KlingService() as service:
        yield service


@pytest.fixture
def folder(tmp_path: Path, fleet: Fleet, kling: KlingService) -> Folder:
    folder = Folder(tmp_path, fleet, kling.url, kling.api_key, {})
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


def test_a_plan_is_never_half_of_one(folder: Folder) -> None:
    assert folder.run(SAVE, die_at="half of write .p.tmp #1").killed
    assert not (folder.path / "p").exists()

"""`adopt` killed at any write or call: the next run finishes it, and no voice has two entries or two records."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.crash.fleet import Folder, ForkServer
from tests.support.kling_service import KlingService

ADOPT = ("-f", "all", "adopt", "kling", "--out", "all/adopted.yaml")
PLAN = ("-f", "all", "plan", "--detailed-exitcode")


@pytest.fixture
def kling() -> Iterator[KlingService]:
    with KlingService() as service:
        service.add_foreign("Hero", "Hero", "Guest")
        service.add_foreign("Theirs", external_task_id="vc-1a2b3c4d-theirs-0a1b2c3d-1")
        yield service


@pytest.fixture
def folder(tmp_path: Path, fork_server: ForkServer, kling: KlingService) -> Folder:
    return Folder(tmp_path, fork_server, kling.url, kling.api_key, {})


def start(folder: Folder) -> Path:
    """An account without voices in the manifest, and nothing else."""
    path = folder.path / "all"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    account = {"type": "kling", "endpoint": folder.endpoint}
    (path / "main.yaml").write_text(json.dumps({"providers": {"kling": account}}))
    return path


def test_the_next_run_finishes_it(folder: Folder, kling: KlingService) -> None:
    start(folder)
    points = folder.run(ADOPT).points
    assert {"half of write .adopted.yaml.voicectl.tmp #1", "after rename .adopted.yaml.voicectl.tmp #1"} & set(points)
    assert "half of write voices.state.json.tmp #1" in points
    assert len(points) >= 20
    for point in points:
        path = start(folder)
        assert folder.run(ADOPT, die_at=point).killed, point
        ran = folder.run(ADOPT, PLAN)
        assert ran.codes == (0, 0), f"{point}: {ran.out}"
        entries = yaml.safe_load((path / "adopted.yaml").read_text())["voices"]
        assert sorted(entries) == ["guest", "hero_57535835", "hero_57535836"]
        state = json.loads((path / "voices.state.json").read_text())
        assert sorted(state["current"]) == sorted(entries)
        assert len(state["records"]) == 3
        assert not list(path.glob(".*.tmp")), point
    assert kling.count("create") == kling.count("delete") == 0


def test_an_apply_finishes_it_too(folder: Folder, kling: KlingService) -> None:
    start(folder)
    [written] = [point for point in folder.run(ADOPT).points if point.startswith("after re") and "adopted" in point]
    start(folder)
    assert folder.run(ADOPT, die_at=written).killed
    ran = folder.run(("-f", "all", "apply", "--auto-approve"), PLAN)
    assert ran.codes == (0, 0), ran.out
    assert kling.count("create") == kling.count("delete") == 0

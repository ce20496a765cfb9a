"""A run killed at any durable write, or around any call to Tencent's clouds: the next run finishes the job.

If no cloud can say what an interrupted call did (TRTC voices and sounds), the test resolves it: at every second point
as made, at the others as not made. VOICECTL_SWEEP=full sweeps every point, and kills every recovery too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.fleet import ForkServer
from tests.crash.tencent_stage import SCENARIOS, TencentFolder, TencentScenarioRunner
from tests.support.tencent_service import TencentService

FULL = os.environ.get("VOICECTL_SWEEP") == "full"
PARTS = 4 if FULL else 2
EVERY = 1 if FULL else 7  # one in so many points is followed by a second kill
TASK_SECONDS = 0.02


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        service.task_seconds = TASK_SECONDS
        yield service


@pytest.fixture
def folder(tmp_path: Path, fork_server: ForkServer, tencent: TencentService) -> TencentFolder:
    path = tmp_path / "work"
    path.mkdir()
    return TencentFolder(path, fork_server, tencent)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_point_the_next_run_pays_for_nothing_twice(
    name: str,
    part: int,
    folder: TencentFolder,
    tencent: TencentService,
    record_property: Callable[[str, object], None],
) -> None:
    runner = TencentScenarioRunner(folder, tencent, SCENARIOS[name])
    points = runner.points()
    assert len(points) >= SCENARIOS[name].least
    swept = missed = 0
    for number, point in list(enumerate(points))[part::PARTS]:
        deaths = [(point,)] + ([(point, points[number * 13 % len(points)])] if number // PARTS % EVERY == 0 else [])
        for chosen in deaths:
            died = runner.kill_and_recover(*chosen, retry=number // PARTS % 2 == 0)
            swept += died
            missed += not died and len(chosen) == 1
    record_property("points of Tencent's clouds at which a run was killed", swept)
    record_property(f"points at which a run was killed, Tencent, {name}", swept)
    assert missed < 0.2 * swept

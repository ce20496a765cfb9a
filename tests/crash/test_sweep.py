"""A run killed at any durable write, half way through any write, or around any call: the next run finishes the job.

The crash points come from a run that is not killed (`tests.support.crash_points`), so new code is covered without a
change here. Some recoveries are killed too, at one point; with VOICECTL_SWEEP=full all of them, at every point.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.crash.fleet import Folder, ForkServer
from tests.crash.stage import SCENARIOS, ScenarioRunner
from tests.support.kling_service import Deleted, KlingService

FULL = os.environ.get("VOICECTL_SWEEP") == "full"
PARTS = 8 if FULL else 2  # tests for each scenario, so that they can run in parallel
EVERY = 6  # one in so many recoveries is killed too; after torn writes, all are
FAST = {"rate_limit": {"create": 1000, "delete": 1000}}
QUICK_DISK = Path("/dev/shm")  # in memory: writes of a killed process survive, synced or not
TICK = 0.1  # seconds for each reading of the cloud's clock, so that a task lasts for some calls


@pytest.fixture
def kling() -> Iterator[KlingService]:
    ticks = count()
    with KlingService(now=lambda: 1_790_000_000 + TICK * next(ticks)) as service:
        service.task_seconds = 1.0
        yield service


@pytest.fixture
def folder(fork_server: ForkServer, kling: KlingService) -> Iterator[Folder]:
    with tempfile.TemporaryDirectory(dir=QUICK_DISK if QUICK_DISK.is_dir() else None) as parent:
        path = Path(parent) / "work"
        path.mkdir()
        yield Folder(path, fork_server, kling.url, kling.api_key, FAST)


@dataclass
class Swept:
    """How many runs were killed at a point, and how many recoveries were killed too."""

    once: int = 0
    twice: int = 0
    missed: int = 0  # points not reached, because the run polled less often


def cases() -> Iterator[tuple[str, int, Deleted]]:
    """The test cases. Each point is swept with one form of a deleted voice; in a full sweep, with every form."""
    for name, scenario in SCENARIOS.items():
        for part in range(PARTS):
            ways = scenario.deleted if FULL else scenario.deleted[part % len(scenario.deleted) :][:1]
            yield from ((name, part, way) for way in ways)


@pytest.mark.parametrize(("name", "part", "deleted"), list(cases()), ids=str)
def test_killed_at_any_point_the_next_run_finishes_the_job(
    name: str,
    part: int,
    deleted: Deleted,
    folder: Folder,
    kling: KlingService,
    record_property: Callable[[str, object], None],
) -> None:
    kling.deleted_voices = deleted
    swept = sweep(ScenarioRunner(folder, kling, SCENARIOS[name]), SCENARIOS[name].least, part)
    record_property("points at which a run was killed", swept.once)
    record_property(f"points at which a run was killed, {name}", swept.once)
    record_property("points at which the run after a killed one was killed, too", swept.twice)
    record_property("points that a run did not come to again", swept.missed)
    assert swept.missed < 0.2 * (swept.once + swept.twice)


def sweep(runner: ScenarioRunner, least: int, part: int) -> Swept:
    """Kills at one in `PARTS` of the points."""
    points = runner.points()
    assert len(points) >= least
    swept = Swept()
    for number, first in list(enumerate(points))[part::PARTS]:
        recovery = runner.kill_and_recover(first)
        swept.once += recovery is not None
        swept.missed += recovery is None
        for second in _sample(recovery or (), first, number):
            died = runner.kill_and_recover(first, second) is not None
            swept.twice += died
            swept.missed += not died
    return swept


def _sample(recovery: tuple[str, ...], first: str, number: int) -> tuple[str, ...]:
    """The points at which a recovery is killed: all, or a different one for each sampled recovery."""
    if FULL or not recovery:
        return recovery
    sampled = first.startswith("half of") or number // PARTS % EVERY == 0
    return (recovery[number * 13 % len(recovery)],) if sampled else ()

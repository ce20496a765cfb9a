"""Killed at any durable write, half way through any write, and around any call: the next run finishes the job.

The points are those that a run passes which is left to live (`tests.support.crash_points`), so code that is new is
swept without a word here. A second death comes at one point of some recoveries; VOICECTL_SWEEP=full makes it each point
of each.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.crash.fleet import Fleet, Folder
from tests.crash.stage import SCENARIOS, Stage
from tests.support.kling_service import Deleted, KlingService

FULL = os.environ.get("VOICECTL_SWEEP") == "full"
PARTS = 8 if FULL else 2  # each scenario is swept by this many tests, for as many cores
EVERY = 6  # recoveries of which one is killed too; those from torn writes all are
FAST = {"rate_limit": {"create": 1000, "delete": 1000}}
QUICK_DISK = Path("/dev/shm")  # what a killed process wrote is there, synced or not
TICK = 0.1  # seconds, for each look at the cloud's clock: so tasks run for some calls, however fast those come


@pytest.fixture
def kling() -> Iterator[KlingService]:
    ticks = count()
    with KlingService(now=lambda: 1_790_000_000 + TICK * next(ticks)) as service:
        service.task_seconds = 1.0
        yield service


@pytest.fixture
def folder(fleet: Fleet, kling: KlingService) -> Iterator[Folder]:
    with tempfile.TemporaryDirectory(dir=QUICK_DISK if QUICK_DISK.is_dir() else None) as parent:
        path = Path(parent) / "work"
        path.mkdir()
        yield Folder(path, fleet, kling.url, kling.api_key, FAST)


@dataclass
class Swept:
    """How often runs were killed at a point; and how often the recovery was, too."""

    once: int = 0
    twice: int = 0
    missed: int = 0  # a run that made one poll less than another never came to that


def cases() -> Iterator[tuple[str, int, Deleted]]:
    """A deleted voice may look one way or another: each point is swept in one of them, or in a full sweep in each."""
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
    swept = sweep(Stage(folder, kling, SCENARIOS[name]), SCENARIOS[name].least, part)
    record_property("points at which a run was killed", swept.once)
    record_property(f"points at which a run was killed, {name}", swept.once)
    record_property("points at which the run after a killed one was killed, too", swept.twice)
    record_property("points that a run did not come to again", swept.missed)
    assert swept.missed < 0.2 * (swept.once + swept.twice)


def sweep(stage: Stage, least: int, part: int) -> Swept:
    """One in `PARTS` of the points."""
    points = stage.points()
    assert len(points) >= least
    swept = Swept()
    for number, first in list(enumerate(points))[part::PARTS]:
        recovery = stage.accident(first)
        swept.once += recovery is not None
        swept.missed += recovery is None
        for second in _sample(recovery or (), first, number):
            died = stage.accident(first, second) is not None
            swept.twice += died
            swept.missed += not died
    return swept


def _sample(recovery: tuple[str, ...], first: str, number: int) -> tuple[str, ...]:
    """All of them, or another one for each recovery that is sampled."""
    if FULL or not recovery:
        return recovery
    sampled = first.startswith("half of") or number // PARTS % EVERY == 0
    return (recovery[number * 13 % len(recovery)],) if sampled else ()

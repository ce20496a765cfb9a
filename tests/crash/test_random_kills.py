"""Runs killed at random times, while the cloud loses replies, fails after the work and answers garbage.

No step by hand is needed afterwards. There are sixty voices, and `kill -9` until ten kills hit a working apply:
one that has shown its plan and holds the lock. VOICECTL_CRASH_SEEDS is the number of forked, sped-up runs of each
scenario, and VOICECTL_CRASH_REAL the number of runs with the plain command.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.planning import markers
from reconciler.sandbox.faults import DeletedVoice, Faults
from reconciler.sandbox.kling.auth import API_KEY
from reconciler.sandbox.server import serve
from reconciler.sandbox.world import World
from reconciler.system_clock import SystemClock
from tests.crash.fleet import APPLY, CommandRunner, Folder, ForkServer, Runner, entry

KILLS = 10
NAMES = [f"v{i:02}" for i in range(60)]
ALL = {name: entry(name) for name in NAMES}
HALF = NAMES[::2]
SECOND = ALL | {name: entry(name, sample="second") for name in HALF}
AT_WORK = "\nPlan: "
FAULTS = {"reply_lost": 0.10, "error_after_work": 0.05, "garbage": 0.05}


@dataclass(frozen=True)
class RunMode:
    """How the command is run, and how fast it may send calls."""

    name: str
    account: Mapping[str, Any]  # more fields of the account in the manifest
    calls_per_second: float  # the rate limit of the cloud
    start: float  # seconds until it shows its plan, roughly
    work: float  # seconds of work before the latest kill: about four calls

    def __str__(self) -> str:
        return self.name


FORKED = RunMode("forked", {"rate_limit": {"create": 1, "delete": 1}}, calls_per_second=1000, start=0.05, work=0.04)
REAL = RunMode("real", {}, calls_per_second=20, start=0.6, work=0.2)


class Killer:
    """Kills applies in a folder at random times."""

    def __init__(self, folder: Folder, rng: random.Random, mode: RunMode) -> None:
        self._folder, self._rng, self._mode = folder, rng, mode
        self.kills = 0
        self.hits = 0

    def kill_until(self, hits: int, *, slowness: int = 1) -> None:
        """Kills until so many kills hit a working apply. `slowness` stretches the work before each kill."""
        for _ in range(10 * KILLS):
            if self.hits >= hits:
                return
            if self._rng.random() < 0.3:
                self._kill(self._rng.uniform(0, self._mode.start))
            else:
                self._kill(self._rng.uniform(0, self._mode.work * slowness), said=AT_WORK)
        raise AssertionError(f"only {self.hits} kills have hit an apply at work")

    def _kill(self, after: float, **said: str) -> None:
        ran = self._folder.run(APPLY, kill_after=after, **said)
        self._folder.loaded()
        holding = (self._folder.path / "voices.state.lock").exists()
        self.kills += ran.killed
        self.hits += ran.killed and holding and AT_WORK in ran.out


Scenario = Callable[[Folder, Killer], list[str]]


def buying(folder: Folder, killer: Killer) -> list[str]:
    killer.kill_until(KILLS)
    return NAMES


def replacing(folder: Folder, killer: Killer) -> list[str]:
    """All voices exist, and half of them get another sample."""
    folder.converge(times=6)
    folder.declare(SECOND)
    killer.kill_until(KILLS)
    return NAMES


def revising(folder: Folder, killer: Killer) -> list[str]:
    """Half of them get another sample after some kills."""
    killer.kill_until(3, slowness=5)
    folder.declare(SECOND)
    killer.kill_until(KILLS)
    return NAMES


def removing(folder: Folder, killer: Killer) -> list[str]:
    """Half of them are removed from the manifest after some kills."""
    killer.kill_until(3, slowness=5)
    folder.declare({name: ALL[name] for name in HALF})
    killer.kill_until(KILLS)
    return HALF


SCENARIOS = [replacing, removing, buying, revising]
CASES = [
    (FORKED, scenario, s) for scenario in SCENARIOS for s in range(int(os.environ.get("VOICECTL_CRASH_SEEDS", "2")))
]
CASES += [(REAL, SCENARIOS[s % 4], s) for s in range(int(os.environ.get("VOICECTL_CRASH_REAL", "1")))]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World.open(tmp_path / "world.db", SystemClock()) as world:
        yield world


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "scenario", "seed"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_each_voice_is_bought_once_and_none_is_left_over(
    mode: RunMode,
    scenario: Scenario,
    seed: int,
    world: World,
    fork_server: ForkServer,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    rng = random.Random(seed)
    world.reset(seed=seed)
    world.set_faults(Faults.model_validate(FAULTS | random_faults(rng) | {"calls_per_second": mode.calls_per_second}))
    runner: Runner = fork_server if mode is FORKED else CommandRunner()
    (tmp_path / "work").mkdir()
    with serve(world) as server:
        folder = Folder(tmp_path / "work", runner, server.url, API_KEY, mode.account)
        folder.declare(ALL)
        killer = Killer(folder, rng, mode)
        wanted = scenario(folder, killer)
        folder.converge(times=6)
    living = {voice.voice_name: voice.voice_id for voice in world.voices()}
    assert len(world.voices()) == len(living)  # one of each
    assert sorted(living) == sorted(wanted)
    assert folder.voice_ids == living
    bought = creations(world)
    assert set(bought.values()) == {1}
    if scenario in (buying, replacing):
        assert bought.total() == len(NAMES) + len(HALF) * (scenario is replacing)
    label = f"{scenario.__name__}, {mode.name} runs"
    record_property(f"{label}: kills", killer.kills)
    record_property(f"{label}: kills that hit an apply at work", killer.hits)
    record_property(f"{label}: creations accepted", bought.total())
    record_property(f"{label}: voices left", len(living))


def random_faults(rng: random.Random) -> dict[str, Any]:
    return {
        "faulty_reads": rng.choice([False, True]),
        "task_seconds": rng.choice([0, 0.1]),
        "deleted_voice": rng.choice([DeletedVoice.VANISHES, DeletedVoice.STAYS, DeletedVoice.STAYS_MARKED]),
    }


def creations(world: World) -> Counter[str]:
    """address and inputs -> how many creations the cloud accepted, read from the sandbox's own database."""
    rows = world._db.execute("SELECT key FROM creations").fetchall()
    read = [marker for (key,) in rows if (marker := markers.read(key))]
    assert len(read) == len(rows)
    return Counter(f"{marker.address} {marker.digest}" for marker in read)

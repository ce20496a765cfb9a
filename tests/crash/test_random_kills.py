"""Killed at random moments while the cloud loses replies, fails after the work and answers garbage: no step by hand.

Sixty voices, and `kill -9` until ten have hit an apply at work: one that has shown its plan and holds the lock. Some
more hit before that. VOICECTL_CRASH_SEEDS says how often each story is told with forked, hurried runs, and
VOICECTL_CRASH_REAL how often one after the other is told with the plain command.
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
from reconciler.wiring import SystemClock
from tests.crash.fleet import APPLY, Commands, Fleet, Folder, Runs, entry

KILLS = 10
NAMES = [f"v{i:02}" for i in range(60)]
ALL = {name: entry(name) for name in NAMES}
HALF = NAMES[::2]
SECOND = ALL | {name: entry(name, sample="second") for name in HALF}
AT_WORK = "\nPlan: "
FAULTS = {"reply_lost": 0.10, "error_after_work": 0.05, "garbage": 0.05}


@dataclass(frozen=True)
class Manner:
    """How the command is run, and how fast it may call."""

    name: str
    account: Mapping[str, Any]  # what the manifest says of it
    calls_per_second: float  # that the cloud allows
    start: float  # seconds until it has shown its plan, about
    work: float  # seconds at work after which it is killed at the latest: about four calls

    def __str__(self) -> str:
        return self.name


FORKED = Manner("forked", {"rate_limit": {"create": 1, "delete": 1}}, calls_per_second=1000, start=0.05, work=0.04)
REAL = Manner("real", {}, calls_per_second=20, start=0.6, work=0.2)


class Trouble:
    """Kills what applies in a folder."""

    def __init__(self, folder: Folder, dice: random.Random, manner: Manner) -> None:
        self._folder, self._dice, self._manner = folder, dice, manner
        self.kills = 0
        self.hits = 0

    def until(self, hits: int, *, leisure: int = 1) -> None:
        """So many kills have hit. With more leisure, the more is done before each."""
        for _ in range(10 * KILLS):
            if self.hits >= hits:
                return
            if self._dice.random() < 0.3:
                self._kill(self._dice.uniform(0, self._manner.start))
            else:
                self._kill(self._dice.uniform(0, self._manner.work * leisure), said=AT_WORK)
        raise AssertionError(f"only {self.hits} kills have hit an apply at work")

    def _kill(self, after: float, **said: str) -> None:
        ran = self._folder.run(APPLY, kill_after=after, **said)
        self._folder.loaded()
        holding = (self._folder.path / "voices.state.lock").exists()
        self.kills += ran.killed
        self.hits += ran.killed and holding and AT_WORK in ran.out


Story = Callable[[Folder, Trouble], list[str]]


def buying(folder: Folder, trouble: Trouble) -> list[str]:
    trouble.until(KILLS)
    return NAMES


def replacing(folder: Folder, trouble: Trouble) -> list[str]:
    """All are there, and half of them get another sample."""
    folder.converge(times=6)
    folder.declare(SECOND)
    trouble.until(KILLS)
    return NAMES


def revising(folder: Folder, trouble: Trouble) -> list[str]:
    """Half of them get another sample after some kills."""
    trouble.until(3, leisure=5)
    folder.declare(SECOND)
    trouble.until(KILLS)
    return NAMES


def removing(folder: Folder, trouble: Trouble) -> list[str]:
    """Half of them are taken out of the manifest after some kills."""
    trouble.until(3, leisure=5)
    folder.declare({name: ALL[name] for name in HALF})
    trouble.until(KILLS)
    return HALF


STORIES = [replacing, removing, buying, revising]
CASES = [(FORKED, story, s) for story in STORIES for s in range(int(os.environ.get("VOICECTL_CRASH_SEEDS", "2")))]
CASES += [(REAL, STORIES[s % 4], s) for s in range(int(os.environ.get("VOICECTL_CRASH_REAL", "1")))]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World.open(tmp_path / "world.db", SystemClock()) as world:
        yield world


@pytest.mark.slow
@pytest.mark.parametrize(("manner", "story", "seed"), CASES, ids=lambda told: getattr(told, "__name__", str(told)))
def test_each_voice_is_bought_once_and_none_is_left_over(
    manner: Manner,
    story: Story,
    seed: int,
    world: World,
    fleet: Fleet,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    dice = random.Random(seed)
    world.reset(seed=seed)
    world.set_faults(
        Faults.model_validate(FAULTS | circumstances(dice) | {"calls_per_second": manner.calls_per_second})
    )
    runs: Runs = fleet if manner is FORKED else Commands()
    (tmp_path / "work").mkdir()
    with serve(world) as server:
        folder = Folder(tmp_path / "work", runs, server.url, API_KEY, manner.account)
        folder.declare(ALL)
        trouble = Trouble(folder, dice, manner)
        wanted = story(folder, trouble)
        folder.converge(times=6)
    living = {voice.voice_name: voice.voice_id for voice in world.voices()}
    assert len(world.voices()) == len(living)  # one of each
    assert sorted(living) == sorted(wanted)
    assert folder.voice_ids == living
    bought = creations(world)
    assert set(bought.values()) == {1}
    if story in (buying, replacing):
        assert bought.total() == len(NAMES) + len(HALF) * (story is replacing)
    told = f"{story.__name__}, {manner.name} runs"
    record_property(f"{told}: kills", trouble.kills)
    record_property(f"{told}: kills that hit an apply at work", trouble.hits)
    record_property(f"{told}: creations accepted", bought.total())
    record_property(f"{told}: voices left", len(living))


def circumstances(dice: random.Random) -> dict[str, Any]:
    return {
        "faulty_reads": dice.choice([False, True]),
        "task_seconds": dice.choice([0, 0.1]),
        "deleted_voice": dice.choice([DeletedVoice.VANISHES, DeletedVoice.STAYS, DeletedVoice.STAYS_MARKED]),
    }


def creations(world: World) -> Counter[str]:
    """address and inputs -> how many creations of them the cloud accepted, so were paid: its books, past the wire."""
    told = world._db.execute("SELECT key FROM creations").fetchall()
    read = [marker for (key,) in told if (marker := markers.read(key))]
    assert len(read) == len(told)
    return Counter(f"{marker.address} {marker.digest}" for marker in read)

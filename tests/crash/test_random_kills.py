"""Killed at random moments while the cloud loses replies, fails after the work and answers garbage."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.planning import keys
from reconciler.sandbox.faults import DeletedVoice, Faults
from reconciler.sandbox.kling_access import API_KEY
from reconciler.sandbox.server import serve
from reconciler.sandbox.world import World
from reconciler.wiring import SystemClock
from tests.crash.fleet import KILLED, Fleet, Folder, entry

SEEDS = range(int(os.environ.get("VOICECTL_CRASH_SEEDS", "4")))
NAMES = [f"v{i:02}" for i in range(20)]
ALL = {name: entry(name) for name in NAMES}
HALF = NAMES[::2]
FAULTS = {"reply_lost": 0.10, "error_after_work": 0.05, "garbage": 0.05}
FAST = {"rate_limit": {"create": 500, "delete": 500}}
A_RUN = 0.15  # seconds, about


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World.open(tmp_path / "world.db", SystemClock()) as world:
        yield world


@pytest.fixture
def folder(tmp_path: Path, world: World, fleet: Fleet) -> Iterator[Folder]:
    path = tmp_path / "work"
    path.mkdir()
    with serve(world) as server:
        yield Folder(path, fleet, server.url, API_KEY, FAST)


@pytest.fixture
def killed_twice(
    folder: Folder, world: World, record_property: Callable[[str, object], None]
) -> Callable[[int], random.Random]:
    """Twenty voices are declared, and the first two runs are killed: the dice that said when."""

    def begun(seed: int) -> random.Random:
        dice = random.Random(seed)
        staying = dice.choice([DeletedVoice.VANISHES, DeletedVoice.STAYS, DeletedVoice.STAYS_MARKED])
        world.reset(seed=seed)
        world.set_faults(
            Faults.model_validate(
                FAULTS | {"calls_per_second": 1000, "task_seconds": dice.choice([0, 0.1]), "deleted_voice": staying}
            )
        )
        folder.declare(ALL)
        record_property("killed at random", sum(kill(folder, dice) for _ in range(2)))
        return dice

    return begun


def kill(folder: Folder, dice: random.Random) -> bool:
    ran = folder.apply(kill_after=dice.uniform(0.03, A_RUN))
    shown = folder.run("show")
    assert shown.code == 0 or "There is no state" in shown.out, shown.out
    return ran.code == KILLED


def creations(world: World) -> Counter[str]:
    """address and inputs -> how many creations of them the cloud accepted, so were paid: its books, past the wire."""
    told = world._db.execute("SELECT key FROM creations").fetchall()
    markers = [marker for (key,) in told if (marker := keys.read(key))]
    return Counter(f"{marker.address} {marker.digest}" for marker in markers)


def check(folder: Folder, world: World, names: list[str]) -> None:
    """Each of these exists once, is what its address means, and nothing else exists."""
    living = {voice.voice_name: voice.voice_id for voice in world.voices()}
    assert len(world.voices()) == len(living)
    assert folder.voice_ids == living
    assert sorted(living) == sorted(names)
    assert set(creations(world).values()) == {1}


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_voices_are_bought_once_each(
    seed: int, folder: Folder, world: World, killed_twice: Callable[[int], random.Random]
) -> None:
    dice = killed_twice(seed)
    kill(folder, dice)
    folder.converge()
    check(folder, world, NAMES)
    assert len(creations(world)) == 20


@pytest.mark.parametrize("seed", SEEDS)
def test_entries_removed_after_a_kill_leave_no_orphan(
    seed: int, folder: Folder, world: World, killed_twice: Callable[[int], random.Random]
) -> None:
    dice = killed_twice(seed)
    folder.declare({name: ALL[name] for name in HALF})
    kill(folder, dice)
    folder.converge()
    check(folder, world, HALF)


@pytest.mark.parametrize("seed", SEEDS)
def test_entries_replaced_after_a_kill_leave_their_new_voices_alone(
    seed: int, folder: Folder, world: World, killed_twice: Callable[[int], random.Random]
) -> None:
    dice = killed_twice(seed)
    folder.declare(ALL | {name: entry(name, sample="second") for name in HALF})
    kill(folder, dice)
    folder.converge()
    check(folder, world, NAMES)

"""Killed at any durable write and at any call: the next run finishes the job, and no voice is bought twice.

The points are those that a run passes which is left to live, so code that is new is swept without a word here.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.crash.fleet import KILLED, Fleet, Folder, Ran, entry
from tests.support.kling_service import Deleted, KlingService

PARTS = 4  # each scenario is swept by this many tests, for as many cores
FAST = {"rate_limit": {"create": 1000, "delete": 1000}}


@dataclass(frozen=True)
class Scenario:
    """What is there, what is declared then, and what that may cost. `least` points are known to be passed."""

    before: dict[str, Any]
    after: dict[str, Any]
    bought: int
    least: int
    stays: tuple[str, ...] = ()  # addresses whose voice must be the same afterwards


A, B, C, D, E = (entry(name) for name in "abcde")
OTHER = {name: entry(name, sample="second") for name in "abcde"}

SCENARIOS = {
    "create": Scenario({}, {"a": A, "b": B, "c": C, "d": D}, bought=4, least=40),
    "replace": Scenario(
        {"a": A, "b": B, "c": C}, {"a": OTHER["a"], "b": OTHER["b"], "c": C}, bought=2, least=30, stays=("c",)
    ),
    "delete": Scenario({"a": A, "b": B, "c": C}, {"c": C}, bought=0, least=20, stays=("c",)),
    "mixed": Scenario(
        {"a": A, "b": B, "c": C, "d": D},
        {"a": A, "b": OTHER["b"], "c": C | {"labels": {"tier": "gold"}}, "e": E},
        bought=2,
        least=30,
        stays=("a", "c"),
    ),
}


class Stage:
    """A scenario as often as it takes: each time from the same beginning."""

    def __init__(self, folder: Folder, kling: KlingService, scenario: Scenario, *, reviewed: bool = False) -> None:
        """`reviewed`: it is a saved plan that is applied."""
        self._folder = folder
        self._reviewed = reviewed
        self._kling = kling
        self._scenario = scenario
        folder.declare(scenario.before)
        if scenario.before:
            assert folder.apply().code == 0
        self._ids = folder.voice_ids if scenario.before else {}
        folder.declare(scenario.after)
        if reviewed:
            assert folder.run("plan", "--out", "reviewed.plan").code == 0
        self._tasks = copy.deepcopy(kling.tasks)
        self._kept = shutil.copytree(folder.path, folder.path.with_name("kept"))

    def points(self) -> tuple[str, ...]:
        """The moments of a run that lives."""
        self._reset()
        ran = self._apply()
        assert ran.code == 0, ran.out
        self._check()
        return ran.points

    def accident(self, die_at: int) -> bool:
        """Whether the run came to that point."""
        self._reset()
        killed = self._apply(die_at=die_at)
        shown = self._folder.run("show")
        assert shown.code == 0 or "There is no state" in shown.out, shown.out
        if self._reviewed:
            again = self._apply()
            assert again.code == 0 or "applied already" in again.out, again.out
            assert self._folder.run("plan", "--detailed-exitcode").code == 0
        else:
            self._folder.converge()
        self._check()
        return killed.code == KILLED

    def _apply(self, **fate: float | None) -> Ran:
        return self._folder.run("apply", "reviewed.plan", **fate) if self._reviewed else self._folder.apply(**fate)

    def _reset(self) -> None:
        shutil.rmtree(self._folder.path)
        shutil.copytree(self._kept, self._folder.path)
        self._kling.tasks = copy.deepcopy(self._tasks)
        self._kling.calls.clear()

    def _check(self) -> None:
        assert self._kling.bought == self._scenario.bought
        ids = self._folder.voice_ids
        assert sorted(ids) == sorted(self._scenario.after)
        assert set(ids.values()) == set(self._kling.voices)  # no orphan, and nothing that is not there
        assert {a: ids[a] for a in self._scenario.stays} == {a: self._ids[a] for a in self._scenario.stays}


@pytest.fixture(params=[Deleted.VANISHES, Deleted.STAYS], ids=["vanishing", "staying"])
def kling(request: pytest.FixtureRequest) -> Iterator[KlingService]:
    with KlingService() as service:
        service.deleted_voices = request.param
        yield service


@pytest.fixture
def stage(tmp_path: Path, fleet: Fleet, kling: KlingService) -> Callable[..., Stage]:
    path = tmp_path / "work"
    path.mkdir()
    folder = Folder(path, fleet, kling.url, kling.api_key, FAST)
    return lambda scenario, *, reviewed=False: Stage(folder, kling, scenario, reviewed=reviewed)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", list(SCENARIOS))
def test_killed_at_any_point_the_next_run_finishes_the_job(
    name: str, part: int, stage: Callable[..., Stage], record_property: Callable[[str, object], None]
) -> None:
    record_property(f"killed at points of {name}", sweep(stage(SCENARIOS[name]), SCENARIOS[name].least, part))


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", ["create", "mixed"])
def test_killed_at_any_point_a_reviewed_plan_goes_on(
    name: str, part: int, stage: Callable[..., Stage], record_property: Callable[[str, object], None]
) -> None:
    staged = stage(SCENARIOS[name], reviewed=True)
    record_property(f"killed at points of {name}, reviewed", sweep(staged, SCENARIOS[name].least, part))


def sweep(staged: Stage, least: int, part: int) -> int:
    """At how many points a run was killed: one in `PARTS` of them."""
    points = staged.points()
    assert len(points) >= least
    swept = range(part + 1, len(points) + 1, PARTS)
    died = sum(staged.accident(die_at) for die_at in swept)
    assert died > 0.8 * len(swept)  # a run passes a few more or fewer points than another
    return died

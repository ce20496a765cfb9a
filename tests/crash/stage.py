"""The scenarios of the crash sweep, and a runner that repeats a scenario from the same start."""

from __future__ import annotations

import copy
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.crash.fleet import APPLY, Folder, entry
from tests.support.kling_service import OWEN, Deleted, KlingService

REVIEWED = ("apply", "reviewed.plan")
THEIRS, OTHERS = "850087542757535835", "850087542757535836"  # voices of other users, made before the scenario

EITHER_WAY = (Deleted.STAYS, Deleted.VANISHES)

Voices = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Scenario:
    """The manifests before and after, the command that is killed, and the expected results."""

    before: Voices
    after: Voices
    bought: int
    least: int  # the minimum of crash points
    stays: tuple[str, ...] = ()  # addresses that must keep their voice
    adopted: Mapping[str, str] | None = None  # address -> the voice_id that it must have afterwards
    foreign: tuple[str, ...] = (THEIRS, OTHERS)  # voice_ids that must still exist afterwards
    command: tuple[str, ...] = APPLY
    lost: bool = False  # the state is lost before the command; LINEAGE in the command is replaced by its lineage
    deleted: tuple[Deleted, ...] = (Deleted.STAYS,)  # how a deleted voice may look in the list
    refusal: str = ""  # a repeated command may be refused with these words


def deletes_first(name: str, *, sample: str = "") -> dict[str, Any]:
    return entry(name, sample=sample, lifecycle={"create_before_destroy": False})


A, B, C, D, E = (entry(name) for name in "abcde")
OTHER = {name: entry(name, sample="second") for name in "abcde"}
GUEST = {"provider": "kling", "existing": {"voice_id": THEIRS}}
OFFICIAL = {"provider": "kling", "preset": {"voice_id": OWEN}}

CREATED = Scenario({}, {"a": A, "b": B, "c": C}, bought=3, least=50)
MIXED = Scenario(
    {"a": A, "b": B, "c": C, "d": D},
    {"a": A, "b": OTHER["b"], "c": C | {"labels": {"tier": "gold"}}, "e": E},
    bought=2,
    least=60,
    stays=("a", "c"),
    deleted=EITHER_WAY,
)
SCENARIOS = {
    "create": CREATED,
    "replace": Scenario(
        {"a": A, "b": B, "c": C},
        {"a": OTHER["a"], "b": OTHER["b"], "c": C},
        bought=2,
        least=60,
        stays=("c",),
        deleted=EITHER_WAY,
    ),
    "replace, the old voice first": Scenario(
        {"a": deletes_first("a"), "b": B},
        {"a": deletes_first("a", sample="second"), "b": B},
        bought=1,
        least=40,
        stays=("b",),
        deleted=EITHER_WAY,
    ),
    "delete": Scenario(
        {"a": A, "b": B, "guest": GUEST},
        {"b": B},
        bought=0,
        least=30,
        stays=("b",),
        foreign=(OTHERS,),
        deleted=EITHER_WAY,
    ),
    "mixed": MIXED,
    "adopt": Scenario(
        {"a": A},
        {"a": A, "guest": GUEST, "owen": OFFICIAL},
        bought=0,
        least=15,
        stays=("a",),
        adopted={"guest": THEIRS, "owen": OWEN},
    ),
    "import": Scenario(
        {"a": A},
        {"a": A, "guest": B},
        bought=0,
        least=15,
        stays=("a",),
        adopted={"guest": THEIRS},
        command=("import", "guest", THEIRS),
        refusal=f"guest has a voice already, {THEIRS}",
    ),
    "rebuild": Scenario(
        {"a": A, "b": B},
        {"a": A, "b": B},
        bought=0,
        least=15,
        stays=("a", "b"),
        command=("state", "rebuild", "--auto-approve", "--lineage", "LINEAGE"),
        lost=True,
    ),
    "create, reviewed": Scenario(
        CREATED.before, CREATED.after, bought=3, least=50, command=REVIEWED, refusal="applied already"
    ),
    "mixed, reviewed": Scenario(
        MIXED.before,
        MIXED.after,
        bought=2,
        least=60,
        stays=MIXED.stays,
        command=REVIEWED,
        refusal="applied already",
    ),
}


class ScenarioRunner:
    def __init__(self, folder: Folder, kling: KlingService, scenario: Scenario) -> None:
        self._folder, self._kling, self._scenario = folder, kling, scenario
        assert kling.add_foreign("Made by hand", "Of another user") == [THEIRS, OTHERS]
        folder.declare(scenario.before)
        self._ids: Mapping[str, str | None] = {}
        self._command = scenario.command
        if scenario.before:
            assert folder.run(APPLY).code == 0
            self._ids = folder.voice_ids
            lineage = folder.state.lineage[:8]
            self._command = tuple(lineage if word == "LINEAGE" else word for word in scenario.command)
        folder.declare(scenario.after)
        if scenario.command is REVIEWED:
            assert folder.run(("plan", "--out", "reviewed.plan")).code == 0
        if scenario.lost:
            for path in folder.path.glob("voices.state.*"):
                path.unlink()
        self._tasks = copy.deepcopy(kling.tasks)
        self._kept = shutil.copytree(folder.path, folder.path.with_name("kept"))

    def points(self) -> tuple[str, ...]:
        """The crash points of a run that is not killed."""
        self._reset()
        ran = self._folder.run(self._command)
        assert ran.code == 0, ran.out
        self._check()
        return ran.points

    def kill_and_recover(self, *deaths: str) -> tuple[str, ...] | None:
        """Kills one run after the other at these points, and then lets one finish.

        Returns the crash points of the last run; None if a run did not reach its point.
        """
        self._reset()
        died = all(self._killed(death) for death in deaths)
        recovery = self._folder.converge(self._command)
        refused = self._scenario.refusal and self._scenario.refusal in recovery.out
        assert recovery.codes[0] == 0 or refused, recovery.out
        assert "is locked" not in recovery.out
        self._check()
        return recovery.points if died else None

    def _killed(self, death: str) -> bool:
        ran = self._folder.run(self._command, die_at=death)
        self._folder.loaded()
        return ran.killed

    def _reset(self) -> None:
        shutil.rmtree(self._folder.path)
        shutil.copytree(self._kept, self._folder.path)
        self._kling.tasks = copy.deepcopy(self._tasks)
        self._kling.calls.clear()

    def _check(self) -> None:
        accepted = Counter(
            c.body["external_task_id"] for c in self._kling.calls if c.operation == "create" and not c.code
        )
        assert accepted.total() == self._scenario.bought
        assert set(accepted.values()) <= {1}
        ids = self._folder.voice_ids
        assert sorted(ids) == sorted(self._scenario.after)
        known = set(ids.values()) - {OWEN} | set(self._scenario.foreign)
        assert set(self._kling.voices) == known  # no orphan, and no missing voice
        assert {a: ids[a] for a in self._scenario.stays} == {a: self._ids[a] for a in self._scenario.stays}
        assert {a: ids[a] for a in self._scenario.adopted or {}} == (self._scenario.adopted or {})

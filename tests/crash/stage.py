"""What happens on the crash sweep's stage: a scenario, played from the same beginning as often as it takes."""

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
THEIRS, STRANGER = "850087542757535835", "850087542757535836"  # voices that others made, before anything happens

EITHER_WAY = (Deleted.STAYS, Deleted.VANISHES)

Voices = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Scenario:
    """What is there, what is declared then, the command that is killed, and what all of it may buy."""

    before: Voices
    after: Voices
    bought: int
    least: int  # points, which it is known to pass
    stays: tuple[str, ...] = ()  # addresses whose voice must be the same afterwards
    adopted: Mapping[str, str] | None = None  # address -> the voice that it must mean afterwards
    foreign: tuple[str, ...] = (THEIRS, STRANGER)  # must be there afterwards, whoever manages them
    command: tuple[str, ...] = APPLY
    lost: bool = False  # the state is lost before the command; LINEAGE in it is the lineage that it had
    deleted: tuple[Deleted, ...] = (Deleted.STAYS,)  # how a deleted voice may look in the list
    refusal: str = ""  # once it is done, the command may be refused with these words


def turned_round(name: str, *, sample: str = "") -> dict[str, Any]:
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
        {"a": turned_round("a"), "b": B},
        {"a": turned_round("a", sample="second"), "b": B},
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
        foreign=(STRANGER,),
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


class Stage:
    def __init__(self, folder: Folder, kling: KlingService, scenario: Scenario) -> None:
        self._folder, self._kling, self._scenario = folder, kling, scenario
        assert kling.add_foreign("Made by hand", "Somebody's") == [THEIRS, STRANGER]
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
        """The moments of a run that lives."""
        self._reset()
        ran = self._folder.run(self._command)
        assert ran.code == 0, ran.out
        self._check()
        return ran.points

    def accident(self, *deaths: str) -> tuple[str, ...] | None:
        """Killed at each of these, one after the other, and then let live: the moments of the run that lived.

        None if a run did not come to its death.
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
        assert set(self._kling.voices) == known  # no orphan, and nothing that is not there
        assert {a: ids[a] for a in self._scenario.stays} == {a: self._ids[a] for a in self._scenario.stays}
        assert {a: ids[a] for a in self._scenario.adopted or {}} == (self._scenario.adopted or {})

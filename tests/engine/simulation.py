"""A story of edits, faults, outside hands and deaths, and what must be true at every call and at its end.

The truth is the world's own books and what was durable when a call arrived; neither is taken from what a run said.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.engine.operations import Applied
from reconciler.engine.work import Answer
from reconciler.errors import CloudError, SafetyStop
from reconciler.model.manifest import Voice
from reconciler.model.plan import Action, Plan
from reconciler.model.state import Status
from reconciler.planning import keys
from reconciler.sandbox.creation import Creation, Stage
from tests.engine.rehearsal import Died, Rehearsal

_DAY = 86_400.0
_GOOD_WEATHER = {
    "reply_lost": 0.0,
    "error_after_work": 0.0,
    "garbage": 0.0,
    "faulty_reads": False,
    "throttle": 0.0,
    "in_flight_cap": None,
    "fail": 0.0,
    "late_visibility": 0.0,
    "hide": 0.0,
    "empty_list": False,
    "shuffle_list": False,
}


@dataclass(frozen=True)
class Edit:
    voices: tuple[Voice, ...]


@dataclass(frozen=True)
class Weather:
    faults: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """An apply that dies at its `dies_at`th moment before or after a write or a call, or is asked to stop there."""

    dies_at: int | None = None
    stops_at: int | None = None


@dataclass(frozen=True)
class DeletedOutside:
    which: int


@dataclass(frozen=True)
class RenamedOutside:
    which: int


@dataclass(frozen=True)
class Hours:
    number: float


Step = Edit | Weather | Run | DeletedOutside | RenamedOutside | Hours


class Simulation:
    def __init__(self, seed: int) -> None:
        self.rehearsal = Rehearsal(seed=seed, latency=lambda: self._dice.choice([0.01, 0.05, 0.4]))
        self._dice = random.Random(seed)
        self._moments = 0
        self._wrong: list[str] = []  # raised inside a call, it would read as a lost reply
        self._late: list[Callable[[], Answer]] = []
        self._meddled = False  # somebody deleted a voice outside

    def live(self, step: Step) -> None:
        match step:
            case Edit(voices=voices):
                self.rehearsal.declare(*voices)
            case Weather(faults=faults):
                self.rehearsal.turn(**faults)
            case Run():
                self._run(step)
            case DeletedOutside(which=which):
                self._outside(which, self.rehearsal.world.delete_outside)
                self._meddled = True
            case RenamedOutside(which=which):
                self._outside(which, lambda voice_id: self.rehearsal.world.rename_outside(voice_id, "renamed"))
            case Hours(number=number):
                self.rehearsal.clock.sleep(number * 3600)

    def end(self) -> None:
        """The weather clears, time passes, and a few applies must settle everything."""
        self.rehearsal.turn(**_GOOD_WEATHER)
        while self._late:
            self._arrive(self._late.pop())
        for _ in range(4):
            self.rehearsal.clock.sleep(_DAY)
            self._apply(Run(), allow_recreates=self._truly_gone())
        assert not self._wrong
        self._check_the_end(self.rehearsal.plan())

    def _truly_gone(self) -> int | None:
        """The number that a plan asks for, once nothing of an account is found any more."""
        hints = [re.search(r"--allow-recreates (\d+)", change.hint) for change in self.rehearsal.plan().changes]
        numbers = [int(found[1]) for found in hints if found]
        assert self._meddled or not numbers
        return numbers[0] if numbers else None

    # --- one run ---

    def _run(self, run: Run) -> None:
        try:
            self._apply(run)
        except (Died, CloudError):  # no account could be looked at: nothing was begun
            pass
        finally:
            self.rehearsal.hook = lambda moment, what: None
        assert not self._wrong

    def _apply(self, run: Run, allow_deletes: int | None = None, allow_recreates: int | None = None) -> Applied | None:
        self._moments = 0
        self.rehearsal.hook = self._hook(run)
        try:
            return self.rehearsal.apply(
                stop=lambda: "interrupted" if run.stops_at is not None and self._moments >= run.stops_at else None,
                allow_deletes=allow_deletes,
                allow_recreates=allow_recreates,
            )
        except SafetyStop as stop:
            deletes = re.search(r"--allow-deletes (\d+)", stop.hint)
            recreates = re.search(r"--allow-recreates (\d+)", stop.hint)
            assert allow_deletes is None
            return self._apply(run, deletes and int(deletes[1]), int(recreates[1]) if recreates else allow_recreates)

    def _hook(self, run: Run) -> Callable[[str, str], None]:
        def hook(moment: str, what: str) -> None:
            self._moments += 1
            if self._moments == run.dies_at:
                self.rehearsal.hook = self._judge
                self._late += self.rehearsal.crew.die(self._dice)
                raise Died
            self._judge(moment, what)
            if self._late and self._dice.random() < 0.2:
                self._arrive(self._late.pop())

        return hook

    def _outside(self, which: int, meddle: Callable[[str], object]) -> None:
        ids = self.rehearsal.living_ids
        if ids:
            meddle(ids[which % len(ids)])

    def _arrive(self, call: Callable[[], Answer]) -> None:
        """A dead run's call reaches the cloud after all, when others have looked and decided already."""
        hook, self.rehearsal.hook = self.rehearsal.hook, lambda moment, what: None
        call()
        self.rehearsal.hook = hook

    # --- what must be true ---

    def _judge(self, moment: str, what: str) -> None:
        request = self.rehearsal.sent
        if moment == "before" and what in ("create", "delete") and request is not None:
            body = json.loads(request.content)
            if what == "create":
                account = "kling:" + request.headers["Authorization"].removeprefix("Bearer ")
                self._judge_creation(body["external_task_id"], account)
            else:
                self._judge_deletion(body["voice_id"])

    def _judge_creation(self, key: str, account: str) -> None:
        """Nothing is bought that is there already, and nothing that is not remembered."""
        state = self.rehearsal.state
        if key not in state.records or state.records[key].status is not Status.INTENDED:
            self._wrong.append(f"{key} is bought without an intent")
        for other in self.rehearsal.made:
            same = other.key and other.key != key and other.account == account and _what(other.key) == _what(key)
            if same and self._is_good(other):
                record = state.records.get(str(other.key))
                if record is None or record.status is not Status.DEPOSED:
                    self._wrong.append(f"{other.key} is {record and record.status}, and {key} is bought")

    def _judge_deletion(self, voice_id: str) -> None:
        """Only what was given up, durably, is deleted."""
        state = self.rehearsal.state
        for record in state.records.values():
            kept = record.status is not Status.DEPOSED or record.external_task_id in state.current.values()
            if record.voice_id == voice_id and kept:
                self._wrong.append(f"{record.external_task_id} is {record.status}, and is deleted")

    def _is_good(self, creation: Creation) -> bool:
        """It is a voice, or will be one."""
        stage = creation.stage(self.rehearsal.world.now())
        return creation.deleted_at is None and creation.failure is None and stage is not Stage.FAILED

    def _check_the_end(self, plan: Plan) -> None:
        rehearsal, state = self.rehearsal, self.rehearsal.state
        for change in plan.changes:
            if change.action is Action.RESUME and self._meddled:
                continue  # made, deleted outside before anybody looked, and its emptied task tells of nothing
            assert change.action is Action.BLOCKED, f"{change.address}: {change.action}: {change.reason}"
            assert change.reason
            hopeless = self._meddled or state.at(change.address) is None or self._failed(change.address)
            assert hopeless, f"{change.address}: blocked: {change.reason}"
        held = set(state.current.values())
        orphans = [c.key for c in rehearsal.made if self._is_good(c) and c.key not in held]
        assert not orphans
        blocked = {change.address for change in plan.changes}
        for address, voice in rehearsal.voices.items():
            if address not in blocked:
                record = rehearsal.record(address)
                assert record.status is Status.READY
                assert record.digest == keys.digest_of(voice)
                assert self._meddled or record.voice_id in rehearsal.living_ids
        assert set(state.current) <= set(rehearsal.voices) | blocked

    def _failed(self, address: str) -> bool:
        hopeless = {Status.FAILED, Status.UNCERTAIN}
        return any(r.status in hopeless for r in self.rehearsal.state.records.values() if r.address == address)


def _what(key: str) -> tuple[str, str]:
    """The address and the inputs that a key stands for."""
    marker = keys.read(key)
    assert marker is not None
    return marker.address, marker.digest

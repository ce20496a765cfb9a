"""A story of edits, faults, outside hands, lost states and deaths, told to the oracle as it happens.

The truth is the world's own books and what was durable when a call arrived; neither is taken from what a run said.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.engine import rebuilding, surgery
from reconciler.engine.operations import Applied, Request
from reconciler.engine.work import Answer
from reconciler.errors import CloudError, SafetyStop, UsageError
from reconciler.model import statefile
from reconciler.model.manifest import Voice
from reconciler.model.state import SETTLING, Record, State, Status
from reconciler.planning import keys
from reconciler.sandbox.creation import Creation
from reconciler.sandbox.faults import Faults
from tests.engine import oracle
from tests.engine.oracle import Began, Bought, Declared, Deleted, Fate, Lost, Seen, What
from tests.engine.rehearsal import KEYS, Died, Rehearsal

_HOUR, _DAY = 3600.0, 86_400.0  # seconds


@dataclass(frozen=True)
class Edit:
    voices: tuple[Voice, ...]


@dataclass(frozen=True)
class Weather:
    faults: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """An apply. At its nth moment, before or after a write or a call, it dies, is asked to stop, or its clock jumps."""

    dies_at: int | None = None
    stops_at: int | None = None
    jumps_at: int | None = None
    hours: float = 0.0


@dataclass(frozen=True)
class DeletedOutside:
    which: int


@dataclass(frozen=True)
class RenamedOutside:
    which: int


@dataclass(frozen=True)
class MadeOutside:
    """By a colleague, in the console."""


@dataclass(frozen=True)
class Hours:
    number: float


@dataclass(frozen=True)
class ClockJumps:
    """The wall clock of the machine that runs voicectl; the cloud's is right."""

    hours: float


@dataclass(frozen=True)
class StateLost:
    """The next run begins a new one."""


@dataclass(frozen=True)
class StateRestored:
    """An old copy is put back, or pushed. `which`: how many writes ago it was the state."""

    which: int
    pushed: bool


@dataclass(frozen=True)
class Rebuilt:
    """A person does what a blocked plan says: state rebuild --lineage, for each that there is."""


Step = (
    Edit | Weather | Run | DeletedOutside | RenamedOutside | MadeOutside | Hours
    | ClockJumps | StateLost | StateRestored | Rebuilt
)  # fmt: skip


class Simulation:
    def __init__(self, seed: int) -> None:
        self.rehearsal = Rehearsal(seed=seed, latency=lambda: self._dice.choice([0.01, 0.05, 0.4]))
        self.story: list[oracle.Event] = []
        self._dice = random.Random(seed)
        self._moments = 0
        self._wrong: list[str] = []  # raised inside a call, it would read as a lost reply
        self._late: list[Callable[[], Answer]] = []
        self._noted: dict[int, Creation] = {}
        self._lost: set[str] = set()
        self._blind = False  # this run looks at lists that lie
        self._states = 1
        self._doubtful = False  # somebody deleted voices outside, or put an old state back

    def live(self, step: Step) -> None:
        rehearsal = self.rehearsal
        match step:
            case Edit(voices=voices):
                rehearsal.declare(*voices)
                refused = frozenset(self._what(v) for v in voices if "refused" in v.inputs["voice_url"])
                self.story.append(Declared(frozenset(map(self._what, voices)), refused))
            case Weather(faults=faults):
                rehearsal.turn(**faults)
            case Run():
                self._run(step)
            case DeletedOutside(which=which):
                self._outside(which, rehearsal.world.delete_outside)
                self._doubtful = True
            case RenamedOutside(which=which):
                self._outside(which, lambda voice_id: rehearsal.world.rename_outside(voice_id, "renamed"))
            case MadeOutside():
                rehearsal.world.add_foreign("a", account="kling:" + KEYS["singapore"])
            case Hours(number=number):
                self._arrive_all()  # no call is under way for hours
                rehearsal.clock.sleep(number * _HOUR)
            case ClockJumps(hours=hours):
                self._jump(hours)
            case StateLost():
                self._lose()
            case StateRestored(which=which, pushed=pushed):
                self._restore(which, pushed=pushed)
            case Rebuilt():
                self._rebuild()

    def end(self) -> None:
        """The weather clears, time passes, and a few applies must settle everything."""
        rehearsal = self.rehearsal
        rehearsal.turn(**Faults(deleted_voice=rehearsal.world.faults().deleted_voice).model_dump())
        self._arrive_all()
        rehearsal.clock.sleep(_HOUR)
        self._apply(Run())
        rehearsal.clock.ahead = 0.0
        for _ in range(4):
            rehearsal.clock.sleep(4 * _DAY)
            if self._lost:
                self._rebuild()
            applied = self._apply(Run(), allow_recreates=self._truly_gone() if self._doubtful else None)
            if applied is not None and applied.plan.empty:
                break
            self._resolve()
        state, plan = rehearsal.state, rehearsal.plan()
        assert all(change.reason for change in plan.changes)
        seen = Seen(
            held=state.current,
            ready=frozenset(key for key, record in state.records.items() if record.status is Status.READY),
            open=frozenset(key for key, record in state.records.items() if record.status in SETTLING),
            living=frozenset(str(v.key) for v in rehearsal.world.voices() if v.key),
            unsettled=frozenset(change.address for change in plan.changes),
        )
        told = [*self._wrong, *oracle.complaints(self.story, seen)]
        assert not told, "\n".join(told)

    def _truly_gone(self) -> int | None:
        """The number that a plan asks for, once nothing of an account is found any more."""
        hints = [re.search(r"--allow-recreates (\d+)", change.hint) for change in self.rehearsal.plan().changes]
        numbers = [int(found[1]) for found in hints if found]
        return numbers[0] if numbers else None

    # --- one run ---

    def _run(self, run: Run) -> None:
        try:
            self._apply(run)
        except (Died, CloudError):  # no account could be looked at: nothing was begun
            pass
        finally:
            self.rehearsal.hook = lambda moment, what: None

    def _apply(self, run: Run, allow_deletes: int | None = None, allow_recreates: int | None = None) -> Applied | None:
        self._moments = 0
        self._blind = self._lists_lie()
        self.story.append(Began())
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
            if allow_deletes is not None:
                return None  # the clouds show another number than a moment ago: the person goes away
            return self._apply(run, deletes and int(deletes[1]), int(recreates[1]) if recreates else allow_recreates)

    def _hook(self, run: Run) -> Callable[[str, str], None]:
        def hook(moment: str, what: str) -> None:
            self._moments += 1
            if self._moments == run.jumps_at:
                self._jump(run.hours)
            if self._moments == run.dies_at:
                self.rehearsal.hook = self._watch
                self._note()
                self._late += self.rehearsal.crew.die(self._dice)
                raise Died
            self._watch(moment, what)
            if self._late and self._dice.random() < 0.2:
                self._arrive(self._late.pop())

        return hook

    # --- what happens around it ---

    def _outside(self, which: int, meddle: Callable[[str], object]) -> None:
        ids = self.rehearsal.living_ids
        if ids:
            meddle(ids[which % len(ids)])
            self._note(outside=True)

    def _arrive(self, call: Callable[[], Answer]) -> None:
        """A dead run's call reaches the cloud after all, when others have looked and decided already."""
        hook, self.rehearsal.hook = self.rehearsal.hook, lambda moment, what: None
        call()
        self._note(late=True)
        self.rehearsal.hook = hook

    def _arrive_all(self) -> None:
        while self._late:
            self._arrive(self._late.pop())

    def _jump(self, hours: float) -> None:
        """A task that no look-up shows yet is told from a lost one by its age alone: none is late when clocks lie."""
        self.rehearsal.turn(late_by_id=0.0)
        self.rehearsal.clock.ahead = hours * _HOUR

    def _lose(self) -> None:
        self._arrive_all()
        self.rehearsal.backend.put_back(None)
        self._states += 1
        self.rehearsal.lineage = f"{self._states:08x}-89ab-cdef-0123-456789abcdef"
        self._forget(State(lineage=self.rehearsal.lineage))

    def _restore(self, which: int, *, pushed: bool) -> None:
        self._arrive_all()
        backend, held = self.rehearsal.backend, self.rehearsal.backend.read()
        if not backend.copies:
            return
        copy = backend.copies[-1 - which % len(backend.copies)]
        backend.put_back(copy)
        state = self.rehearsal.state
        if pushed:
            backend.put_back(held)
            store = self.rehearsal.store()
            with store.locked("state push"):
                store.push(statefile.dump(state), force=True)
        self._doubtful = True
        self._forget(state)

    def _forget(self, state: State) -> None:
        self._lost |= {str(c.key) for c in self.rehearsal.made if c.key} - set(state.records)
        self.story.append(Lost(frozenset(self._lost)))

    def _rebuild(self) -> None:
        session = self.rehearsal.session()
        try:
            for lineage in rebuilding.rebuild(session, Request(), lineage=None, strangers=False).lineages:
                rebuilding.rebuild(session, Request(), lineage=lineage, strangers=False)
        except (CloudError, UsageError):  # what was listed a moment ago is not listed now
            pass

    def _resolve(self) -> None:
        """A person looks in the console, and says what became of the creations that nobody could settle."""
        state = self.rehearsal.state
        newest = {r.address: r for r in sorted(state.records.values(), key=_generation) if r.status in SETTLING}
        there = {v.key: v.voice_id for v in self.rehearsal.world.voices()}
        for address, record in newest.items():
            if record.status is Status.UNCERTAIN:
                self.story.append(oracle.Asked(What(address, record.digest, self._account(record.provider))))
                found = there.get(record.external_task_id)
                surgery.resolve(self.rehearsal.session(), address, Request(), voice_id=found, retry=found is None)

    # --- what is watched while calls are made ---

    def _watch(self, moment: str, what: str) -> None:
        request = self.rehearsal.sent
        if moment == "after":
            self._note()
        elif what in ("create", "delete") and request is not None:
            body = json.loads(request.content)
            if what == "create":
                self._watch_creation(body["external_task_id"])
            else:
                self._watch_deletion(body["voice_id"])

    def _watch_creation(self, key: str) -> None:
        """Nothing is bought that is not remembered."""
        record = self.rehearsal.state.records.get(key)
        if record is None or record.status is not Status.INTENDED:
            self._wrong.append(f"{key} is bought without an intent")

    def _watch_deletion(self, voice_id: str) -> None:
        """Only what was given up, durably, is deleted."""
        state = self.rehearsal.state
        for record in state.records.values():
            kept = record.status is not Status.DEPOSED or record.external_task_id in state.current.values()
            if record.voice_id == voice_id and kept:
                self._wrong.append(f"{record.external_task_id} is {record.status}, and is deleted")

    def _note(self, *, late: bool = False, outside: bool = False) -> None:
        """Tells the oracle what the world's books say that they did not say before."""
        for creation in self.rehearsal.made:
            before = self._noted.get(creation.number)
            if before is None and creation.key is not None:
                self.story.append(self._purchase(creation, late=late))
            if creation.deleted_at is not None and (before is None or before.deleted_at is None):
                self.story.append(Deleted(creation.key, outside=outside))
            self._noted[creation.number] = creation

    def _purchase(self, creation: Creation, *, late: bool) -> Bought:
        marker = keys.read(creation.key)
        assert marker is not None
        what = What(marker.address, marker.digest, creation.account)
        fate = Fate.NONE if creation.ended_at is None else Fate.FAILURE if creation.failure else Fate.VOICE
        records = self.rehearsal.state.records.values()
        deposed = frozenset(r.external_task_id for r in records if r.status is Status.DEPOSED)
        return Bought(str(creation.key), what, fate, deposed=deposed, late=late, blind=self._blind)

    def _lists_lie(self) -> bool:
        faults = self.rehearsal.world.faults()
        wrong = (faults.hide, faults.empty_list, faults.shuffle_list, faults.shift_list)
        return any((*wrong, faults.late_visibility, faults.late_by_id))

    def _what(self, voice: Voice) -> What:
        return What(voice.address, keys.digest_of(voice), self._account(voice.provider))

    def _account(self, provider: str) -> str:
        return f"kling:{KEYS[self.rehearsal.accounts[provider].region]}"


def _generation(record: Record) -> int:
    return record.generation

"""A story of edits, faults, outside hands, lost states and deaths, lived through on virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import Any

from reconciler.engine.jobs import JobResult
from reconciler.engine.operations import Applied
from reconciler.errors import CloudError, SafetyStop
from reconciler.model import statefile
from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.state import LIVE, State
from reconciler.sandbox.faults import Faults
from tests.engine import oracle
from tests.engine.chronicle import Chronicle
from tests.engine.expected_voices import ExpectedVoices
from tests.engine.operator import Operator
from tests.engine.oracle import Declared, Lost
from tests.engine.simulated_run import Died, SimulatedRun
from tests.engine.steps import (
    Advised,
    ClockJumps,
    DeletedOutside,
    Edit,
    Hours,
    MadeOutside,
    Rebuilt,
    Renamed,
    RenamedOutside,
    Run,
    StateLost,
    StateRestored,
    Step,
    Switched,
    Weather,
)
from tests.engine.stories import Clouds
from tests.support.hints import typed
from tests.support.memory_backend import MemoryBackend

_HOUR, _DAY = 3600.0, 86_400.0  # seconds
_NAMES = "abcdefghijkl"  # of entries that are renamed
_MANIFOLD = frozenset({"create", "clone-minimax"})  # these may be made twice from the same inputs


class Simulation:
    def __init__(self, clouds: Clouds, seed: int) -> None:
        self.simulated = SimulatedRun(seed=seed, latency=lambda: self._dice.choice([0.01, 0.05, 0.4]))
        self.simulated.accounts = dict(clouds.accounts)
        clouds.mount(self.simulated)
        self.expected = ExpectedVoices(clouds.accounts)
        self.chronicle = Chronicle(self.simulated, self.expected)
        self.operator = Operator(self.simulated, self.chronicle, self.expected)
        self._dice = random.Random(seed)
        self._moments = 0
        self._late: list[tuple[float, Callable[[], JobResult]]] = []  # dead runs' calls, and when they died
        self._arrives = clouds.arrives
        self._states = 1
        self._elsewhere: MemoryBackend | None = None  # the other runner's
        self._doubtful = False  # somebody deleted voices outside, or put an old state back

    def live(self, step: Step) -> None:
        simulated = self.simulated
        match step:
            case Edit(voices=voices):
                self._declare(voices)
            case Weather(faults=faults):
                simulated.turn(**faults)
            case Run():
                self._run(step)
            case DeletedOutside(which=which):
                self._outside(which, simulated.world.delete_outside)
                self._doubtful = True
            case RenamedOutside(which=which):
                self._outside(which, lambda voice_id: simulated.world.rename_outside(voice_id, "renamed"))
            case MadeOutside():
                simulated.world.add_foreign("a", account="kling:sandbox-default")
            case Hours(number=number):
                self._arrive_all()  # no call is under way for hours
                simulated.clock.sleep(number * _HOUR)
            case ClockJumps(hours=hours):
                self._jump(hours)
            case StateLost():
                self._lose()
            case StateRestored(which=which, pushed=pushed):
                self._restore(which, pushed=pushed)
            case Rebuilt():
                self.operator.rebuild()
            case Renamed():
                self._rename(step)
            case Switched():
                self._arrive_all()
                self._switch()
            case Advised():
                self._follow_advice()

    def end(self) -> None:
        """The weather clears, time passes, and a few applies must settle everything."""
        simulated = self.simulated
        simulated.turn(**Faults(deleted_voice=simulated.world.faults().deleted_voice).model_dump())
        self._arrive_all()
        simulated.clock.sleep(_HOUR)
        if self.chronicle.lost:
            self.operator.rebuild()
        self._apply(Run())
        simulated.clock.ahead = 0.0
        for _ in range(4):
            simulated.clock.sleep(4 * _DAY)
            if self.chronicle.lost:
                self.operator.rebuild()
            allowed = self.operator.truly_gone() if self._doubtful else None
            applied = self._apply(Run(), allow_recreates=allowed)
            if applied is not None and applied.plan.empty:
                break
            self.operator.settle(allowed)
            unsure, paid = self.operator.unsure(), self.operator.follow(patient=False, allow_recreates=allowed)
            if unsure | paid.retry | paid.replace:
                self._apply(Run(), allow_recreates=allowed, retry=unsure | paid.retry, replaced=paid.replace)
        self.chronicle.story.append(Lost(self._held_elsewhere() | self.chronicle.lost))
        told = [*self.chronicle.wrong, *oracle.complaints(self.chronicle.story, self.operator.looks_back())]
        assert not told, "\n".join(told)

    def _held_elsewhere(self) -> frozenset[str]:
        """Keys that this runner was refused because the other one had used them: those voices are the other's."""
        simulated = self.simulated
        if self._elsewhere is None:
            return frozenset()
        made = simulated.made
        refused = {self.expected.key_meant(r, made) for r in simulated.state.records.values() if r.voice_id is None}
        simulated.backend, self._elsewhere = self._elsewhere, simulated.backend
        held = {self.expected.key_meant(r, made) for r in simulated.state.records.values() if r.status in LIVE}
        simulated.backend, self._elsewhere = self._elsewhere, simulated.backend
        return frozenset(refused & held)

    # --- one run ---

    def _run(self, run: Run) -> None:
        try:
            self._apply(run)
        except (Died, CloudError):  # no account could be looked at: nothing was begun
            pass
        finally:
            self.simulated.hook = lambda moment, what: None

    def _apply(
        self,
        run: Run,
        allow_deletes: int | None = None,
        allow_recreates: int | None = None,
        retry: frozenset[str] = frozenset(),
        replaced: frozenset[str] = frozenset(),
    ) -> Applied | None:
        self._moments = 0
        self.chronicle.began()
        self.simulated.hook = self._hook(run)
        try:
            return self.simulated.apply(
                stop=lambda: "interrupted" if run.stops_at is not None and self._moments >= run.stops_at else None,
                allow_deletes=allow_deletes,
                allow_recreates=allow_recreates,
                retry=retry,
                replace=replaced,
            )
        except SafetyStop as stop:
            deletes, recreates = (typed(stop.hint, name) for name in ("--allow-deletes", "--allow-recreates"))
            if allow_deletes is not None:
                return None  # the clouds show another number than a moment ago: the person goes away
            allowed = int(recreates[0][0]) if recreates else allow_recreates
            return self._apply(run, int(deletes[0][0]) if deletes else None, allowed, retry, replaced)

    def _hook(self, run: Run) -> Callable[[str, str], None]:
        def hook(moment: str, what: str) -> None:
            self._moments += 1
            if self._moments == run.jumps_at:
                self._jump(run.hours)
            if self._moments == run.beside:
                self._run_beside()
            if self._moments == run.dies_at:
                self.simulated.hook = self.chronicle.watch
                self.chronicle.note()
                now = self.simulated.clock.monotonic()
                self._late += [(now, call) for call in self.simulated.workers.die(self._dice)]
                raise Died
            self.chronicle.watch(moment, what)
            if self._late and self._dice.random() < 0.2:
                self._arrive(*self._late.pop())

        return hook

    # --- what happens around it ---

    def _outside(self, which: int, meddle: Callable[[str], object]) -> None:
        ids = self.simulated.living_ids
        if ids:
            meddle(ids[which % len(ids)])
            self.chronicle.note(outside=True)

    def _arrive(self, died_at: float, call: Callable[[], JobResult]) -> None:
        """A dead run's call reaches the cloud after all, when others have looked and decided already; or never."""
        if self.simulated.clock.monotonic() > died_at + self._arrives:
            return
        hook, self.simulated.hook = self.simulated.hook, lambda moment, what: None
        call()
        self.chronicle.note(late=True)
        self.simulated.hook = hook

    def _arrive_all(self) -> None:
        while self._late:
            self._arrive(*self._late.pop())

    def _jump(self, hours: float) -> None:
        """A task that no look-up shows yet is told from a lost one by its age alone: none is late when clocks lie."""
        if self._arrives < inf:  # nor is a call under way whose age is all that tells whether it may be
            self._arrive_all()
        self.simulated.turn(late_by_id=0.0)
        self.simulated.clock.ahead = hours * _HOUR
        self.operator.furthest = max(self.operator.furthest, hours * _HOUR)

    def _lose(self) -> None:
        self._arrive_all()
        self.simulated.backend.put_back(None)
        self._states += 1
        self.simulated.lineage = f"{self._states:08x}-89ab-cdef-0123-456789abcdef"
        self.chronicle.forgot(State(lineage=self.simulated.lineage))

    def _restore(self, which: int, *, pushed: bool) -> None:
        self._arrive_all()
        backend, held = self.simulated.backend, self.simulated.backend.read()
        if not backend.copies:
            return
        copy = backend.copies[-1 - which % len(backend.copies)]
        backend.put_back(copy)
        state = self.simulated.state
        if pushed:
            backend.put_back(held)
            store = self.simulated.store()
            with store.locked("state push"):
                store.push(statefile.dump(state), force=True)
        self._doubtful = True
        self.chronicle.forgot(state)

    def _switch(self) -> None:
        """Each runner has a disk of its own, and begins lineages of its own."""
        simulated = self.simulated
        simulated.backend, self._elsewhere = self._elsewhere or simulated.another_backend(), simulated.backend
        self._states += 1
        simulated.lineage = f"{self._states:08x}-89ab-cdef-0123-456789abcdef"
        self._doubtful = True
        self.chronicle.forgot(simulated.state)

    def _run_beside(self) -> None:
        """The other runner applies the same, from its plan to its end, at one moment of this run.

        With a state of another lineage it stays away: keys of two lineages never collide, so nothing can stop two such
        runs from buying the same at the same moment.
        """
        simulated = self.simulated
        hook, workers, sent, received = simulated.hook, simulated.workers, simulated.sent, simulated.received
        look = self.chronicle.look
        lineage = simulated.state.lineage[:8]
        self._switch()
        if simulated.state.lineage[:8] == lineage:
            simulated.hook = self.chronicle.watch
            self.chronicle.beside = True
            self.chronicle.began()
            with suppress(CloudError, SafetyStop):
                simulated.apply()
            self.chronicle.beside = False
        self._switch()
        simulated.hook, simulated.workers, simulated.sent, simulated.received = hook, workers, sent, received
        self.chronicle.look = look

    # --- what people do ---

    def _declare(self, voices: Iterable[Voice]) -> None:
        voices = list(voices)
        self.simulated.declare(*voices)
        refused = frozenset(self.expected.declared(v) for v in voices if "refused" in str(v.inputs))
        self.chronicle.story.append(Declared(frozenset(map(self.expected.declared, voices)), refused))

    def _rename(self, step: Renamed) -> None:
        """To addresses that are free; some of them were in use before."""
        voices = dict(self.simulated.voices)
        for source in sorted(voices)[step.which % max(1, len(voices)) :][: step.times]:
            prefix = AUDIO if source.startswith(AUDIO) else ""
            free = [f"{prefix}{name}" for name in _NAMES if f"{prefix}{name}" not in self.simulated.voices | voices]
            if not free:
                break
            voice = voices[source] if step.copied else voices.pop(source)
            if step.copied and voice.method not in _MANIFOLD:
                continue
            changed: dict[str, Any] = {}
            if step.labels and "labels" in voice.inputs:
                changed["inputs"] = voice.inputs | {"labels": ["new"]}
            if step.labels:
                changed["labels"] = {"renamed": source}
            target = free[step.which % len(free)]
            voices[target] = replace(voice, address=target, **changed)
        self.chronicle.renames = True
        self._declare(voices.values())

    def _follow_advice(self) -> None:
        self._arrive_all()
        try:
            paid = self.operator.follow(patient=True)
            self._apply(Run(), retry=paid.retry)
        except CloudError:  # the plan could not be made
            pass

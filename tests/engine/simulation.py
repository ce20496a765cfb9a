"""A story of edits, faults, outside hands, lost states and deaths, told to the oracle as it happens.

The truth is the world's own books and what was durable when a call arrived; neither is taken from what a run said.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.engine import rebuilding, surgery
from reconciler.engine.operations import Applied, Request
from reconciler.engine.work import Answer
from reconciler.errors import CloudError, SafetyStop, UsageError
from reconciler.model import statefile
from reconciler.model.accounts import Account
from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.state import MADE, SETTLING, Activation, Record, State, Status
from reconciler.sandbox.creation import Creation
from reconciler.sandbox.faults import Faults
from tests.engine import books, oracle
from tests.engine.books import Books
from tests.engine.oracle import Began, Bought, Declared, Deleted, Fate, Lost, Refused, Seen, What
from tests.engine.rehearsal import Died, Rehearsal

_HOUR, _DAY = 3600.0, 86_400.0  # seconds
_REMEMBERED = 70 * _HOUR  # that a task of VOD's can be looked up, with some reserve
_PATIENT = 10  # words that a person says at most


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
    def __init__(self, accounts: Mapping[str, Account], seed: int) -> None:
        self.rehearsal = Rehearsal(seed=seed, latency=lambda: self._dice.choice([0.01, 0.05, 0.4]))
        self.rehearsal.accounts = dict(accounts)
        self.books = Books(accounts)
        self.story: list[oracle.Event] = []
        self._dice = random.Random(seed)
        self._moments = 0
        self._wrong: list[str] = []  # raised inside a call, it would read as a lost reply
        self._late: list[Callable[[], Answer]] = []
        self._noted: dict[int, Creation] = {}
        self._over: set[str] = set()  # keys of what has expired
        self._lost: set[str] = set()
        self._blind = False  # this run looks at lists that lie
        self._states = 1
        self._doubtful = False  # somebody deleted voices outside, or put an old state back
        self._furthest = 0.0  # seconds that the wall clock ever was ahead
        self._spoken: Counter[str] = Counter()  # paid first uses, by voice_id

    def live(self, step: Step) -> None:
        rehearsal = self.rehearsal
        match step:
            case Edit(voices=voices):
                rehearsal.declare(*voices)
                refused = frozenset(self.books.declared(v) for v in voices if "refused" in str(v.inputs))
                self.story.append(Declared(frozenset(map(self.books.declared, voices)), refused))
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
                rehearsal.world.add_foreign("a", account="kling:sandbox-default")
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
            allowed = self._truly_gone() if self._doubtful else None
            applied = self._apply(Run(), allow_recreates=allowed)
            if applied is not None and applied.plan.empty:
                break
            self._resolve(allowed)
        state, plan, made = rehearsal.state, rehearsal.plan(), rehearsal.made
        assert all(change.reason for change in plan.changes)
        meant = {key: books.key_meant(record, made) for key, record in state.records.items()}
        listed = {books.key_of(creation) for creation in made if books.is_listed(creation)}
        seen = Seen(
            held={address: meant[key] for address, key in state.current.items()},
            ready=frozenset(meant[key] for key, record in state.records.items() if record.status is Status.READY),
            open=self._open(state, made),
            living=frozenset(str(books.key_of(c)) for c in made if self._lives(c) and books.key_of(c)),
            unsettled=frozenset(change.address for change in plan.changes),
            kept=frozenset(
                meant[key] for key, r in state.records.items() if self._is_kept(r, listed=meant[key] in listed)
            ),
        )
        told = [*self._wrong, *oracle.complaints(self.story, seen)]
        assert not told, "\n".join(told)

    def _open(self, state: State, made: list[Creation]) -> frozenset[str]:
        """What the state remembers as begun; without a key of ours, whatever was made of it."""
        begun = [record for record in state.records.values() if record.status in SETTLING]
        whats = {What(r.address, r.digest, self.books.account(r.provider)) for r in begun}
        keyless = {books.key_of(c) for c in made if c.action in books.KEYLESS and self.books.what(c) in whats}
        return frozenset(str(key) for key in {books.key_meant(record, made) for record in begun} | keyless)

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

    def _apply(
        self,
        run: Run,
        allow_deletes: int | None = None,
        allow_recreates: int | None = None,
        retry: frozenset[str] = frozenset(),
    ) -> Applied | None:
        self._moments = 0
        self._blind = self._lists_lie()
        self._note()
        self.story.append(Began())
        self.rehearsal.hook = self._hook(run)
        try:
            return self.rehearsal.apply(
                stop=lambda: "interrupted" if run.stops_at is not None and self._moments >= run.stops_at else None,
                allow_deletes=allow_deletes,
                allow_recreates=allow_recreates,
                retry=retry,
            )
        except SafetyStop as stop:
            deletes = re.search(r"--allow-deletes (\d+)", stop.hint)
            recreates = re.search(r"--allow-recreates (\d+)", stop.hint)
            if allow_deletes is not None:
                return None  # the clouds show another number than a moment ago: the person goes away
            allowed = int(recreates[1]) if recreates else allow_recreates
            return self._apply(run, deletes and int(deletes[1]), allowed, retry)

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
        self._furthest = max(self._furthest, hours * _HOUR)

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
        made = self.rehearsal.made
        known = {books.key_meant(record, made) for record in state.records.values()}
        self._lost |= {str(books.key_of(c)) for c in made if books.key_of(c)} - known
        self.story.append(Lost(frozenset(self._lost)))

    def _rebuild(self) -> None:
        session = self.rehearsal.session()
        try:
            for lineage in rebuilding.rebuild(session, Request(), lineage=None, strangers=False).lineages:
                rebuilding.rebuild(session, Request(), lineage=lineage, strangers=False)
        except (CloudError, UsageError):  # what was listed a moment ago is not listed now
            pass

    def _resolve(self, allow_recreates: int | None) -> None:
        """A person looks in the console, and says what became of what nobody could settle."""
        for _ in range(_PATIENT):
            plan = self.rehearsal.plan(allow_recreates=allow_recreates)
            doubted = {change.address for change in plan.changes if "resolve" in change.hint}
            records = self.rehearsal.state.records.values()
            newest = {r.address: r for r in sorted(records, key=_generation) if r.status in SETTLING}
            doubted &= set(newest)
            for address in sorted(doubted):
                self._say(newest[address])
            if not doubted:
                break
        for record in self.rehearsal.state.records.values():
            if record.status is Status.DEPOSED and record.voice_id is None and not self._may_live(record):
                surgery.resolve(self.rehearsal.session(), record.address, Request(), voice_id=None, retry=False)
        unsure = {r.address for r in self.rehearsal.state.records.values() if r.activation is Activation.UNCERTAIN}
        if unsure:
            self._spoken.clear()  # whoever asks for another use pays for it
            self._apply(Run(), retry=frozenset(unsure))

    def _say(self, record: Record) -> None:
        what = What(record.address, record.digest, self.books.account(record.provider))
        if not self._out_of_sight(record):
            self.story.append(oracle.Asked(what))
        made = self.rehearsal.made
        others = [r for r in self.rehearsal.state.records.values() if r.external_task_id != record.external_task_id]
        known = {books.key_meant(r, made) for r in others}
        left = [c for c in made if books.key_of(c) not in {None, *known} and self.books.what(c) == what]
        for creation in left:
            if books.fate_of(creation) is Fate.NONE:  # a person waits no longer
                self.story.append(Deleted(books.key_of(creation), outside=True))
        living = sorted((c for c in left if self._lives(c)), key=lambda c: (books.key_of(c) in self._lost, -c.number))
        there = next(iter(living), None)
        named = None if there is None else there.voice_id or f"https://vod.invalid/{there.details['file_id']}.mp3"
        request = Request()
        surgery.resolve(self.rehearsal.session(), record.address, request, voice_id=named, retry=named is None)

    def _is_kept(self, record: Record, *, listed: bool) -> bool:
        """What can't be deleted is let go, and stays in sight; so is what nobody knew to have been used."""
        unused = record.method == "clone-minimax" and record.activation not in MADE
        if record.status is Status.LAPSED:
            return not listed and self._out_of_sight(record)
        return record.status is Status.ABANDONED and (unused or not listed)

    def _may_live(self, record: Record) -> bool:
        """Whether what waits for its deletion, and has no id yet, is a voice or may become one soon."""
        made = self.rehearsal.made
        key = books.key_meant(record, made)
        return any(books.key_of(c) == key and c.deleted_at is None and c.ended_at is not None for c in made)

    def _out_of_sight(self, record: Record) -> bool:
        """Whether its cloud can't be asked what became of it: it takes no key, or that was too long ago."""
        cloud = self.books.account(record.provider)
        if cloud.startswith("kling:"):
            return False
        age = self.rehearsal.clock.now() - record.created_at
        return (
            "/trtc/" in cloud or record.address.startswith(AUDIO) or age.total_seconds() + self._furthest > _REMEMBERED
        )

    def _lives(self, creation: Creation) -> bool:
        """Failed ones do not, and those under way do not yet."""
        ended = creation.ended_at is not None and creation.ended_at <= self.rehearsal.world.now()
        gone = creation.deleted_at is not None or creation.failure is not None
        return ended and not gone and books.key_of(creation) not in self._over

    # --- what is watched while calls are made ---

    def _watch(self, moment: str, what: str) -> None:
        request = self.rehearsal.sent
        if moment == "after":
            self._note()
        if request is None or what not in books.MAKING | books.DELETING | books.USING:
            return
        body = json.loads(request.content)
        if moment == "before" and what in books.MAKING:
            self._watch_creation(body)
        elif moment == "before" and what in books.DELETING:
            self._watch_deletion(body.get("voice_id") or body["VoiceId"])
        elif moment == "after" and not self._was_refused():
            self._watch_use(body["VoiceId"]) if what in books.USING else None
        elif moment == "after" and what == "VoiceClone" and self.rehearsal.world.faults().fail:
            self.story.append(Refused(self.books.called_for(body)))

    def _was_refused(self) -> bool:
        """Nothing was done. Whatever else was answered, the work was done."""
        answer = self.rehearsal.received
        if answer is None or not answer.headers["content-type"].startswith("application/json"):
            return False
        error = answer.json().get("Response", {}).get("Error")
        return error is not None and error["Code"] != "InternalError"

    def _watch_creation(self, body: Mapping[str, Any]) -> None:
        """Nothing is bought that is not remembered."""
        records, key = self.rehearsal.state.records, body.get("external_task_id") or body.get("SessionId")
        if key is None:
            what = self.books.called_for(body)
            begun = [r for r in records.values() if (r.address, r.digest) == (what.address, what.digest)]
        else:
            begun = [records[key]] if key in records else []
        if not any(record.status is Status.INTENDED for record in begun):
            self._wrong.append(f"{key or what} is bought without an intent")

    def _watch_use(self, voice_id: str) -> None:
        """A first use is paid for once, unless the lists hide what it did."""
        self._spoken[voice_id] += 1
        if self._spoken[voice_id] > 1 and not self._blind:
            self._wrong.append(f"{voice_id} was used {self._spoken[voice_id]} times")

    def _watch_deletion(self, voice_id: str) -> None:
        """Only what was given up, durably, is deleted."""
        state = self.rehearsal.state
        for record in state.records.values():
            kept = record.status is not Status.DEPOSED or record.external_task_id in state.current.values()
            if record.voice_id == voice_id and kept:
                self._wrong.append(f"{record.external_task_id} is {record.status}, and is deleted")

    def _note(self, *, late: bool = False, outside: bool = False) -> None:
        """Tells the oracle what the world's books say that they did not say before."""
        now = self.rehearsal.world.now() + 1000 * max(0.0, self.rehearsal.clock.ahead)
        for creation in self.rehearsal.made:
            before, key = self._noted.get(creation.number), books.key_of(creation)
            if before is None and key is not None:
                self.story.append(self._purchase(creation, key, late=late))
            if creation.deleted_at is not None and (before is None or before.deleted_at is None):
                self.story.append(Deleted(key, outside=outside))
            expires_at = books.expires_at(creation)
            if key is not None and key not in self._over and expires_at is not None and expires_at <= now:
                self._over.add(key)
                self.story.append(Deleted(key, outside=True))
            self._noted[creation.number] = creation

    def _purchase(self, creation: Creation, key: str, *, late: bool) -> Bought:
        made, records = self.rehearsal.made, self.rehearsal.state.records.values()
        return Bought(
            key,
            self.books.what(creation),
            books.fate_of(creation),
            deposed=frozenset(r.external_task_id for r in records if r.status is Status.DEPOSED),
            late=late and creation.action not in books.KEYLESS,  # there a second call must wait for a person
            hidden=frozenset(str(books.key_of(c)) for c in made if self._blind or not books.is_listed(c)),
        )

    def _lists_lie(self) -> bool:
        faults = self.rehearsal.world.faults()
        wrong = (faults.hide, faults.empty_list, faults.shuffle_list, faults.shift_list)
        return any((*wrong, faults.late_visibility, faults.late_by_id))


def _generation(record: Record) -> int:
    return record.generation

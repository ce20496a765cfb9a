"""The person beside a story: says what became of what nobody could settle, as the plans ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from reconciler.engine import import_resolve, state_edits, state_rebuild
from reconciler.engine.session import Request
from reconciler.errors import CloudError, UsageError
from reconciler.model.manifest import AUDIO
from reconciler.model.state import LIVE, MADE, SETTLING, Activation, Record, State, Status
from reconciler.sandbox.task import Task
from tests.engine import expected_voices, oracle
from tests.engine.chronicle import Chronicle
from tests.engine.expected_voices import ExpectedVoices
from tests.engine.oracle import Deleted, Fate, Released, Seen, What
from tests.engine.simulated_run import SimulatedRun
from tests.support.hints import typed

_LAPSED_KEPT = 72 * 3600.0  # seconds after which a given up creation is no reason to read its account
_LATEST_LIST = 60.0  # seconds that a list of these stories is late at most
_REMEMBERED = 70 * 3600.0  # seconds that a task of VOD's can be looked up, with some reserve
_REBUILD = ("state", "rebuild", "--lineage")
_PATIENT = 10  # words that a person says at most


@dataclass(frozen=True)
class PaidAgain:
    """Addresses that a person pays for again, by the option that the plan names for them."""

    retry: frozenset[str] = frozenset()
    replace: frozenset[str] = frozenset()


class Operator:
    def __init__(self, simulated: SimulatedRun, chronicle: Chronicle, expected: ExpectedVoices) -> None:
        self.furthest = 0.0  # seconds that the wall clock ever was ahead
        self._displaced: frozenset[str] = frozenset()  # keys whose address meant a newer voice in a state rebuilt
        self._simulated = simulated
        self._chronicle = chronicle
        self._expected = expected

    def truly_gone(self) -> int | None:
        """The number that a plan asks for, once nothing of an account is found any more."""
        numbers = [int(n) for c in self._simulated.plan().changes for (n,) in typed(c.hint, "--allow-recreates")]
        return numbers[0] if numbers else None

    def settle(self, allow_recreates: int | None) -> None:
        """A person looks in the console, and says what became of what nobody could settle."""
        for _ in range(_PATIENT):
            plan = self._simulated.plan(allow_recreates=allow_recreates)
            named = {words[0] for change in plan.changes for words in typed(change.hint, "resolve")}
            settling = [r for r in self._simulated.state.records.values() if r.status in SETTLING]
            doubted = named & {name for r in settling for name in (r.address, r.external_task_id)}
            for name in sorted(doubted):
                self._say(name)
            if not doubted:
                break
        for record in self._simulated.state.records.values():
            if record.status is Status.DEPOSED and record.voice_id is None and not self._may_live(record):
                self._wait_no_longer(c for c in self._simulated.made if c.key == record.external_task_id)
                key = record.external_task_id
                import_resolve.resolve(self._simulated.session(), key, Request(), voice_id=None, retry=False)

    def unsure(self) -> frozenset[str]:
        """Where nobody knows whether a first use was paid for: a person pays for another."""
        unsure = {r.address for r in self._simulated.state.records.values() if r.activation is Activation.UNCERTAIN}
        if unsure:
            self._chronicle.spoken.clear()
        return frozenset(unsure)

    def rebuild(self, *, retry: frozenset[str] = frozenset()) -> None:
        """Of each lineage that the account shows or a plan names, one that is to pay for these addresses again."""
        session, before = self._simulated.session(), self._abandoned()
        try:
            changes = self._simulated.plan(retry=retry).changes
            named = {lineage for c in changes for (lineage,) in typed(c.hint, *_REBUILD)}
            there = state_rebuild.rebuild(session, Request(), lineage=None, new_lineage=False, approve=_yes).lineages
            for lineage in sorted({*named, *there}):
                state_rebuild.rebuild(session, Request(), lineage=lineage, new_lineage=False, approve=_yes)
                self._chronicle.forgot(self._simulated.state)
        except (CloudError, UsageError):  # what was listed a moment ago is not listed now
            pass
        self._displaced |= self._abandoned() - before

    def _abandoned(self) -> frozenset[str]:
        return frozenset(k for k, r in self._simulated.state.records.items() if r.status is Status.ABANDONED)

    def follow(self, *, patient: bool, allow_recreates: int | None = None) -> PaidAgain:
        """Types what is written beside what is blocked. Returns what to pay for again.

        `patient`: what is still being made is waited for. `allow_recreates`: what the last apply was told, after which
        a plan says what comes next.
        """
        paid: set[str] = set()
        replaced: set[str] = set()
        for change in self._simulated.plan(allow_recreates=allow_recreates).changes:
            with suppress(UsageError):  # what was done a moment ago has changed more than this entry
                if typed(change.hint, *_REBUILD):
                    self.rebuild()
                elif moved := typed(change.hint, "state", "mv"):
                    source, target = moved[0]
                    state_edits.move(self._simulated.session(), [(source, target)], Request())
                elif typed(change.hint, "import") and not self._imported(change.address, patient=patient):
                    paid |= {change.address} if typed(change.hint, "--retry") else set()
                elif typed(change.hint, "apply", "--replace"):
                    there = self._shown_instead(change.address) and self._imported(change.address, patient=patient)
                    if not (there or patient) and self._are_two_accounts(change.address):
                        replaced.add(change.address)
                elif not patient and typed(change.hint, "--retry") and (stuck := self._stuck(change.address)):
                    self._wait_no_longer(stuck)
                    paid.add(change.address)
        again = self._simulated.plan(retry=frozenset(paid), allow_recreates=allow_recreates).changes if paid else ()
        if any(typed(change.hint, *_REBUILD) for change in again):  # of a second lineage, behind the one that is known
            self.rebuild(retry=frozenset(paid))
        return PaidAgain(frozenset(paid), frozenset(replaced))

    def _are_two_accounts(self, address: str) -> bool:
        """Whether the provider that the entry names now is another account than that of its voice: people know."""
        record, voice = self._simulated.state.at(address), self._simulated.voices[address]
        return record is not None and self._expected.account(record.provider) != self._expected.account(voice.provider)

    def _shown_instead(self, address: str) -> bool:
        """Whether a plan that is to pay for another voice shows one that is there already, to be imported."""
        changes = self._simulated.plan(replace=frozenset({address})).changes
        return any(change.address == address and typed(change.hint, "import") for change in changes)

    def _imported(self, address: str, *, patient: bool) -> bool:
        """Whether nothing is to be paid: the console shows a voice of these inputs, or that one is being made."""
        what = self._expected.declared(self._simulated.voices[address])
        state, made = self._simulated.state, self._simulated.made
        held = {self._expected.key_meant(r, made) for r in state.records.values() if r.status in LIVE and r.voice_id}
        alike = [
            c for c in made if expected_voices.key_of(c) not in {None, *held} and _is_of(self._expected.what(c), what)
        ]
        living = [c for c in alike if self._chronicle.lives(c)]
        if not living:
            waiting = [c for c in alike if c.deleted_at is None and c.failure is None]
            if not patient:
                self._wait_no_longer(waiting)
            return patient and bool(waiting)
        voice_id = living[-1].voice_id
        current = state.at(address)
        if current is not None and current.status in LIVE:
            self._chronicle.story.append(Released(self._expected.key_meant(current, made)))
            state_edits.remove(self._simulated.session(), address, Request())
        import_resolve.import_voice(self._simulated.session(), address, voice_id, Request())
        self._chronicle.note_moves()
        return True

    def _stuck(self, address: str) -> list[Task]:
        """What a lost state began for this address, and what never ends."""
        made, records = self._simulated.made, self._simulated.state.records.values()
        known = {self._expected.key_meant(record, made) for record in records}
        endless = [
            c
            for c in made
            if expected_voices.fate_of(c) is Fate.NONE and expected_voices.key_of(c) not in {None, *known}
        ]
        return [c for c in endless if self._expected.what(c).address == address]

    def _say(self, name: str) -> None:
        """On the creation that a hint names, by its address or by its key."""
        record = import_resolve.open_creation(self._simulated.state, name)
        what = self._expected.meant(record.address, record.digest, record.provider)
        declared = self._simulated.voices.get(record.address)
        switched = declared is not None and declared.provider != record.provider  # it is unknown whether it is one
        if not switched and not self._out_of_sight(record):
            self._chronicle.story.append(oracle.Asked(what))
        made = self._simulated.made
        others = [r for r in self._simulated.state.records.values() if r.external_task_id != record.external_task_id]
        known = {self._expected.key_meant(r, made) for r in others}
        free = [
            c for c in made if expected_voices.key_of(c) not in {None, *known} and _is_of(self._expected.what(c), what)
        ]
        left = [c for c in free if self._expected.what(c) == what] or free  # else of before it was renamed
        self._wait_no_longer(left)
        living = sorted(
            (c for c in left if self._chronicle.lives(c)),
            key=lambda c: (expected_voices.key_of(c) in self._chronicle.lost, -c.number),
        )
        there = next(iter(living), None)
        named = None if there is None else there.voice_id or f"https://vod.invalid/{there.details['file_id']}.mp3"
        import_resolve.resolve(self._simulated.session(), name, Request(), voice_id=named, retry=named is None)
        self._chronicle.note_moves()

    def _wait_no_longer(self, creations: Iterable[Task]) -> None:
        for creation in creations:
            if expected_voices.fate_of(creation) is Fate.NONE:
                self._chronicle.story.append(Deleted(expected_voices.key_of(creation), outside=True))

    def _is_kept(self, record: Record, *, listed: bool) -> bool:
        """What can't be deleted is let go, and stays in sight; so is what nobody knew to have been used."""
        unused = record.method == "clone-minimax" and record.activation not in MADE
        if record.status is Status.LAPSED:
            return self._came_too_late(record) if listed else self._out_of_sight(record)
        return record.status is Status.ABANDONED and (
            unused or not listed or record.external_task_id in self._displaced
        )

    def _came_too_late(self, record: Record) -> bool:
        """Whether its account had no other reason to be read, and no run read it in the 72 hours that are promised.

        A run that follows at once proves nothing: the list may still be late.
        """
        others = {r.provider for r in self._simulated.state.records.values() if r.status in LIVE | {Status.FAILED}}
        needed = others | {voice.provider for voice in self._simulated.voices.values()}
        ages = [(run - record.changed_at).total_seconds() for run in self._chronicle.runs]
        return record.provider not in needed and not any(_LATEST_LIST < age < _LAPSED_KEPT for age in ages)

    def _may_live(self, record: Record) -> bool:
        """Whether what waits for its deletion, and has no id yet, is a voice or may become one soon."""
        made = self._simulated.made
        key = self._expected.key_meant(record, made)
        return any(expected_voices.key_of(c) == key and c.deleted_at is None and c.ended_at is not None for c in made)

    def _out_of_sight(self, record: Record) -> bool:
        """Whether its cloud can't be queried what became of it: it takes no key, or that was too long ago."""
        cloud = self._expected.account(record.provider)
        if cloud.startswith("kling:"):
            return False
        age = self._simulated.clock.now() - record.created_at
        return (
            "/trtc/" in cloud or record.address.startswith(AUDIO) or age.total_seconds() + self.furthest > _REMEMBERED
        )

    # --- what is seen at the end ---

    def looks_back(self) -> Seen:
        state, plan, made = self._simulated.state, self._simulated.plan(), self._simulated.made
        assert all(change.reason for change in plan.changes)
        meant = {key: self._expected.key_meant(record, made) for key, record in state.records.items()}
        listed = {expected_voices.key_of(creation) for creation in made if expected_voices.is_listed(creation)}
        return Seen(
            held={address: meant[key] for address, key in state.current.items()},
            ready=frozenset(meant[key] for key, record in state.records.items() if record.status is Status.READY),
            open=self._open(state, made),
            living=frozenset(
                str(expected_voices.key_of(c)) for c in made if self._chronicle.lives(c) and expected_voices.key_of(c)
            ),
            unsettled=frozenset(change.address for change in plan.changes),
            kept=frozenset(
                meant[key] for key, r in state.records.items() if self._is_kept(r, listed=meant[key] in listed)
            ),
        )

    def _open(self, state: State, made: list[Task]) -> frozenset[str]:
        """What the state remembers as begun; without a key of ours, whatever was made of it."""
        begun = [record for record in state.records.values() if record.status in SETTLING]
        whats = {self._expected.of(record) for record in begun}
        keyless = {
            expected_voices.key_of(c)
            for c in made
            if c.action in expected_voices.KEYLESS and self._expected.what(c) in whats
        }
        return frozenset(str(key) for key in {self._expected.key_meant(record, made) for record in begun} | keyless)


def _yes(_: state_rebuild.Rebuilt) -> bool:
    return True


def _is_of(made: What, wanted: What) -> bool:
    return made == wanted or made.renamed(wanted)

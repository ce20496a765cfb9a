"""What happens to a simulated cloud and state, reported to the oracle as it happens.

The truth is the world's own books and what was durable when a call arrived; neither is taken from what a run said.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

from reconciler.model.state import LIVE, Record, State, Status
from reconciler.sandbox.task import Task
from tests.engine import expected_voices, oracle
from tests.engine.expected_voices import ExpectedVoices
from tests.engine.oracle import Began, Bought, Deleted, Lost, Moved, Refused, Twins
from tests.engine.simulated_run import SimulatedRun


@dataclass(frozen=True)
class Look:
    """What a run could see when it looked, before it bought anything."""

    blind: bool = False  # its lists lie
    late: float = 0.0  # seconds until it lists what is made
    listed_until: float = inf  # Unix milliseconds: what was begun later was not listed
    traced: Callable[[Task], bool] = lambda creation: False  # whether it sees this task


class Chronicle:
    def __init__(self, simulated: SimulatedRun, expected: ExpectedVoices) -> None:
        self.story: list[oracle.Event] = []
        self.wrong: list[str] = []  # raised inside a call, it would read as a lost reply
        self.lost: set[str] = set()  # keys that the state knows no more
        self.runs: list[datetime] = []  # when each began, UTC
        self.renames = False  # whether entries were renamed
        self.over: set[str] = set()  # keys of what has expired
        self.spoken: Counter[str] = Counter()  # paid first uses, by voice_id
        self._simulated = simulated
        self._expected = expected
        self._noted: dict[int, Task] = {}
        self.look = Look()  # of the run that is under way
        self.beside = False  # whether that is another runner's, in the middle of this one's
        self._made_beside: set[str] = set()
        self._used_beside: set[str] = set()  # voice_ids, since this one looked

    def began(self) -> None:
        """A run."""
        self.runs.append(self._simulated.clock.now())
        if not self.beside:
            self._used_beside = set()
        faults, now = self._simulated.world.faults(), self._simulated.world.now()
        late = max(faults.late_visibility, faults.late_by_id)
        current, since = self._simulated.state.current, now - expected_voices.TRACED
        unmade = [v for v in self._simulated.voices.values() if v.address not in current and expected_voices.has_key(v)]
        accounts = {self._expected.account(v.provider) for v in unmade}
        self.look = Look(
            blind=any((faults.hide, faults.empty_list, faults.shuffle_list, faults.shift_list)),
            late=late,
            listed_until=now - 1000 * late,
            traced=lambda c: c.account in accounts and c.created_at > since and c.action not in expected_voices.KEYLESS,
        )
        self.note()
        self.note_moves()
        self.story.append(Began())

    def forgot(self, state: State) -> None:
        """This is the state from now on, whatever it knew before."""
        made = self._simulated.made
        known = {self._expected.key_meant(r, made) for r in state.records.values() if self._tells_of_its_voice(r, made)}
        self.lost = {str(expected_voices.key_of(c)) for c in made if expected_voices.key_of(c)} - known
        self.story.append(Lost(frozenset(self.lost)))

    def _tells_of_its_voice(self, record: Record, made: list[Task]) -> bool:
        """Not one that was refused because an earlier run, which the state forgot, had used its key.

        Nor an old copy that knew its task only, which VOD does not show any more.
        """
        meant = self._expected.creation_meant(record, made)
        if record.status is Status.FAILED and meant is not None and meant.failure is None:
            return False
        age = 1000 * (self._simulated.clock.now() - record.created_at).total_seconds()
        past = (
            record.status is Status.RUNNING
            and not record.named
            and record.type != "kling"
            and age > expected_voices.TRACED
        )
        return not past

    def lives(self, creation: Task) -> bool:
        """Failed ones do not, and those under way do not yet."""
        ended = creation.ended_at is not None and creation.ended_at <= self._simulated.world.now()
        gone = creation.deleted_at is not None or creation.failure is not None
        return ended and not gone and expected_voices.key_of(creation) not in self.over

    def watch(self, moment: str, what: str) -> None:
        request = self._simulated.sent
        if moment == "after":
            self.note()
        if request is None or what not in expected_voices.MAKING | expected_voices.DELETING | expected_voices.USING:
            return
        if moment == "before":
            self.note_moves()
        body = json.loads(request.content)
        if moment == "before" and what in expected_voices.MAKING:
            self._watch_creation(body)
        elif moment == "before" and what in expected_voices.DELETING:
            self._watch_deletion(body.get("voice_id") or body["VoiceId"])
        elif moment == "after" and not self._was_refused():
            self._watch_use(body["VoiceId"]) if what in expected_voices.USING else None
        elif moment == "after" and what == "VoiceClone" and self._simulated.world.faults().fail:
            self.story.append(Refused(self._expected.called_for(body)))

    def _was_refused(self) -> bool:
        """Nothing was done. Whatever else was answered, the work was done."""
        answer = self._simulated.received
        if answer is None or not answer.headers["content-type"].startswith("application/json"):
            return False
        error = answer.json().get("Response", {}).get("Error")
        return error is not None and error["Code"] != "InternalError"

    def _watch_creation(self, body: Mapping[str, Any]) -> None:
        """Nothing is bought that is not remembered."""
        records, key = self._simulated.state.records, body.get("external_task_id") or body.get("SessionId")
        if key is None:
            what = self._expected.called_for(body)
            begun = [r for r in records.values() if self._expected.of(r) == what]
        else:
            begun = [records[key]] if key in records else []
        if not any(record.status is Status.INTENDED for record in begun):
            self.wrong.append(f"{key or what} is bought without an intent")

    def _watch_use(self, voice_id: str) -> None:
        """A first use is paid for once, unless the lists hide what it did.

        Or unless the other runner made it after this run had looked: then neither can see the other's, once.
        """
        self.spoken[voice_id] += 1
        unseen = not self.beside and voice_id in self._used_beside
        if self.beside:
            self._used_beside.add(voice_id)
        else:
            self._used_beside.discard(voice_id)
        if self.spoken[voice_id] > 1 and not (self.look.blind or self.look.late or unseen):
            self.wrong.append(f"{voice_id} was used {self.spoken[voice_id]} times")

    def _watch_deletion(self, voice_id: str) -> None:
        """Only what was given up, durably, is deleted."""
        state = self._simulated.state
        for record in state.records.values():
            kept = record.status is not Status.DEPOSED or record.external_task_id in state.current.values()
            if record.voice_id == voice_id and kept:
                self.wrong.append(f"{record.external_task_id} is {record.status}, and is deleted")

    def note(self, *, late: bool = False, outside: bool = False) -> None:
        """Tells the oracle what the world's books say that they did not say before."""
        now = self._simulated.world.now() + 1000 * max(0.0, self._simulated.clock.ahead)
        for creation in self._simulated.made:
            before, key = self._noted.get(creation.number), expected_voices.key_of(creation)
            if before is None and key is not None:
                self.story.append(self._purchase(creation, key, late=late))
            if creation.deleted_at is not None and (before is None or before.deleted_at is None):
                self.story.append(Deleted(key, outside=outside))
            expires_at = expected_voices.expires_at(creation)
            if key is not None and key not in self.over and expires_at is not None and expires_at <= now:
                self.over.add(key)
                self.story.append(Deleted(key, outside=True))
            self._noted[creation.number] = creation

    def note_moves(self) -> None:
        """Tells the oracle which voices belong to an entry that was renamed."""
        if not self.renames:
            return
        made = self._simulated.made
        for record in self._simulated.state.records.values():
            what = self._expected.of(record) if record.status in LIVE else None
            meant = self._expected.creation_meant(record, made) if what is not None else None
            if what is not None and meant is not None and self._expected.what(meant).renamed(what):
                self._expected.moved(meant, what)
                self.story.append(Moved(str(expected_voices.key_of(meant)), what))

    def _purchase(self, creation: Task, key: str, *, late: bool) -> Bought:
        made, records = self._simulated.made, self._simulated.state.records.values()
        same = {
            str(expected_voices.key_of(c))
            for c in made
            if creation.action == expected_voices.LISTED and c.key == creation.key
        }
        if self.beside:
            self._made_beside.add(key)
        unseen = {
            str(expected_voices.key_of(c)) for c in made if c.created_at > self.look.listed_until
        } & self._made_beside
        if same & (self.lost | unseen):
            self.story.append(Twins(frozenset(same)))
        return Bought(
            key,
            self._expected.what(creation),
            expected_voices.fate_of(creation),
            deposed=frozenset(self._expected.key_meant(r, made) for r in records if r.status is Status.DEPOSED),
            late=late
            and creation.action
            not in {*expected_voices.KEYLESS, expected_voices.LISTED},  # there a second call must wait
            forgotten=frozenset(self._forgotten()),
            hidden=frozenset(str(expected_voices.key_of(c)) for c in made if self.look.blind or not self._shows(c)),
        )

    def _forgotten(self) -> Iterator[str]:
        """What a run gave up because nothing was shown of it yet: when its cloud shows no task of that time any more,
        no look can tell that it arrived after all.
        """
        made, since = self._simulated.made, self._simulated.world.now() - expected_voices.TRACED
        for record in self._simulated.state.records.values():
            meant = self._expected.creation_meant(record, made) if record.status is Status.LAPSED else None
            if meant is not None and meant.created_at < since and not expected_voices.is_listed(meant):
                yield str(expected_voices.key_of(meant))

    def _shows(self, creation: Task) -> bool:
        """Where a marker is no key, a second voice under one that the state knows is not told apart."""
        if creation.action == expected_voices.LISTED and creation.key in self._simulated.state.records:
            return False
        return creation.created_at <= self.look.listed_until and (
            expected_voices.is_listed(creation) or self.look.traced(creation)
        )

"""A state that moves is at one place at any moment, and a migration that was killed can be finished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.engine.lock_owner import LockOwner
from reconciler.engine.migration import Place, migrate
from reconciler.engine.store import Store
from reconciler.errors import NoState, StateForeign, StateLocked, StateMoved, UsageError, VoicectlError
from reconciler.model import statefile
from reconciler.model.state import State, Status
from reconciler.protocols.backend import Held, Lease, LockInfo, Stamp, locked_by
from tests.support.clock import FakeClock
from tests.support.memory_backend import MemoryBackend
from tests.support.stores import with_voice

WHEN = datetime(2026, 11, 20, 12, tzinfo=UTC)
NEW = "s3://acme-states/voices"
OWNER = LockOwner("ann", "here", 4711)
STATE = with_voice(State(lineage="abcdef12", serial=7), "narrator", Status.READY, voice_id="86")


class Died(Exception):
    """kill -9 at a write."""


class Dying(MemoryBackend):
    """Dies before or after its write of this number."""

    def __init__(self, name: str) -> None:
        super().__init__(before=lambda _: self._maybe("before"), after=lambda _: self._maybe("after"))
        self.where = name
        self.dies: tuple[str, int] | None = None
        self._writes = 0
        self._holder: LockInfo | None = None

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[Lease]:
        """One holder at a time."""
        if self._holder is not None:
            raise locked_by(Held(self._holder))
        self._holder = holder
        try:
            yield self.lease
        finally:
            self._holder = None

    def _maybe(self, moment: str) -> None:
        self._writes += moment == "before"
        if self.dies == (moment, self._writes):
            self.dies = None
            raise Died


def backends(*, there: State | None = None) -> tuple[Dying, Dying]:
    old, new = Dying("voices.state.json"), Dying(NEW)
    for backend, held in ((old, STATE), (new, there)):
        if held is not None:
            backend.write(statefile.dump(held), None, Stamp(held.lineage, held.serial))
        backend._writes = 0
    return old, new


def move(old: MemoryBackend, new: MemoryBackend, *, names: tuple[str, str] = ("local", NEW)) -> State:
    return migrate(Place(names[0], old), Place(names[1], new), clock=FakeClock(WHEN), owner=OWNER)


def held(backend: MemoryBackend) -> State | None:
    """What a run would work with; None if it has none, or is refused."""
    store = Store(backend, clock=FakeClock(WHEN), rescue_path=Path("/nonexistent/x"), lock_owner=lambda: OWNER)
    try:
        return store.load()
    except StateMoved:
        return None


def test_the_new_place_holds_the_state_and_the_old_one_says_where_it_is() -> None:
    old, new = backends()
    assert move(old, new) == STATE
    assert held(new) == STATE
    store = Store(old, clock=FakeClock(WHEN), rescue_path=Path("/nonexistent/x"), lock_owner=lambda: OWNER)
    with pytest.raises(StateMoved, match=f"the state was moved to {NEW}"):
        store.load()
    blob = old.read()
    assert blob is not None
    assert b"narrator" not in blob.data  # nothing of the state stays in the mark


def test_the_journal_of_a_dead_run_moves_too() -> None:
    old, new = backends()
    later = with_voice(STATE, "hero", Status.INTENDED).numbered(8)
    blob = old.read()
    assert blob is not None
    old.append([statefile.entry(STATE, later)], blob.version, Stamp("abcdef12", 8))
    assert move(old, new) == later
    assert held(new) == later


@pytest.mark.parametrize("place", ["old", "new"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
def test_killed_at_any_write_it_is_finished_by_the_same_command(place: str, moment: str, number: int) -> None:
    old, new = backends()
    {"old": old, "new": new}[place].dies = (moment, number)
    try:
        move(old, new)
    except Died:
        assert [held(old), held(new)].count(None) >= 1  # at most one place is in use
        again = held(old) is not None or held(new) is None
        if again or place == "old":
            try:
                move(old, new)
            except StateMoved:
                assert (place, moment, number) == ("old", "after", 2)  # the last write was made
    assert (held(old), held(new)) == (None, STATE)


def test_a_run_at_the_new_place_does_not_hinder_an_interrupted_migration_from_being_finished() -> None:
    old, new = backends()
    old.dies = ("before", 2)
    with pytest.raises(Died):
        move(old, new)
    later = with_voice(STATE, "hero", Status.READY, voice_id="87").numbered(8)
    blob = new.read()
    assert blob is not None
    new.write(statefile.dump(later), blob.version, Stamp("abcdef12", 8))
    assert move(old, new) == later
    assert held(new) == later
    blob = old.read()
    assert blob is not None
    assert b"narrator" not in blob.data
    assert f"the state was moved to {NEW}" in refusal_of(old)


def test_a_state_that_was_moved_on_meanwhile_is_not_put_back_by_an_interrupted_migration() -> None:
    old, new = backends()
    third = MemoryBackend()
    old.dies = ("before", 2)
    with pytest.raises(Died):
        move(old, new)
    move(new, third, names=(NEW, "gs://acme/third"))
    with pytest.raises(StateMoved, match="gs://acme/third"):
        move(old, new)
    assert (held(old), held(new), held(third)) == (None, None, STATE)
    assert f"the state was moved to {NEW}" in refusal_of(old)


def refusal_of(backend: MemoryBackend) -> str:
    store = Store(backend, clock=FakeClock(WHEN), rescue_path=Path("/nonexistent/x"), lock_owner=lambda: OWNER)
    with pytest.raises(StateMoved) as refused:
        store.load()
    return refused.value.detail


def test_it_moves_back_with_a_higher_serial() -> None:
    old, new = backends()
    move(old, new)
    back = move(new, old, names=(NEW, "local"))
    assert back.serial > STATE.serial
    assert back.records == STATE.records
    assert (held(old), held(new)) == (back, None)


def test_another_state_is_never_overwritten() -> None:
    old, new = backends(there=State(lineage="99999999", serial=3))
    with pytest.raises(StateForeign, match="another lineage"):
        move(old, new)
    assert (held(old), held(new)) == (STATE, State(lineage="99999999", serial=3))


def test_another_version_of_the_same_state_is_never_overwritten() -> None:
    old, new = backends(there=STATE.numbered(9))
    with pytest.raises(UsageError, match="with the serial 9"):
        move(old, new)
    assert held(old) == STATE


def test_two_spellings_of_one_place_are_recognized_at_once() -> None:
    """The second lock is refused because of the first one; it would be waited for in vain."""
    old, _ = backends()
    clock = FakeClock(WHEN)
    with pytest.raises(UsageError, match="are one place, so there is nothing to move"):
        migrate(Place("s3://b/a", old), Place("s3://b/a/", old), clock=clock, owner=OWNER, wait=300.0)
    assert clock.now() == WHEN
    assert held(old) == STATE
    with old.lock(OWNER.holder("free0001", "apply", WHEN)):
        pass


def test_the_lock_of_another_run_at_the_new_place_is_waited_for() -> None:
    old, new = backends()
    clock = FakeClock(WHEN)
    said: list[str] = []
    with new.lock(OWNER.holder("0ther001", "apply", WHEN)), pytest.raises(StateLocked):
        migrate(
            Place("local", old),
            Place(NEW, new),
            clock=clock,
            owner=OWNER,
            wait=20.0,
            waiting=lambda locked: said.append(locked.lock_id),
        )
    assert said == ["0ther001"]
    assert (clock.now() - WHEN).total_seconds() == 20.0


def test_nothing_is_moved_from_an_empty_place() -> None:
    _, new = backends()
    with pytest.raises(NoState):
        move(MemoryBackend(), new)


def test_a_state_that_was_moved_elsewhere_is_refused_with_its_place() -> None:
    old, new = backends()
    move(old, new)
    with pytest.raises(VoicectlError, match=NEW):
        move(old, MemoryBackend(), names=("local", "gs://other/place"))

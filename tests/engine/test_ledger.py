"""Changes are gathered, made durable together, and told of only then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from reconciler.engine.ledger import Ledger
from reconciler.model.events import Event, Kind
from reconciler.model.state import Record, State, Status

WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def record(key: str, status: Status = Status.INTENDED, address: str = "narrator") -> Record:
    return Record(
        external_task_id=key,
        address=address,
        provider="kling",
        account="kling here",
        method="create",
        generation=1,
        status=status,
        created_at=WHEN,
        changed_at=WHEN,
    )


class Diary:
    """Satisfies `Journal`. What was committed and what was told, in their order."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, object]] = []
        self.full = False

    def commit(self, state: State, *, touched: Iterable[str] | None = None) -> None:
        if self.full:
            raise OSError("No space left on device")
        self.lines.append(("committed", sorted(touched or ())))

    def told(self, event: Event) -> None:
        self.lines.append(("told", event.kind))


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def ledger(diary: Diary) -> Ledger:
    return Ledger(State(lineage="0123"), diary, diary.told)


def test_what_was_written_is_committed_before_it_is_told(ledger: Ledger, diary: Diary) -> None:
    ledger.tell(Event(kind=Kind.DONE))
    ledger.write(record("one"))
    ledger.flush()
    assert diary.lines == [("committed", ["one"]), ("told", Kind.DONE)]


def test_many_changes_are_one_commit(ledger: Ledger, diary: Diary) -> None:
    for key in ("one", "two", "three"):
        ledger.write(record(key))
    ledger.flush()
    assert diary.lines == [("committed", ["one", "three", "two"])]


def test_nothing_written_is_nothing_committed(ledger: Ledger, diary: Diary) -> None:
    ledger.tell(Event(kind=Kind.STARTED))
    ledger.flush()
    assert diary.lines == [("told", Kind.STARTED)]


def test_what_could_not_be_committed_is_not_told(ledger: Ledger, diary: Diary) -> None:
    ledger.tell(Event(kind=Kind.DONE))
    ledger.write(record("one"))
    diary.full = True
    with pytest.raises(OSError, match="No space"):
        ledger.flush()
    assert diary.lines == []


def test_the_newest_of_a_record_is_read_before_it_is_flushed(ledger: Ledger) -> None:
    ledger.write(record("one"))
    ledger.flush()
    ledger.write(record("one", Status.READY), current={"narrator": "one"})
    assert ledger.record("one") == ledger.at("narrator") == record("one", Status.READY)


def test_an_intent_that_is_taken_back_leaves_nothing(ledger: Ledger) -> None:
    ledger.write(record("one"), current={"narrator": "one"})
    ledger.write(current={"narrator": None}, without=["one"])
    ledger.flush()
    assert (ledger.state.records, ledger.state.current) == ({}, {})


def test_a_binding_is_committed_with_what_it_meant_before(ledger: Ledger, diary: Diary) -> None:
    ledger.write(record("old"), current={"narrator": "old"})
    ledger.flush()
    ledger.write(record("new"), current={"narrator": "new"})
    ledger.flush()
    assert diary.lines[-1] == ("committed", ["new", "old"])


def test_when_nobody_can_be_told_any_more_it_is_still_committed(diary: Diary) -> None:
    def broken(event: Event) -> None:
        raise BrokenPipeError

    ledger = Ledger(State(lineage="0123"), diary, broken)
    for key in ("one", "two"):
        ledger.tell(Event(kind=Kind.DONE))
        ledger.write(record(key))
        ledger.flush()
    assert diary.lines == [("committed", ["one"]), ("committed", ["two"])]
    assert isinstance(ledger.deaf, BrokenPipeError)

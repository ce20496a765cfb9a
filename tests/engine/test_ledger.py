"""What is written takes effect at once, becomes durable together, and is told of only then."""

from __future__ import annotations

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


@pytest.fixture
def told() -> list[Kind]:
    return []


@pytest.fixture
def ledger(told: list[Kind]) -> Ledger:
    return Ledger(State(lineage="0123"), lambda event: told.append(event.kind))


def test_what_was_written_is_durable_before_it_is_told(ledger: Ledger, told: list[Kind]) -> None:
    ledger.write(record("one"))
    ledger.tell(Event(kind=Kind.DONE))
    ledger.speak()
    assert told == []
    ledger.durable = ledger.take().number
    ledger.speak()
    assert told == [Kind.DONE]


def test_what_an_append_under_way_does_not_hold_waits_for_the_next(ledger: Ledger, told: list[Kind]) -> None:
    ledger.write(record("one"))
    ledger.tell(Event(kind=Kind.ACCEPTED))
    under_way = ledger.take()
    ledger.write(record("two"))
    ledger.tell(Event(kind=Kind.DONE))
    ledger.durable = under_way.number
    ledger.speak()
    assert told == [Kind.ACCEPTED]
    assert ledger.take().touched == {"two"}


def test_many_changes_are_one_batch(ledger: Ledger) -> None:
    for key in ("one", "two", "three"):
        ledger.write(record(key))
    assert ledger.take().touched == {"one", "two", "three"}
    assert ledger.take().touched == frozenset()


def test_nothing_written_is_told_at_once(ledger: Ledger, told: list[Kind]) -> None:
    ledger.tell(Event(kind=Kind.STARTED))
    ledger.speak()
    assert told == [Kind.STARTED]


def test_the_newest_of_a_record_is_read_before_it_is_durable(ledger: Ledger) -> None:
    ledger.write(record("one"))
    ledger.take()
    ledger.write(record("one", Status.READY), current={"narrator": "one"})
    assert ledger.record("one") == ledger.at("narrator") == record("one", Status.READY)


def test_an_intent_that_is_taken_back_leaves_nothing(ledger: Ledger) -> None:
    ledger.write(record("one"), current={"narrator": "one"})
    ledger.write(current={"narrator": None}, without=["one"])
    assert (ledger.state.records, ledger.state.current) == ({}, {})


def test_a_binding_is_written_with_what_it_meant_before(ledger: Ledger) -> None:
    ledger.write(record("old"), current={"narrator": "old"})
    ledger.take()
    ledger.write(record("new"), current={"narrator": "new"})
    assert ledger.take().touched == {"new", "old"}


def test_when_nobody_can_be_told_any_more_the_ledger_goes_on() -> None:
    def broken(event: Event) -> None:
        raise BrokenPipeError

    ledger = Ledger(State(lineage="0123"), broken)
    for _ in range(2):
        ledger.tell(Event(kind=Kind.DONE))
        ledger.speak()
    assert isinstance(ledger.deaf, BrokenPipeError)

"""What is written takes effect at once, becomes durable together, and is told of only then."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.engine.state_writer import StateWriter
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
def state_writer(told: list[Kind]) -> StateWriter:
    return StateWriter(State(lineage="0123"), lambda event: told.append(event.kind))


def test_what_was_written_is_durable_before_it_is_told(state_writer: StateWriter, told: list[Kind]) -> None:
    state_writer.write(record("one"))
    state_writer.emit(Event(kind=Kind.DONE))
    state_writer.emit_durable()
    assert told == []
    state_writer.durable = state_writer.take().number
    state_writer.emit_durable()
    assert told == [Kind.DONE]


def test_what_an_append_under_way_does_not_hold_waits_for_the_next(state_writer: StateWriter, told: list[Kind]) -> None:
    state_writer.write(record("one"))
    state_writer.emit(Event(kind=Kind.ACCEPTED))
    under_way = state_writer.take()
    state_writer.write(record("two"))
    state_writer.emit(Event(kind=Kind.DONE))
    state_writer.durable = under_way.number
    state_writer.emit_durable()
    assert told == [Kind.ACCEPTED]
    assert state_writer.take().touched == {"two"}


def test_many_changes_are_one_batch(state_writer: StateWriter) -> None:
    for key in ("one", "two", "three"):
        state_writer.write(record(key))
    assert state_writer.take().touched == {"one", "two", "three"}
    assert state_writer.take().touched == frozenset()


def test_nothing_written_is_told_at_once(state_writer: StateWriter, told: list[Kind]) -> None:
    state_writer.emit(Event(kind=Kind.STARTED))
    state_writer.emit_durable()
    assert told == [Kind.STARTED]


def test_the_newest_of_a_record_is_read_before_it_is_durable(state_writer: StateWriter) -> None:
    state_writer.write(record("one"))
    state_writer.take()
    state_writer.write(record("one", Status.READY), current={"narrator": "one"})
    assert state_writer.record("one") == state_writer.at("narrator") == record("one", Status.READY)


def test_an_intent_that_is_taken_back_leaves_nothing(state_writer: StateWriter) -> None:
    state_writer.write(record("one"), current={"narrator": "one"})
    state_writer.write(current={"narrator": None}, without=["one"])
    assert (state_writer.state.records, state_writer.state.current) == ({}, {})


def test_a_binding_is_written_with_what_it_meant_before(state_writer: StateWriter) -> None:
    state_writer.write(record("old"), current={"narrator": "old"})
    state_writer.take()
    state_writer.write(record("new"), current={"narrator": "new"})
    assert state_writer.take().touched == {"new", "old"}


def test_the_state_writer_continues_when_the_listener_fails() -> None:
    def broken(event: Event) -> None:
        raise BrokenPipeError

    state_writer = StateWriter(State(lineage="0123"), broken)
    for _ in range(2):
        state_writer.emit(Event(kind=Kind.DONE))
        state_writer.emit_durable()
    assert isinstance(state_writer.listener_error, BrokenPipeError)

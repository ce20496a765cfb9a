"""What is written takes effect at once, becomes durable together, and is told of only then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.engine.run_state import RunState
from reconciler.model.events import Event, Kind
from reconciler.model.state import Record, State, Status
from tests.support.counted import CountedMapping

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
def run_state(told: list[Kind]) -> RunState:
    return RunState(State(lineage="0123"), lambda event: told.append(event.kind))


def test_what_was_written_is_durable_before_it_is_reported(run_state: RunState, told: list[Kind]) -> None:
    run_state.write(record("one"))
    run_state.emit(Event(kind=Kind.DONE))
    run_state.emit_durable()
    assert told == []
    run_state.durable = run_state.take().number
    run_state.emit_durable()
    assert told == [Kind.DONE]


def test_what_an_append_under_way_does_not_hold_waits_for_the_next(run_state: RunState, told: list[Kind]) -> None:
    run_state.write(record("one"))
    run_state.emit(Event(kind=Kind.ACCEPTED))
    under_way = run_state.take()
    run_state.write(record("two"))
    run_state.emit(Event(kind=Kind.DONE))
    run_state.durable = under_way.number
    run_state.emit_durable()
    assert told == [Kind.ACCEPTED]
    assert run_state.take().touched == {"two"}


def test_many_changes_are_one_batch(run_state: RunState) -> None:
    for key in ("one", "two", "three"):
        run_state.write(record(key))
    assert run_state.take().touched == {"one", "two", "three"}
    assert run_state.take().touched == frozenset()


def test_nothing_written_is_reported_at_once(run_state: RunState, told: list[Kind]) -> None:
    run_state.emit(Event(kind=Kind.STARTED))
    run_state.emit_durable()
    assert told == [Kind.STARTED]


def test_the_newest_of_a_record_is_read_before_it_is_durable(run_state: RunState) -> None:
    run_state.write(record("one"))
    run_state.take()
    run_state.write(record("one", Status.READY), current={"narrator": "one"})
    assert run_state.record("one") == run_state.at("narrator") == record("one", Status.READY)


def test_an_intent_that_is_withdrawn_leaves_nothing(run_state: RunState) -> None:
    run_state.write(record("one"), current={"narrator": "one"})
    run_state.write(current={"narrator": None}, without=["one"])
    assert (run_state.state.records, run_state.state.current) == ({}, {})


def test_a_new_binding_is_written_with_the_record_it_replaces(run_state: RunState) -> None:
    run_state.write(record("old"), current={"narrator": "old"})
    run_state.take()
    run_state.write(record("new"), current={"narrator": "new"})
    assert run_state.take().touched == {"new", "old"}


def test_the_state_writer_continues_when_the_listener_fails() -> None:
    def broken(event: Event) -> None:
        raise BrokenPipeError

    run_state = RunState(State(lineage="0123"), broken)
    for _ in range(2):
        run_state.emit(Event(kind=Kind.DONE))
        run_state.emit_durable()
    assert isinstance(run_state.listener_error, BrokenPipeError)


def test_a_batch_keeps_what_it_held_while_the_run_goes_on(run_state: RunState) -> None:
    run_state.write(record("one"), current={"narrator": "one"})
    batch = run_state.take()
    run_state.write(record("one", Status.READY), record("two"), current={"narrator": "two"})
    run_state.take()
    assert (batch.state.records, batch.state.current) == ({"one": record("one")}, {"narrator": "one"})


def test_a_batch_of_one_record_does_not_read_all_others() -> None:
    many = {f"vc-{number}": record(f"vc-{number}", Status.READY, f"voice-{number}") for number in range(1_000)}
    records = CountedMapping(many)
    current = CountedMapping({each.address: key for key, each in many.items()})
    run_state = RunState(State.model_construct(lineage="0123", records=records, current=current), lambda event: None)
    for number in range(100):
        run_state.write(record(f"new-{number}", address=f"new-{number}"), current={f"new-{number}": f"new-{number}"})
        assert run_state.take().touched == {f"new-{number}"}
    assert (records.reads, current.reads) == (0, 0)


def test_the_indexes_of_a_batch_hold_its_writes(run_state: RunState) -> None:
    run_state.write(replace(record("one", Status.READY), voice_id="7"))
    assert run_state.take().state.by_voice_id["kling here", "7"].external_task_id == "one"
    run_state.write(replace(record("one", Status.READY), voice_id="8"))
    batch = run_state.take()
    assert [voice_id for _, voice_id in batch.state.by_voice_id] == ["8"]
    assert [r.external_task_id for r in batch.state.live_at["narrator"]] == ["one"]


def test_the_state_of_a_run_is_written_as_json_like_any_other(run_state: RunState) -> None:
    run_state.write(record("one"), current={"narrator": "one"})
    plain = State(lineage="0123", records={"one": record("one")}, current={"narrator": "one"})
    assert run_state.state == plain
    assert run_state.state.model_dump(mode="json") == plain.model_dump(mode="json")

"""Intents are durable before their calls, results before they are told, and neither costs an append each."""

from __future__ import annotations

import pytest

from reconciler.engine.append_queue import AppendJob
from reconciler.engine.jobs import Job, JobResult
from reconciler.model.accounts import KlingAccount
from reconciler.model.events import Event, Kind
from reconciler.model.manifest import Lifecycle
from reconciler.model.state import Status
from reconciler.protocols import MethodCapabilities, Unknowable
from tests.engine.paper_cloud import PaperCloud
from tests.engine.rehearsal import Rehearsal, voice
from tests.support.virtual import InlinePool


def voices(number: int) -> Rehearsal:
    rehearsal = Rehearsal(task_seconds=2)
    rehearsal.declare(*(voice(f"v{i}") for i in range(number)))
    return rehearsal


def test_an_intent_is_durable_before_its_call() -> None:
    rehearsal = voices(1)
    rehearsal.apply()
    assert rehearsal.order("write", "append", "create")[:2] == ["write", "create"]


def test_an_intent_is_durable_when_its_call_starts_though_no_pace_holds_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rehearsal = Rehearsal(latency=0.2, task_seconds=2)
    rehearsal.declare(voice("narrator"))
    rehearsal.apply()
    rehearsal.declare(voice("narrator", sample="take-2", lifecycle=Lifecycle(create_before_destroy=False)))
    open_at_starts: list[list[str]] = []
    start = InlinePool.start

    def look(workers: InlinePool[JobResult], job: Job) -> None:
        if not isinstance(job, AppendJob):
            open_at_starts.append(rehearsal.at_status(Status.INTENDED))
        start(workers, job)

    monkeypatch.setattr(InlinePool, "start", look)
    rehearsal.apply()
    assert open_at_starts[:2] == [[], ["narrator"]]  # the deletion, and at its answer the creation


def test_never_more_than_a_second_s_intents_wait_for_their_calls() -> None:
    rehearsal = voices(60)
    open_intents: list[int] = []
    rehearsal.hook = lambda moment, what: open_intents.append(
        len(rehearsal.at_status(Status.INTENDED)) if what == "create" else 0
    )
    rehearsal.apply()
    assert max(open_intents) == 19 + 1  # at 20 calls a second, of which a little is left unused; and the call under way


def test_a_batch_of_intents_costs_one_append() -> None:
    rehearsal = voices(60)
    before_the_first_call: list[str] = []
    rehearsal.hook = lambda moment, what: before_the_first_call.append(what) if not rehearsal.count("create") else None
    rehearsal.apply()
    assert before_the_first_call.count("write") == 2  # before and after the one write


def test_answers_that_come_together_cost_one_append() -> None:
    rehearsal = voices(200)
    rehearsal.apply()
    together = rehearsal.count("append") - 200  # each acceptance comes alone
    assert together <= 23 + 5  # half a second's intents each, and what the polls saw


def test_nothing_is_told_before_it_is_durable() -> None:
    rehearsal = voices(3)
    durable = {Kind.ACCEPTED: Status.RUNNING, Kind.DONE: Status.READY}
    early: list[Event] = []

    def hear(event: Event) -> None:
        if event.kind in durable and rehearsal.record(event.address).status is not durable[event.kind]:
            early.append(event)

    rehearsal.listener = hear
    rehearsal.apply()
    assert not early
    assert len(rehearsal.told(Kind.DONE)) == 3


def test_a_started_call_is_told_before_its_answer_comes() -> None:
    rehearsal = voices(1)
    told: list[int] = []
    rehearsal.hook = lambda moment, what: told.append(len(rehearsal.told(Kind.STARTED))) if what == "create" else None
    rehearsal.apply()
    assert told == [1, 1]


def test_a_cloud_that_can_not_be_asked_has_one_intent_open_at_a_time() -> None:
    rehearsal = voices(4)
    cloud = PaperCloud(rehearsal.clock, MethodCapabilities(found=Unknowable(), batch=1))
    rehearsal.provide = lambda account: cloud
    open_intents: list[int] = []
    rehearsal.hook = lambda moment, what: open_intents.append(len(rehearsal.at_status(Status.INTENDED)))
    rehearsal.apply()
    assert max(open_intents) == 1
    assert rehearsal.at_status(Status.READY) == ["v0", "v1", "v2", "v3"]


def test_a_stop_takes_back_the_intents_that_no_call_followed() -> None:
    rehearsal = voices(40)
    rehearsal.apply(stop=lambda: "interrupted" if rehearsal.count("create") >= 10 else None)
    assert len(rehearsal.made) == 10
    assert len(rehearsal.at_status(Status.RUNNING)) == 10
    assert rehearsal.at_status(Status.INTENDED) == []
    assert len(rehearsal.state.current) == 10


def test_after_a_stop_the_next_run_finishes_the_job() -> None:
    rehearsal = voices(40)
    stopped = rehearsal.apply(stop=lambda: "interrupted" if rehearsal.count("create") >= 10 else None)
    assert (stopped.halted, stopped.tally.running, stopped.tally.left) == ("interrupted", 10, 30)
    rehearsal.apply()
    assert (len(rehearsal.made), len(rehearsal.living)) == (40, 40)
    assert rehearsal.plan().empty


def test_a_stop_waits_for_the_answers_of_the_calls_that_are_out() -> None:
    rehearsal = Rehearsal(latency=1.0, task_seconds=2)
    rehearsal.declare(*(voice(f"v{i}") for i in range(10)))
    rehearsal.apply(stop=lambda: "interrupted" if rehearsal.clock.monotonic() > 0.3 else None)
    assert len(rehearsal.made) == len(rehearsal.at_status(Status.RUNNING)) > 3


def test_a_run_that_nobody_listens_to_any_more_stops_and_writes_down_what_is_out() -> None:
    rehearsal = voices(40)

    def hang_up(event: Event) -> None:
        if len(rehearsal.told(Kind.ACCEPTED)) == 5:
            raise BrokenPipeError

    rehearsal.listener = hang_up
    with pytest.raises(BrokenPipeError):
        rehearsal.apply()
    assert len(rehearsal.made) == len(rehearsal.at_status(Status.RUNNING)) < 10
    assert rehearsal.at_status(Status.INTENDED) == []


def test_a_cap_of_the_manifest_bounds_the_intents_too() -> None:
    rehearsal = voices(10)
    rehearsal.accounts["kling"] = KlingAccount(type="kling", max_in_flight=3)
    open_intents: list[int] = []
    rehearsal.hook = lambda moment, what: open_intents.append(
        len(rehearsal.at_status(Status.INTENDED)) + len(rehearsal.at_status(Status.RUNNING))
    )
    rehearsal.apply()
    assert max(open_intents) == 3

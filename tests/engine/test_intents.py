"""Intents are durable before their calls, results before they are told, and neither costs an append each."""

from __future__ import annotations

import pytest

from reconciler.engine.jobs import Job, JobResult
from reconciler.engine.state_writer import AppendJob
from reconciler.model.events import Event, Kind
from reconciler.model.manifest import Lifecycle
from reconciler.model.state import Status
from reconciler.protocols.provider import MethodCapabilities, Unknowable
from reconciler.providers.kling.account import KlingAccount
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.simulated_run import SimulatedRun, voice
from tests.support.virtual import InlinePool


def voices(number: int) -> SimulatedRun:
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(*(voice(f"v{i}") for i in range(number)))
    return simulated


def test_an_intent_is_durable_before_its_call() -> None:
    simulated = voices(1)
    simulated.apply()
    assert simulated.order("write", "append", "create")[:2] == ["write", "create"]


def test_an_intent_is_durable_when_its_call_starts_though_no_pace_holds_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    simulated = SimulatedRun(latency=0.2, task_seconds=2)
    simulated.declare(voice("narrator"))
    simulated.apply()
    simulated.declare(voice("narrator", sample="take-2", lifecycle=Lifecycle(create_before_destroy=False)))
    open_at_starts: list[list[str]] = []
    start = InlinePool.start

    def look(workers: InlinePool[JobResult], job: Job) -> None:
        if not isinstance(job, AppendJob):
            open_at_starts.append(simulated.at_status(Status.INTENDED))
        start(workers, job)

    monkeypatch.setattr(InlinePool, "start", look)
    simulated.apply()
    assert open_at_starts[:2] == [[], ["narrator"]]  # the deletion, and at its answer the creation


def test_never_more_than_a_second_s_intents_wait_for_their_calls() -> None:
    simulated = voices(60)
    open_intents: list[int] = []
    simulated.hook = lambda moment, what: open_intents.append(
        len(simulated.at_status(Status.INTENDED)) if what == "create" else 0
    )
    simulated.apply()
    assert max(open_intents) == 19 + 1  # at 20 calls a second, of which a little is left unused; and the call under way


def test_a_batch_of_intents_costs_one_append() -> None:
    simulated = voices(60)
    before_the_first_call: list[str] = []
    simulated.hook = lambda moment, what: before_the_first_call.append(what) if not simulated.count("create") else None
    simulated.apply()
    assert before_the_first_call.count("write") == 2  # before and after the one write


def test_answers_that_come_together_cost_one_append() -> None:
    simulated = voices(200)
    simulated.apply()
    together = simulated.count("append") - 200  # each acceptance comes alone
    assert together <= 23 + 5  # half a second's intents each, and what the polls saw


def test_nothing_is_reported_before_it_is_durable() -> None:
    simulated = voices(3)
    durable = {Kind.ACCEPTED: Status.RUNNING, Kind.DONE: Status.READY}
    early: list[Event] = []

    def hear(event: Event) -> None:
        if event.kind in durable and simulated.record(event.address).status is not durable[event.kind]:
            early.append(event)

    simulated.listener = hear
    simulated.apply()
    assert not early
    assert len(simulated.told(Kind.DONE)) == 3


def test_a_started_call_is_reported_before_its_answer_comes() -> None:
    simulated = voices(1)
    told: list[int] = []
    simulated.hook = lambda moment, what: told.append(len(simulated.told(Kind.STARTED))) if what == "create" else None
    simulated.apply()
    assert told == [1, 1]


def test_a_cloud_that_can_not_be_queried_has_one_intent_open_at_a_time() -> None:
    simulated = voices(4)
    cloud = ScriptedProvider(simulated.clock, MethodCapabilities(found=Unknowable(), batch=1))
    simulated.provide = lambda account: cloud
    open_intents: list[int] = []
    simulated.hook = lambda moment, what: open_intents.append(len(simulated.at_status(Status.INTENDED)))
    simulated.apply()
    assert max(open_intents) == 1
    assert simulated.at_status(Status.READY) == ["v0", "v1", "v2", "v3"]


def test_a_stop_withdraws_the_intents_without_a_call() -> None:
    simulated = voices(40)
    simulated.apply(stop=lambda: "interrupted" if simulated.count("create") >= 10 else None)
    assert len(simulated.made) == 10
    assert len(simulated.at_status(Status.RUNNING)) == 10
    assert simulated.at_status(Status.INTENDED) == []
    assert len(simulated.state.current) == 10


def test_after_a_stop_the_next_run_finishes_the_job() -> None:
    simulated = voices(40)
    stopped = simulated.apply(stop=lambda: "interrupted" if simulated.count("create") >= 10 else None)
    assert (stopped.halted, stopped.tally.running, stopped.tally.left) == ("interrupted", 10, 30)
    simulated.apply()
    assert (len(simulated.made), len(simulated.living)) == (40, 40)
    assert simulated.plan().empty


def test_a_stop_waits_for_the_answers_of_the_calls_that_are_out() -> None:
    simulated = SimulatedRun(latency=1.0, task_seconds=2)
    simulated.declare(*(voice(f"v{i}") for i in range(10)))
    simulated.apply(stop=lambda: "interrupted" if simulated.clock.monotonic() > 0.3 else None)
    assert len(simulated.made) == len(simulated.at_status(Status.RUNNING)) > 3


def test_a_run_whose_output_is_closed_stops_and_saves_its_open_calls() -> None:
    simulated = voices(40)

    def hang_up(event: Event) -> None:
        if len(simulated.told(Kind.ACCEPTED)) == 5:
            raise BrokenPipeError

    simulated.listener = hang_up
    with pytest.raises(BrokenPipeError):
        simulated.apply()
    assert len(simulated.made) == len(simulated.at_status(Status.RUNNING)) < 10
    assert simulated.at_status(Status.INTENDED) == []


def test_a_cap_of_the_manifest_bounds_the_intents_too() -> None:
    simulated = voices(10)
    simulated.accounts["kling"] = KlingAccount(type="kling", max_in_flight=3)
    open_intents: list[int] = []
    simulated.hook = lambda moment, what: open_intents.append(
        len(simulated.at_status(Status.INTENDED)) + len(simulated.at_status(Status.RUNNING))
    )
    simulated.apply()
    assert max(open_intents) == 3

"""Nobody waits for the disk but who must: calls for their intents, words for what they say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import count, pairwise

import pytest

from reconciler.engine.jobs import CallJob, Job, JobResult
from reconciler.engine.run_state import RunState
from reconciler.engine.state_writer import AppendJob, AppendResult, StateWriter
from reconciler.model import transitions
from reconciler.model.events import Event, Kind
from reconciler.model.observed import RemoteVoice
from reconciler.model.state import Record, State, Status
from reconciler.protocols.backend import Traits
from reconciler.protocols.provider import MethodCapabilities, Unknowable
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.simulated_run import SimulatedRun, voice
from tests.engine.test_run_state import record
from tests.support.clock import FakeClock
from tests.support.virtual import InlinePool


def with_a_slow_disk(seconds: float, voices: int = 200, *, latency: float = 0.05) -> SimulatedRun:
    """Each write takes so long, before it is done."""
    simulated = SimulatedRun(latency=latency, task_seconds=2)
    simulated.declare(*(voice(f"v{number}") for number in range(voices)))
    writing = ("before", "append"), ("before", "write")
    simulated.hook = lambda moment, what: simulated.clock.sleep(seconds) if (moment, what) in writing else None
    return simulated


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.1, 0.2, 0.5])
def test_creations_keep_their_pace_whatever_a_write_takes(seconds: float) -> None:
    simulated = with_a_slow_disk(seconds)
    simulated.apply()
    times = simulated.times("create")
    assert len(times) == 200
    assert 199 / (times[-1] - times[0]) >= 18
    if seconds >= 0.1:
        assert simulated.count("append") + simulated.count("write") <= 60


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3])
def test_whole_states_a_second_apart_keep_the_pace_of_creations(seconds: float) -> None:
    """A server that takes whole states only, at most one a second."""
    simulated = with_a_slow_disk(seconds)
    simulated.backend.traits = Traits(journals=False, least_gap=1.0)
    simulated.apply()
    times, writes = simulated.times("create"), simulated.times("write")
    assert len(times) == 200
    assert 199 / (times[-1] - times[0]) >= 18
    assert simulated.count("append") == 0
    assert len(writes) <= 20
    assert min(later - sooner for sooner, later in pairwise(writes[:-1])) >= 0.95


def test_on_a_quick_disk_a_result_is_written_as_it_comes() -> None:
    simulated = with_a_slow_disk(0.0, voices=5)
    simulated.apply()
    waits = [min(at - sent for at in simulated.times("append") if at > sent) for sent in simulated.times("create")]
    assert max(waits) < 0.1


@pytest.mark.parametrize("seconds", [0.1, 0.5])
def test_no_result_waits_for_more_than_a_second_before_it_is_written(seconds: float) -> None:
    simulated = with_a_slow_disk(seconds, voices=60)
    simulated.apply()
    last = simulated.times("create")[-1]
    gaps = [later - sooner for sooner, later in pairwise(sorted(simulated.times("append"))) if later < last]
    assert max(gaps) <= 1.0 + seconds


@pytest.mark.parametrize("latency", [0.0, 0.05])
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.5])
def test_at_every_call_its_intent_is_durable(seconds: float, latency: float) -> None:
    simulated = with_a_slow_disk(seconds, voices=60, latency=latency)
    slow, known = simulated.hook, []

    def look(moment: str, what: str) -> None:
        slow(moment, what)
        if (moment, what) == ("before", "create"):
            intended = sum(r.attempts > 0 for r in simulated.state.records.values())
            known.append(intended > simulated.count("create"))

    simulated.hook = look
    simulated.apply()
    assert known == [True] * 60


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.5])
def test_what_happened_is_reported_once_it_is_durable(seconds: float) -> None:
    simulated = with_a_slow_disk(seconds, voices=30)
    durable = {Kind.ACCEPTED: {Status.RUNNING, Status.READY}, Kind.DONE: {Status.READY}}
    early: list[Event] = []

    def hear(event: Event) -> None:
        if event.kind in durable and simulated.record(event.address).status not in durable[event.kind]:
            early.append(event)

    simulated.listener = hear
    simulated.apply()
    assert early == []
    assert len(simulated.told(Kind.DONE)) == 30


@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.7])
def test_a_call_starts_only_when_the_append_of_its_intent_has_answered(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    simulated = with_a_slow_disk(seconds, voices=60)
    start, wait = InlinePool.start, InlinePool.wait
    durable = 0
    started: list[bool] = []

    def starting(workers: InlinePool[JobResult], job: Job) -> None:
        if isinstance(job, CallJob):
            started.append(job.run.barrier <= durable)
        start(workers, job)

    def waiting(workers: InlinePool[JobResult], seconds: float) -> list[JobResult]:
        nonlocal durable
        heard = wait(workers, seconds)
        durable = max([durable, *(answer.number for answer in heard if isinstance(answer, AppendResult))])
        return heard

    monkeypatch.setattr(InlinePool, "start", starting)
    monkeypatch.setattr(InlinePool, "wait", waiting)
    simulated.apply()
    assert started == [True] * 60


class NoDisk:
    """Satisfies `Journal`."""

    least_gap = 0.0

    def commit(self, state: State, *, touched: Iterable[str] | None = None) -> None:
        pass


def test_appends_come_one_after_the_other_and_each_takes_all_there_is() -> None:
    run_state, started = RunState(State(lineage="0123"), lambda event: None), list[AppendJob]()
    writer = StateWriter(run_state, NoDisk(), FakeClock(), started.append)
    for key in ("one", "two", "three"):
        run_state.write(record(key))
        writer.note_write(urgent=True)
        writer.start_due()
    assert [append.batch.touched for append in started] == [{"one"}]
    writer.append_ended(started[0]())
    assert (run_state.durable, writer.busy) == (1, True)
    writer.start_due()
    assert [append.batch.touched for append in started] == [{"one"}, {"two", "three"}]
    writer.append_ended(started[1]())
    assert (run_state.durable, writer.busy) == (3, False)


def test_a_run_that_ends_holds_no_result_back() -> None:
    run_state, started, clock = (
        RunState(State(lineage="0123"), lambda event: None),
        list[AppendJob](),
        FakeClock(),
    )
    writer = StateWriter(run_state, NoDisk(), clock, started.append)
    writer.append_ended(AppendResult(number=0, seconds=1.0))  # a slow disk
    run_state.write(record("one"))
    writer.note_write(urgent=False)
    writer.start_due()
    assert started == []
    writer.stop_delaying()
    writer.start_due()
    assert len(started) == 1


def test_a_bug_in_one_procedure_loses_no_answer_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    simulated = with_a_slow_disk(0.4, voices=10)
    cloud = ScriptedProvider(simulated.clock, MethodCapabilities(found=Unknowable()))
    simulated.provide = lambda account: cloud
    seen, times = transitions.seen, count(1)

    def breaking(known: Record, remote: RemoteVoice, *, now: datetime) -> Record:
        if next(times) == 10:
            raise ZeroDivisionError
        return seen(known, remote, now=now)

    monkeypatch.setattr(transitions, "seen", breaking)
    with pytest.raises(ZeroDivisionError):
        simulated.apply()
    assert len(simulated.at_status(Status.READY)) == 9


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.5])
def test_where_no_look_up_exists_one_intent_is_open_at_a_time(seconds: float) -> None:
    simulated = with_a_slow_disk(seconds, voices=4)
    cloud = ScriptedProvider(simulated.clock, MethodCapabilities(found=Unknowable(), batch=1))
    simulated.provide = lambda account: cloud
    slow = simulated.hook
    open_intents: list[int] = []

    def look(moment: str, what: str) -> None:
        slow(moment, what)
        open_intents.append(len(simulated.at_status(Status.INTENDED)))

    simulated.hook = look
    simulated.apply()
    assert max(open_intents) == 1
    assert simulated.at_status(Status.READY) == ["v0", "v1", "v2", "v3"]

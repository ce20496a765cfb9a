"""What would meet every call the same way stops the run at once, with one message and nothing left open."""

from __future__ import annotations

import pytest

from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.model.events import Kind
from reconciler.model.state import Status
from reconciler.providers.kling.account import KlingAccount
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.simulated_run import SimulatedRun, voice
from tests.support.hints import in_words

NOT_CONNECTED = Rejected("no connection: connection refused", unsent=True)


def on_paper(number: int, *, latency: float = 0.5) -> tuple[SimulatedRun, ScriptedProvider]:
    simulated = SimulatedRun(latency=latency)
    simulated.declare(*(voice(f"v{i}") for i in range(number)))
    cloud = ScriptedProvider(simulated.clock)
    simulated.provide = lambda account: cloud
    return simulated, cloud


def systemic(code: int) -> Rejected:
    return Rejected(f"POST: HTTP 429, code {code}: no more", "Buy another.", code=str(code), systemic=True)


@pytest.mark.parametrize("code", [1002, 1101, 1102, 1304])
def test_a_systemic_failure_is_reported_once(code: int) -> None:
    simulated, cloud = on_paper(60)
    cloud.say("submit", *[systemic(code)] * 60)
    simulated.apply()
    told = [e for e in simulated.events if str(code) in e.detail]
    assert [(e.kind, in_words(e.hint)) for e in told] == [(Kind.STOPPED, "Buy another.")]


@pytest.mark.parametrize("code", [1002, 1101, 1102, 1304])
def test_a_systemic_failure_leaves_no_intent(code: int) -> None:
    simulated, cloud = on_paper(60)
    cloud.say("submit", *[systemic(code)] * 60)
    applied = simulated.apply()
    assert simulated.state.records == {}
    assert simulated.state.current == {}
    assert (applied.tally.left, applied.tally.failed) == (60, 0)


def test_a_systemic_failure_stops_at_the_calls_that_are_out() -> None:
    simulated, cloud = on_paper(60)
    cloud.say("submit", *[systemic(1102)] * 60)
    simulated.apply()
    assert cloud.count("submit") <= 11  # half a second's


def test_what_was_accepted_before_a_systemic_failure_is_kept() -> None:
    simulated, cloud = on_paper(10, latency=0.01)
    cloud.say("submit", None, None, None, systemic(1102))
    simulated.apply()
    assert len(simulated.at_status(Status.RUNNING)) == 3
    assert simulated.at_status(Status.INTENDED) == []


def test_after_a_systemic_failure_the_next_run_buys_the_rest() -> None:
    simulated, cloud = on_paper(10, latency=0.01)
    cloud.say("submit", None, None, None, systemic(1102))
    simulated.apply()
    simulated.apply()
    assert (cloud.count("submit"), len(cloud.voices())) == (11, 10)
    assert simulated.plan().empty


def test_an_exhausted_pack_buys_nothing_and_leaves_nothing() -> None:
    simulated = SimulatedRun(pack_exhausted=True)
    simulated.declare(*(voice(f"v{i}") for i in range(30)))
    applied = simulated.apply()
    assert "1102" in (applied.halted or "")
    assert (simulated.made, simulated.state.records) == ([], {})


def test_an_intent_that_may_have_arrived_is_not_withdrawn() -> None:
    simulated, cloud = on_paper(2, latency=0.01)
    cloud.say("submit", OutcomeUnknown("the connection broke"), systemic(1102))
    simulated.apply()
    assert simulated.at_status(Status.INTENDED) == ["v0"]
    assert [e.address for e in simulated.told(Kind.FAILED)] == ["v0"]


def test_one_connection_that_does_not_open_is_tried_again() -> None:
    simulated, cloud = on_paper(5)
    cloud.say("submit", NOT_CONNECTED)
    applied = simulated.apply()
    assert (applied.tally.done, len(cloud.voices())) == (5, 5)


def test_a_network_that_is_gone_for_two_seconds_stops_nothing() -> None:
    simulated, cloud = on_paper(60, latency=0.001)
    cloud.say("submit", *[NOT_CONNECTED] * 2)
    applied = simulated.apply()
    assert (applied.halted, applied.tally.done) == (None, 60)


def test_connections_that_never_open_stop_the_run_and_leave_nothing() -> None:
    simulated, cloud = on_paper(60, latency=0.001)
    cloud.say("submit", *[NOT_CONNECTED] * 60)
    applied = simulated.apply()
    assert "connection refused" in (applied.halted or "")
    assert simulated.state.records == {}
    assert cloud.count("submit") == 3


def test_connections_that_never_open_are_tried_over_some_seconds() -> None:
    simulated, cloud = on_paper(60)
    cloud.say("submit", *[NOT_CONNECTED] * 60)
    simulated.apply()
    times = [at for at, call, _ in cloud.heard if call == "submit"]
    assert times[-1] - times[0] >= 3


def test_a_systemic_failure_of_a_deletion_leaves_the_rest_for_the_next_run() -> None:
    simulated, cloud = on_paper(5, latency=0.01)
    simulated.apply()
    simulated.declare(voice("v0"))
    cloud.say("delete", None, systemic(1002))
    applied = simulated.apply()
    assert (len(cloud.voices()), applied.tally.left) == (4, 3)
    assert len([e for e in simulated.events if "1002" in e.detail]) == 1
    simulated.apply()
    assert len(cloud.voices()) == 1


def test_a_systemic_failure_of_a_poll_keeps_what_runs() -> None:
    simulated, cloud = on_paper(3)
    cloud.say("poll", systemic(1002))
    applied = simulated.apply()
    assert (applied.tally.running, len(simulated.at_status(Status.RUNNING))) == (3, 3)
    simulated.apply()
    assert (cloud.count("submit"), simulated.plan().empty) == (3, True)


def test_one_provider_of_two_that_is_out_of_units_stops_both() -> None:
    simulated = SimulatedRun()
    good, broke = ScriptedProvider(simulated.clock), ScriptedProvider(simulated.clock, account="kling elsewhere")
    simulated.accounts = {"good": KlingAccount(type="kling"), "broke": KlingAccount(type="kling", region="beijing")}
    simulated.provide = lambda account: broke if account.region == "beijing" else good
    broke.say("submit", *[systemic(1102)] * 50)
    simulated.declare(*(voice(f"v{i}", provider=("good", "broke")[i % 2]) for i in range(50)))
    applied = simulated.apply()
    assert "1102" in (applied.halted or "")
    assert len(good.voices()) < 5

"""What would meet every call the same way stops the run at once, with one message and nothing left open."""

from __future__ import annotations

import pytest

from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.model.accounts import KlingAccount
from reconciler.model.events import Kind
from reconciler.model.state import Status
from tests.engine.paper_cloud import PaperCloud
from tests.engine.rehearsal import Rehearsal, voice
from tests.support.hints import in_words

NOT_CONNECTED = Rejected("no connection: connection refused", unsent=True)


def on_paper(number: int, *, latency: float = 0.5) -> tuple[Rehearsal, PaperCloud]:
    rehearsal = Rehearsal(latency=latency)
    rehearsal.declare(*(voice(f"v{i}") for i in range(number)))
    cloud = PaperCloud(rehearsal.clock)
    rehearsal.provide = lambda account: cloud
    return rehearsal, cloud


def systemic(code: int) -> Rejected:
    return Rejected(f"POST: HTTP 429, code {code}: no more", "Buy another.", code=str(code), systemic=True)


@pytest.mark.parametrize("code", [1002, 1101, 1102, 1304])
def test_a_systemic_failure_is_told_once(code: int) -> None:
    rehearsal, cloud = on_paper(60)
    cloud.say("submit", *[systemic(code)] * 60)
    rehearsal.apply()
    told = [e for e in rehearsal.events if str(code) in e.detail]
    assert [(e.kind, in_words(e.hint)) for e in told] == [(Kind.STOPPED, "Buy another.")]


@pytest.mark.parametrize("code", [1002, 1101, 1102, 1304])
def test_a_systemic_failure_leaves_no_intent(code: int) -> None:
    rehearsal, cloud = on_paper(60)
    cloud.say("submit", *[systemic(code)] * 60)
    applied = rehearsal.apply()
    assert rehearsal.state.records == {}
    assert rehearsal.state.current == {}
    assert (applied.tally.left, applied.tally.failed) == (60, 0)


def test_a_systemic_failure_stops_at_the_calls_that_are_out() -> None:
    rehearsal, cloud = on_paper(60)
    cloud.say("submit", *[systemic(1102)] * 60)
    rehearsal.apply()
    assert cloud.count("submit") <= 11  # half a second's


def test_what_was_accepted_before_a_systemic_failure_is_kept() -> None:
    rehearsal, cloud = on_paper(10, latency=0.01)
    cloud.say("submit", None, None, None, systemic(1102))
    rehearsal.apply()
    assert len(rehearsal.at_status(Status.RUNNING)) == 3
    assert rehearsal.at_status(Status.INTENDED) == []


def test_after_a_systemic_failure_the_next_run_buys_the_rest() -> None:
    rehearsal, cloud = on_paper(10, latency=0.01)
    cloud.say("submit", None, None, None, systemic(1102))
    rehearsal.apply()
    rehearsal.apply()
    assert (cloud.count("submit"), len(cloud.voices())) == (11, 10)
    assert rehearsal.plan().empty


def test_an_empty_pack_on_the_wire_buys_nothing_and_leaves_nothing() -> None:
    rehearsal = Rehearsal(pack_exhausted=True)
    rehearsal.declare(*(voice(f"v{i}") for i in range(30)))
    applied = rehearsal.apply()
    assert "1102" in (applied.halted or "")
    assert (rehearsal.made, rehearsal.state.records) == ([], {})


def test_an_intent_that_may_have_arrived_is_not_taken_back() -> None:
    rehearsal, cloud = on_paper(2, latency=0.01)
    cloud.say("submit", OutcomeUnknown("the connection broke"), systemic(1102))
    rehearsal.apply()
    assert rehearsal.at_status(Status.INTENDED) == ["v0"]
    assert [e.address for e in rehearsal.told(Kind.FAILED)] == ["v0"]


def test_one_connection_that_does_not_open_is_tried_again() -> None:
    rehearsal, cloud = on_paper(5)
    cloud.say("submit", NOT_CONNECTED)
    applied = rehearsal.apply()
    assert (applied.tally.done, len(cloud.voices())) == (5, 5)


def test_a_network_that_is_gone_for_two_seconds_stops_nothing() -> None:
    rehearsal, cloud = on_paper(60, latency=0.001)
    cloud.say("submit", *[NOT_CONNECTED] * 2)
    applied = rehearsal.apply()
    assert (applied.halted, applied.tally.done) == (None, 60)


def test_connections_that_never_open_stop_the_run_and_leave_nothing() -> None:
    rehearsal, cloud = on_paper(60, latency=0.001)
    cloud.say("submit", *[NOT_CONNECTED] * 60)
    applied = rehearsal.apply()
    assert "connection refused" in (applied.halted or "")
    assert rehearsal.state.records == {}
    assert cloud.count("submit") == 3


def test_connections_that_never_open_are_tried_over_some_seconds() -> None:
    rehearsal, cloud = on_paper(60)
    cloud.say("submit", *[NOT_CONNECTED] * 60)
    rehearsal.apply()
    times = [at for at, call, _ in cloud.heard if call == "submit"]
    assert times[-1] - times[0] >= 3


def test_a_systemic_failure_of_a_deletion_leaves_the_rest_for_the_next_run() -> None:
    rehearsal, cloud = on_paper(5, latency=0.01)
    rehearsal.apply()
    rehearsal.declare(voice("v0"))
    cloud.say("delete", None, systemic(1002))
    applied = rehearsal.apply()
    assert (len(cloud.voices()), applied.tally.left) == (4, 3)
    assert len([e for e in rehearsal.events if "1002" in e.detail]) == 1
    rehearsal.apply()
    assert len(cloud.voices()) == 1


def test_a_systemic_failure_of_a_poll_keeps_what_runs() -> None:
    rehearsal, cloud = on_paper(3)
    cloud.say("poll", systemic(1002))
    applied = rehearsal.apply()
    assert (applied.tally.running, len(rehearsal.at_status(Status.RUNNING))) == (3, 3)
    rehearsal.apply()
    assert (cloud.count("submit"), rehearsal.plan().empty) == (3, True)


def test_one_provider_of_two_that_is_out_of_units_stops_both() -> None:
    rehearsal = Rehearsal()
    good, broke = PaperCloud(rehearsal.clock), PaperCloud(rehearsal.clock, account="kling elsewhere")
    rehearsal.accounts = {"good": KlingAccount(type="kling"), "broke": KlingAccount(type="kling", region="beijing")}
    rehearsal.provide = lambda account: broke if account.region == "beijing" else good
    broke.say("submit", *[systemic(1102)] * 50)
    rehearsal.declare(*(voice(f"v{i}", provider=("good", "broke")[i % 2]) for i in range(50)))
    applied = rehearsal.apply()
    assert "1102" in (applied.halted or "")
    assert len(good.voices()) < 5

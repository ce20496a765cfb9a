"""A paid call whose end is not known is looked up by its key, and never blindly made again."""

from __future__ import annotations

import pytest

from reconciler.engine import import_resolve
from reconciler.engine.session import Request
from reconciler.errors import OutcomeUnknown, Rejected, Throttled
from reconciler.model.events import Kind
from reconciler.model.observed import Absent, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Action
from reconciler.model.state import Status
from reconciler.protocols.provider import Done, MethodCapabilities, Unknowable
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.simulated_run import SimulatedRun, voice
from tests.support.hints import in_words

LOST = OutcomeUnknown("the connection broke")
DUPLICATE = Rejected("External_task_id already exists", code="1201", duplicate=True)
TRTC = MethodCapabilities(found=Unknowable(), deletes=False, batch=1)


def on_paper(can: MethodCapabilities | None = None) -> tuple[SimulatedRun, ScriptedProvider]:
    simulated = SimulatedRun()
    simulated.declare(voice("narrator"))
    cloud = ScriptedProvider(simulated.clock, can)
    simulated.provide = lambda account: cloud
    return simulated, cloud


@pytest.mark.parametrize("fault", ["reply_lost", "error_after_work", "garbage"])
def test_a_creation_whose_reply_is_lost_is_looked_up_and_adopted(fault: str) -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.turn(**{fault: 1.0})
    simulated.declare(*(voice(f"v{i}") for i in range(20)))
    applied = simulated.apply()
    assert (applied.tally.done, applied.tally.failed) == (20, 0)
    assert (simulated.count("create"), len(simulated.made), len(simulated.living)) == (20, 20, 20)


def test_a_mix_of_faults_buys_each_voice_once() -> None:
    simulated = SimulatedRun(task_seconds=2, reply_lost=0.3, error_after_work=0.2, garbage=0.2, throttle=0.1)
    simulated.declare(*(voice(f"v{i}") for i in range(50)))
    simulated.apply()
    simulated.apply()
    assert (len(simulated.made), len(simulated.living)) == (50, 50)
    assert simulated.plan().empty


def test_a_call_that_never_arrived_is_sent_again_under_its_key() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST)
    simulated.apply()
    assert cloud.count("submit") == 2
    assert len({key for _, call, key in cloud.heard if call == "submit"}) == 1
    assert (simulated.record("narrator").status, simulated.record("narrator").attempts) == (Status.READY, 2)


def test_it_is_looked_up_twice_before_it_is_sent_again() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST)
    simulated.apply()
    assert [call for _, call, _ in cloud.heard if call != "poll"] == ["observe", "submit", "find", "find", "submit"]


def test_a_stop_before_the_second_sending_keeps_the_first_on_record() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST)
    simulated.apply(stop=lambda: "interrupted" if cloud.count("find") == 2 else None)
    assert cloud.count("submit") == 1
    assert (simulated.record("narrator").status, simulated.record("narrator").attempts) == (Status.INTENDED, 1)


def test_an_exhausted_pack_at_the_second_sending_keeps_the_first_on_record() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST, Rejected("Account balance not enough", code="1102", systemic=True))
    simulated.apply()
    assert (simulated.record("narrator").status, simulated.record("narrator").attempts) == (Status.INTENDED, 1)


def test_a_key_that_the_cloud_knows_at_its_second_sending_is_adopted() -> None:
    simulated, cloud = on_paper()
    cloud.arrive(str(simulated.plan().changes[0].key))
    cloud.say("find", Absent(), Absent())
    cloud.say("submit", LOST, DUPLICATE)
    applied = simulated.apply()
    assert (applied.tally.done, cloud.count("submit")) == (1, 2)
    assert simulated.record("narrator").status is Status.READY


def test_a_second_sending_that_is_refused_is_uncertain() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST, Rejected("The content is not allowed", code="1301"))
    applied = simulated.apply()
    assert (applied.tally.uncertain, cloud.count("submit")) == (1, 2)
    assert simulated.record("narrator").status is Status.UNCERTAIN
    assert "voicectl resolve narrator" in in_words(simulated.told(Kind.UNCERTAIN)[0].hint)


def test_a_second_sending_in_the_next_run_counts_as_a_second_sending() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST, Rejected("The content is not allowed", code="1301"))
    cloud.say("find", *[Unknown(why="the list can't be had")] * 5)
    simulated.apply()
    applied = simulated.apply()
    assert (applied.tally.uncertain, cloud.count("submit")) == (1, 2)


def test_an_uncertain_voice_is_not_bought_again() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST, Rejected("The content is not allowed", code="1301"))
    simulated.apply()
    applied = simulated.apply()
    assert (applied.tally.blocked, cloud.count("submit")) == (1, 2)


def test_an_uncertain_voice_that_shows_up_is_adopted() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST, Rejected("The content is not allowed", code="1301"))
    simulated.apply()
    cloud.arrive(simulated.record("narrator").external_task_id)
    simulated.apply()
    assert simulated.record("narrator").status is Status.READY
    assert simulated.plan().empty


def test_a_known_key_whose_voice_never_shows_is_uncertain() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST, DUPLICATE)
    simulated.apply()
    assert cloud.count("find") == 2 + 5
    assert simulated.record("narrator").status is Status.UNCERTAIN


def test_a_look_up_that_is_unavailable_leaves_the_intent_to_the_next_run() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST)
    cloud.say("find", *[Unknown(why="the list can't be had")] * 5)
    applied = simulated.apply()
    assert (applied.tally.failed, simulated.record("narrator").status) == (1, Status.INTENDED)
    simulated.apply()
    assert simulated.record("narrator").status is Status.READY


def test_an_unexpected_exception_of_an_adapter_counts_as_not_knowing() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", KeyError("a bug of ours"))
    simulated.apply()
    assert cloud.count("find") == 2
    assert simulated.record("narrator").attempts == 2


def test_a_bug_in_the_look_up_is_not_an_answer_either() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST)
    cloud.say("find", ZeroDivisionError("a bug of ours"))
    simulated.apply()
    assert simulated.record("narrator").status is Status.READY


def test_a_cloud_that_can_not_be_queried_leaves_a_lost_reply_uncertain_at_once() -> None:
    simulated, cloud = on_paper(TRTC)
    cloud.say("submit", LOST)
    simulated.apply()
    simulated.apply()
    assert (cloud.count("submit"), cloud.count("find")) == (1, 0)
    assert simulated.record("narrator").status is Status.UNCERTAIN


def test_a_synchronous_cloud_is_done_with_its_answer() -> None:
    simulated, cloud = on_paper(TRTC)
    cloud.say("submit", Done(remote=RemoteVoice(status=TaskStatus.READY, voice_id="42", voice_name="Concierge")))
    simulated.apply()
    assert (simulated.record("narrator").voice_id, cloud.count("poll")) == ("42", 0)


def test_a_throttled_second_sending_is_still_a_second_sending() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST, Throttled("too many requests"), Rejected("not allowed", code="1301"))
    simulated.apply()
    assert simulated.record("narrator").status is Status.UNCERTAIN


def test_a_first_refusal_is_a_proof() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", Rejected("The content is not allowed", code="1301"))
    applied = simulated.apply()
    assert (applied.tally.failed, simulated.record("narrator").status) == (1, Status.FAILED)
    assert "--retry narrator" in in_words(simulated.told(Kind.FAILED)[0].hint)


def test_a_refused_voice_is_bought_on_request() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", Rejected("The content is not allowed", code="1301"))
    simulated.apply()
    assert simulated.plan().changes[0].action is Action.BLOCKED
    simulated.apply(retry=frozenset({"narrator"}))
    assert (simulated.record("narrator").status, simulated.record("narrator").generation) == (Status.READY, 2)


def test_a_failing_voice_stops_no_other() -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(voice("a", sample="bad"), voice("b", sample="refused"), *(voice(f"v{i}") for i in range(10)))
    applied = simulated.apply()
    assert (applied.tally.done, applied.tally.failed) == (10, 2)
    assert simulated.at_status(Status.FAILED) == ["a", "b"]


def test_a_failed_voice_is_not_bought_again_automatically() -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(voice("a", sample="bad"))
    simulated.apply()
    simulated.apply()
    assert len(simulated.made) == 1


def test_an_absent_voice_after_an_unknown_look_is_sent_again() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", LOST)
    cloud.say("find", Unknown(why="no answer"), Absent(), Absent())
    simulated.apply()
    assert simulated.record("narrator").status is Status.READY


def test_a_call_that_is_never_taken_is_reported_in_the_cloud_s_words_and_not_sent_for_ever() -> None:
    simulated, cloud = on_paper()
    cloud.say("submit", *[LOST] * 20)
    for _ in range(6):
        simulated.apply()
    assert cloud.count("submit") == 12
    first, *_, last = simulated.told(Kind.FAILED)
    assert (first.detail, in_words(first.hint)) == (
        "sent 3 times, and nothing of it is shown: the connection broke",
        "The next apply looks it up and goes on.",
    )
    assert last.detail == "sent 12 times, and nothing of it is shown: the connection broke"
    assert [change.action for change in simulated.plan().changes] == [Action.BLOCKED]


def test_a_voice_removed_from_the_state_stays_listed_as_abandoned() -> None:
    simulated, cloud = on_paper(TRTC)
    cloud.say("submit", LOST)
    simulated.apply()
    import_resolve.resolve(simulated.session(), "narrator", Request(), voice_id=None, retry=False)
    assert simulated.at_status(Status.ABANDONED) == ["narrator"]

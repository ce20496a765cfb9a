"""Tasks are waited for by one poller a provider, and not for ever."""

from __future__ import annotations

import itertools

from reconciler.engine import import_resolve
from reconciler.engine.session import Request
from reconciler.errors import OutcomeUnknown
from reconciler.model.account import Timeouts
from reconciler.model.events import Kind
from reconciler.model.state import Status
from reconciler.providers.kling.account import KlingAccount
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.simulated_run import SimulatedRun, voice
from tests.support.hints import in_words


def impatient(seconds: float) -> KlingAccount:
    return KlingAccount(type="kling", timeouts=Timeouts(operation=seconds))


def test_one_list_serves_all_pending_tasks() -> None:
    simulated = SimulatedRun(task_seconds=9.5)
    simulated.declare(*(voice(f"v{i}") for i in range(100)))
    simulated.apply()
    assert simulated.count("list") + simulated.count("get") < 25


def test_polls_continue_while_answers_keep_coming() -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(*(voice(f"v{i}") for i in range(600)))
    first_done: list[float] = []
    simulated.listener = lambda event: (
        first_done.append(event.tally.seconds if event.tally else 0) if (event.kind is Kind.DONE) else None
    )
    simulated.apply()
    polls = [at for at in simulated.times("list") if at < 30]
    assert max(later - earlier for earlier, later in itertools.pairwise(polls)) < 5.5
    assert first_done[0] < 6


def test_a_provider_has_one_poll_out_at_a_time() -> None:
    simulated = SimulatedRun(latency=8.0, task_seconds=20)
    simulated.declare(*(voice(f"v{i}") for i in range(5)))
    simulated.apply()
    polls = [*simulated.times("list")[1:], *simulated.times("get")]
    assert all(later - earlier >= 8 for earlier, later in itertools.pairwise(sorted({round(p) for p in polls})))


def test_a_poll_that_fails_is_asked_again() -> None:
    simulated = SimulatedRun()
    cloud = ScriptedProvider(simulated.clock)
    simulated.provide = lambda account: cloud
    simulated.declare(voice("narrator"))
    cloud.say("poll", OutcomeUnknown("no answer"), KeyError("a bug of ours"))
    applied = simulated.apply()
    assert (applied.tally.done, cloud.count("poll")) == (1, 3)


def test_a_long_task_is_looked_up_ever_more_rarely() -> None:
    simulated = SimulatedRun(task_seconds=300)
    simulated.declare(voice("narrator"))
    simulated.apply()
    assert simulated.count("get") < 50
    assert simulated.clock.monotonic() < 311


def test_a_task_that_does_not_end_in_time_is_left_to_the_next_run() -> None:
    simulated = SimulatedRun(task_seconds=100)
    simulated.accounts["kling"] = impatient(30)
    simulated.declare(voice("narrator"))
    applied = simulated.apply()
    assert (applied.tally.failed, simulated.record("narrator").status) == (1, Status.RUNNING)
    assert 30 <= simulated.clock.monotonic() < 45


def test_the_next_run_continues_with_it_and_pays_nothing() -> None:
    simulated = SimulatedRun(task_seconds=100)
    simulated.accounts["kling"] = impatient(30)
    simulated.declare(voice("narrator"))
    while simulated.apply().tally.failed:
        assert simulated.clock.monotonic() < 200
    assert (len(simulated.made), simulated.record("narrator").status) == (1, Status.READY)
    assert simulated.plan().empty


def test_after_a_day_of_waiting_the_hint_shows_how_to_forget_it() -> None:
    simulated = SimulatedRun(stuck_tasks=1.0)
    simulated.accounts["kling"] = impatient(30)
    simulated.declare(voice("narrator"))
    simulated.apply()
    simulated.clock.sleep(25 * 3600)
    simulated.apply()
    first, second = (in_words(event.hint) for event in simulated.told(Kind.FAILED))
    assert first == "The next apply goes on with it, and pays nothing."
    assert second.endswith("to forget it: voicectl resolve narrator --forget")


def test_an_old_task_that_never_ends_is_forgotten_by_its_key_only() -> None:
    simulated = SimulatedRun(stuck_tasks=1.0)
    simulated.accounts["kling"] = impatient(30)
    simulated.declare(voice("narrator"))
    simulated.apply()
    (old,) = simulated.state.records
    simulated.declare()
    simulated.apply(allow_deletes=1)
    simulated.declare(voice("narrator", sample="another"))
    simulated.apply()
    simulated.clock.sleep(25 * 3600)
    simulated.apply()
    assert any(f"voicectl resolve {old} --forget" in in_words(event.hint) for event in simulated.told(Kind.FAILED))
    import_resolve.resolve(simulated.session(), old, Request(), voice_id=None, retry=False)
    assert simulated.state.records[old].status is Status.ABANDONED
    assert simulated.record("narrator").status is Status.RUNNING


def test_the_old_voice_is_kept_while_the_new_one_takes_for_ever() -> None:
    simulated = SimulatedRun(stuck_tasks=1.0)
    simulated.accounts["kling"] = impatient(30)
    simulated.declare(voice("narrator"))
    simulated.apply()
    simulated.declare(voice("narrator", sample="another"))
    simulated.apply()
    simulated.clock.sleep(25 * 3600)
    simulated.apply()
    assert simulated.at_status(Status.ABANDONED) == []


def test_a_stuck_task_keeps_no_other_voice_waiting() -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.accounts["kling"] = impatient(30)
    simulated.declare(voice("stuck"))
    simulated.turn(stuck_tasks=1.0)
    simulated.apply()
    simulated.turn(stuck_tasks=0.0)
    simulated.declare(voice("stuck"), *(voice(f"v{i}") for i in range(10)))
    applied = simulated.apply()
    assert (applied.tally.done, applied.tally.failed) == (10, 1)


def test_a_voice_that_is_shown_late_is_waited_for() -> None:
    simulated = SimulatedRun(task_seconds=2, late_visibility=20)
    simulated.declare(*(voice(f"v{i}") for i in range(30)))
    applied = simulated.apply()
    assert (applied.tally.done, len(simulated.made)) == (30, 30)

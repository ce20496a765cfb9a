"""Tasks are waited for by one poller a provider, and not for ever."""

from __future__ import annotations

import itertools

from reconciler.engine import import_resolve
from reconciler.engine.session import Request
from reconciler.errors import OutcomeUnknown
from reconciler.model.accounts import KlingAccount, Timeouts
from reconciler.model.events import Kind
from reconciler.model.state import Status
from tests.engine.paper_cloud import PaperCloud
from tests.engine.rehearsal import Rehearsal, voice
from tests.support.hints import in_words


def impatient(seconds: float) -> KlingAccount:
    return KlingAccount(type="kling", timeouts=Timeouts(operation=seconds))


def test_one_list_serves_all_pending_tasks() -> None:
    rehearsal = Rehearsal(task_seconds=9.5)
    rehearsal.declare(*(voice(f"v{i}") for i in range(100)))
    rehearsal.apply()
    assert rehearsal.count("list") + rehearsal.count("get") < 25


def test_polls_go_on_while_answers_keep_coming() -> None:
    rehearsal = Rehearsal(task_seconds=2)
    rehearsal.declare(*(voice(f"v{i}") for i in range(600)))
    first_done: list[float] = []
    rehearsal.listener = lambda event: (
        first_done.append(event.tally.seconds if event.tally else 0) if (event.kind is Kind.DONE) else None
    )
    rehearsal.apply()
    polls = [at for at in rehearsal.times("list") if at < 30]
    assert max(later - earlier for earlier, later in itertools.pairwise(polls)) < 5.5
    assert first_done[0] < 6


def test_a_provider_has_one_poll_out_at_a_time() -> None:
    rehearsal = Rehearsal(latency=8.0, task_seconds=20)
    rehearsal.declare(*(voice(f"v{i}") for i in range(5)))
    rehearsal.apply()
    polls = [*rehearsal.times("list")[1:], *rehearsal.times("get")]
    assert all(later - earlier >= 8 for earlier, later in itertools.pairwise(sorted({round(p) for p in polls})))


def test_a_poll_that_fails_is_asked_again() -> None:
    rehearsal = Rehearsal()
    cloud = PaperCloud(rehearsal.clock)
    rehearsal.provide = lambda account: cloud
    rehearsal.declare(voice("narrator"))
    cloud.say("poll", OutcomeUnknown("no answer"), KeyError("a bug of ours"))
    applied = rehearsal.apply()
    assert (applied.tally.done, cloud.count("poll")) == (1, 3)


def test_a_long_task_is_asked_about_ever_more_rarely() -> None:
    rehearsal = Rehearsal(task_seconds=300)
    rehearsal.declare(voice("narrator"))
    rehearsal.apply()
    assert rehearsal.count("get") < 50
    assert rehearsal.clock.monotonic() < 311


def test_a_task_that_does_not_end_in_time_is_left_to_the_next_run() -> None:
    rehearsal = Rehearsal(task_seconds=100)
    rehearsal.accounts["kling"] = impatient(30)
    rehearsal.declare(voice("narrator"))
    applied = rehearsal.apply()
    assert (applied.tally.failed, rehearsal.record("narrator").status) == (1, Status.RUNNING)
    assert 30 <= rehearsal.clock.monotonic() < 45


def test_the_next_run_goes_on_with_it_and_pays_nothing() -> None:
    rehearsal = Rehearsal(task_seconds=100)
    rehearsal.accounts["kling"] = impatient(30)
    rehearsal.declare(voice("narrator"))
    while rehearsal.apply().tally.failed:
        assert rehearsal.clock.monotonic() < 200
    assert (len(rehearsal.made), rehearsal.record("narrator").status) == (1, Status.READY)
    assert rehearsal.plan().empty


def test_who_waits_for_more_than_a_day_is_told_how_to_let_it_go() -> None:
    rehearsal = Rehearsal(stuck_tasks=1.0)
    rehearsal.accounts["kling"] = impatient(30)
    rehearsal.declare(voice("narrator"))
    rehearsal.apply()
    rehearsal.clock.sleep(25 * 3600)
    rehearsal.apply()
    first, second = (in_words(event.hint) for event in rehearsal.told(Kind.FAILED))
    assert first == "The next apply goes on with it, and pays nothing."
    assert second.endswith("to let it go: voicectl resolve narrator --forget")


def test_an_old_task_that_never_ends_is_let_go_by_its_key_and_no_other() -> None:
    rehearsal = Rehearsal(stuck_tasks=1.0)
    rehearsal.accounts["kling"] = impatient(30)
    rehearsal.declare(voice("narrator"))
    rehearsal.apply()
    (old,) = rehearsal.state.records
    rehearsal.declare()
    rehearsal.apply(allow_deletes=1)
    rehearsal.declare(voice("narrator", sample="another"))
    rehearsal.apply()
    rehearsal.clock.sleep(25 * 3600)
    rehearsal.apply()
    assert any(f"voicectl resolve {old} --forget" in in_words(event.hint) for event in rehearsal.told(Kind.FAILED))
    import_resolve.resolve(rehearsal.session(), old, Request(), voice_id=None, retry=False)
    assert rehearsal.state.records[old].status is Status.ABANDONED
    assert rehearsal.record("narrator").status is Status.RUNNING


def test_the_old_voice_is_not_let_go_because_the_new_one_takes_for_ever() -> None:
    rehearsal = Rehearsal(stuck_tasks=1.0)
    rehearsal.accounts["kling"] = impatient(30)
    rehearsal.declare(voice("narrator"))
    rehearsal.apply()
    rehearsal.declare(voice("narrator", sample="another"))
    rehearsal.apply()
    rehearsal.clock.sleep(25 * 3600)
    rehearsal.apply()
    assert rehearsal.at_status(Status.ABANDONED) == []


def test_a_stuck_task_keeps_no_other_voice_waiting() -> None:
    rehearsal = Rehearsal(task_seconds=2)
    rehearsal.accounts["kling"] = impatient(30)
    rehearsal.declare(voice("stuck"))
    rehearsal.turn(stuck_tasks=1.0)
    rehearsal.apply()
    rehearsal.turn(stuck_tasks=0.0)
    rehearsal.declare(voice("stuck"), *(voice(f"v{i}") for i in range(10)))
    applied = rehearsal.apply()
    assert (applied.tally.done, applied.tally.failed) == (10, 1)


def test_a_voice_that_is_shown_late_is_waited_for() -> None:
    rehearsal = Rehearsal(task_seconds=2, late_visibility=20)
    rehearsal.declare(*(voice(f"v{i}") for i in range(30)))
    applied = rehearsal.apply()
    assert (applied.tally.done, len(rehearsal.made)) == (30, 30)

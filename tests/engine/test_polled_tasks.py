"""The tasks that are polled, and the order of the times when their calls were sent."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.polled_tasks import PolledTasks
from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.steps import AwaitTask, End, Finished, Procedure
from reconciler.model.plan import Action, Change
from tests.engine.test_run_state import record


def waiting(key: str, *, sent_at: float, since: float = 0.0) -> tuple[ProcedureRun, AwaitTask]:
    change = Change(address=key, provider="kling", action=Action.CREATE, reason="")
    return ProcedureRun(change, _ended(), sent_at=sent_at, waiting_since=since), AwaitTask(record(key))


def _ended() -> Procedure[End]:
    yield from ()
    return Finished()


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.5, 7.0]), st.booleans()), max_size=30))
def test_the_times_are_those_of_the_tasks_that_are_left(tasks: list[tuple[float, bool]]) -> None:
    polled = PolledTasks()
    for number, (sent_at, _) in enumerate(tasks):
        polled.add(*waiting(f"vc-{number}", sent_at=sent_at))
    for number, (_, ends) in enumerate(tasks):
        if ends:
            assert polled.pop(f"vc-{number}").change.address == f"vc-{number}"
    assert polled.sent_at == sorted(sent_at for sent_at, ends in tasks if not ends)
    assert len(polled) == len(polled.sent_at) == len(list(polled.records))


def test_a_task_is_found_by_its_key() -> None:
    polled = PolledTasks()
    run, step = waiting("vc-1", sent_at=3.0)
    polled.add(run, step)
    assert ("vc-1" in polled, "vc-2" in polled, polled.run("vc-1")) == (True, False, run)


def test_tasks_that_were_waited_for_too_long_are_overdue() -> None:
    polled = PolledTasks()
    polled.add(*waiting("vc-1", sent_at=0.0, since=10.0))
    polled.add(*waiting("vc-2", sent_at=0.0, since=20.0))
    assert polled.overdue(31.0, 20.0) == ["vc-1"]


def test_a_task_that_polls_saw_and_three_later_ones_did_not_is_missing() -> None:
    tasks = PolledTasks()
    run, step = waiting("a", sent_at=1.0)
    tasks.add(run, replace(step, or_missing=True))
    assert [tasks.missing(seen) for seen in ({"a"}, (), (), {"a"}, (), ())] == [[]] * 6  # seen again in between
    assert tasks.missing(()) == [run]
    assert len(tasks) == 0


def test_a_task_that_no_poll_ever_saw_is_not_missing() -> None:
    """A cloud may show a new task late."""
    tasks = PolledTasks()
    run, step = waiting("a", sent_at=1.0)
    tasks.add(run, replace(step, or_missing=True))
    assert [tasks.missing(()) for _ in range(9)] == [[]] * 9

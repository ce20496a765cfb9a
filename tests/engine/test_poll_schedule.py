"""When the tasks that run are asked for, and what those that ended teach about the others."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.poll_schedule import PollSchedule


def polled(
    seconds: Callable[[int], float], *, voices: int, at_once: int = 1, lost: frozenset[int] = frozenset()
) -> tuple[int, float]:
    """How many polls it took, and how long, where each task is followed by another. Some polls have no answer."""
    polls, now, sent, count = PollSchedule(), 0.1, 0, 0
    running: dict[float, float] = {}  # when it was sent -> when it ends
    while sent < voices or running:
        while sent < voices and len(running) < at_once:
            now += 0.05
            running[now] = now + seconds(sent)
            sent += 1
        now = max(now, polls.due(list(running), submitting=sent < voices, starved=sent < voices))
        count += 1
        if count in lost:
            polls.poll_failed(now)
            continue
        ended = [at for at, end in running.items() if end <= now]
        for at in ended:
            del running[at]
        polls.poll_succeeded(now, ended=ended)
    return count, now


def test_while_calls_go_out_a_poll_comes_every_5_seconds() -> None:
    assert PollSchedule(at=7.0, expected=2.0).due([], submitting=True, starved=False) == 12.0


def test_before_any_task_ended_the_slots_of_waiting_creations_are_polled() -> None:
    assert PollSchedule(at=1.0).due([0.9], submitting=True, starved=True) == 1.5


def test_before_any_task_ended_polls_of_a_long_one_grow_rare() -> None:
    assert PollSchedule(at=41.0).due([1.0], submitting=True, starved=True) == 46.0
    assert PollSchedule(at=500.0).due([1.0], submitting=True, starved=True) == 510.0


def test_polls_of_the_last_tasks_grow_rare_up_to_ten_seconds() -> None:
    delays = [PollSchedule(polls_without_end=n).due([1.0], submitting=False, starved=False) for n in range(40)]
    assert (delays[0], delays[-1], delays) == (0.5, 10.0, sorted(delays))


def test_a_task_is_looked_up_when_those_before_it_had_ended() -> None:
    polls = PollSchedule()
    polls.poll_succeeded(12.0, ended=[3.0])
    assert polls.due([12.0], submitting=True, starved=True) == 21.0


def test_of_several_ended_tasks_the_one_closest_to_the_expectation_counts() -> None:
    polls = PollSchedule()
    polls.poll_succeeded(12.0, ended=[1.0, 2.0, 3.0])
    assert polls.expected == 9.0


def test_tasks_that_are_due_together_are_looked_up_together() -> None:
    polls = PollSchedule(expected=10.0, at=1.0)
    assert polls.due([1.0, 1.3, 1.6, 4.0], submitting=True, starved=True) == 11.6


def test_where_nothing_waits_for_a_slot_the_last_tasks_are_polled_rarely() -> None:
    polls = PollSchedule(expected=10.0, at=1.0)
    assert polls.due([1.0, 4.0], submitting=False, starved=False) == 3.5
    assert PollSchedule(expected=10.0, at=12.0).due([4.0], submitting=False, starved=False) == 14.0


def test_one_that_never_ends_is_looked_up_ever_more_rarely() -> None:
    polls, delays = PollSchedule(expected=2.0, at=3.0), []
    for _ in range(20):
        due = polls.due([1.0], submitting=True, starved=True)
        delays.append(due - polls.at)
        polls.poll_succeeded(due, ended=[])
    assert delays[0] < 0.6
    assert delays[-1] == 10.0


def test_one_that_never_ends_teaches_nothing() -> None:
    polls = PollSchedule(expected=2.0)
    polls.poll_succeeded(600.0, ended=[])
    assert polls.expected == 2.0


def test_a_task_of_an_earlier_run_teaches_nothing() -> None:
    polls = PollSchedule()
    polls.poll_succeeded(600.0, ended=[0.0])
    assert polls.expected is None


def test_equal_tasks_in_a_row_take_hardly_more_than_a_poll_each() -> None:
    count, took = polled(lambda _: 10.0, voices=40)
    assert count < 40 * 1.9  # 29 of them before the first had ended
    assert took < 40 * 10 * 1.05


def test_tasks_that_take_different_times_are_seen_soon_with_few_polls() -> None:
    chance = random.Random(1)
    times = [chance.uniform(6, 14) for _ in range(40)]
    count, took = polled(lambda n: times[n], voices=40)
    assert count < 40 * 4
    assert took < sum(times) * 1.25


def test_tasks_that_become_faster_are_noticed() -> None:
    _, took = polled(lambda n: 20.0 if n < 10 else 2.0, voices=60)
    assert took < (10 * 20 + 50 * 2) * 1.4


def test_tasks_that_become_slower_are_noticed() -> None:
    count, _ = polled(lambda n: 2.0 if n < 10 else 20.0, voices=60)
    assert count < 60 * 11


def test_polls_that_are_lost_teach_nothing_wrong() -> None:
    _, took = polled(lambda _: 10.0, voices=40, lost=frozenset(range(0, 400, 3)))
    assert took < 40 * 10 * 1.1


@given(
    running=st.lists(st.just(0.0) | st.floats(0.0, 100.0)).map(sorted),
    at=st.floats(0.0, 200.0),
    expected=st.none() | st.floats(0.1, 60.0),
    submitting=st.booleans(),
    starved=st.booleans(),
)
def test_the_next_poll_is_the_one_that_a_look_at_each_task_gives(
    running: list[float], at: float, expected: float | None, submitting: bool, starved: bool
) -> None:
    schedule = PollSchedule(at=at, expected=expected)
    assert schedule.due(running, submitting=submitting, starved=starved) == (
        by_each_task(schedule, running, submitting=submitting, starved=starved)
    )


def by_each_task(schedule: PollSchedule, running: list[float], *, submitting: bool, starved: bool) -> float:
    at, expected = schedule.at, schedule.expected
    if submitting and not starved:
        return at + 5.0
    if expected is None:
        known = [sent_at for sent_at in running if sent_at]
        waited = at - min(known) if known else 0.0
        return at + (min(10.0, max(0.5, waited / 8)) if starved else 0.5)
    ends = [sent_at + expected for sent_at in running]
    ahead, late = [end for end in ends if end > at], [at - end for end in ends if end <= at]
    soon = [at + min(10.0, max(0.2, expected / 40, min(late) / 2))] if late else []
    if ahead and starved:
        soon.append(max(end for end in ahead if end <= min(ahead) + expected * 0.075))
    elif ahead:
        soon.append(min(max(ahead), at + min(5.0, max(0.5, expected / 4))))
    return min(soon, default=at + 5.0)


class Counted(Sequence[float]):
    """Times that count how often one of them is read."""

    def __init__(self, times: list[float]) -> None:
        self._times = times
        self.reads = 0

    def __len__(self) -> int:
        return len(self._times)

    def __getitem__(self, index: Any) -> Any:
        self.reads += 1
        return self._times[index]


def test_ten_thousand_tasks_are_not_all_looked_at() -> None:
    running = Counted([number / 100 for number in range(10_000)])
    for at in (0.0, 50.0, 101.0, 300.0):
        for expected in (None, 2.0, 60.0):
            PollSchedule(at=at, expected=expected).due(running, submitting=True, starved=True)
            PollSchedule(at=at, expected=expected).due(running, submitting=False, starved=False)
    assert 0 < running.reads < 24 * 2 * 16

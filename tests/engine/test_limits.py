"""Limits are kept, and used: 20 calls a second, tasks in flight, and what the cloud teaches by refusing."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from reconciler.errors import Throttled
from reconciler.model.accounts import KlingAccount, Timeouts
from reconciler.model.events import Kind
from reconciler.model.state import Status
from tests.engine.paper_cloud import PaperCloud
from tests.engine.rehearsal import Rehearsal, voice


def ran(number: int, **faults: Any) -> Rehearsal:
    rehearsal = Rehearsal(**({"task_seconds": 2} | faults))
    rehearsal.declare(*(voice(f"v{i}") for i in range(number)))
    rehearsal.apply()
    assert len(rehearsal.made) == len(rehearsal.living) == number
    return rehearsal


def refused(rehearsal: Rehearsal) -> float:
    """The part of the creates that the cloud refused."""
    return 1 - len(rehearsal.made) / rehearsal.count("create")


def rate(rehearsal: Rehearsal, what: str = "create") -> float:
    times = rehearsal.times(what)
    return (len(times) - 1) / (times[-1] - times[0])


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def test_200_creates_at_20_a_second_are_never_refused() -> None:
    assert refused(ran(200)) == 0


def test_200_creates_use_nine_tenths_of_the_rate() -> None:
    assert 18 <= rate(ran(200)) <= 20


def test_polls_and_creates_together_stay_within_the_rate() -> None:
    rehearsal = ran(200)
    calls = sorted(rehearsal.times("create") + rehearsal.times("list") + rehearsal.times("get"))
    assert max(sum(begin <= at < begin + 1 for at in calls) for begin in calls) <= 20


def test_200_voices_take_at_most_1_15_calls_each() -> None:
    rehearsal = ran(200)
    assert sum(rehearsal.count(what) for what in ("create", "list", "get")) / 200 < 1.15


def test_500_voices_are_done_within_a_twentieth_of_the_bound() -> None:
    rehearsal = ran(500)
    bound = 500 / 20 + 2
    assert rehearsal.clock.monotonic() < bound * 1.05


def test_200_deletions_keep_the_rate_too() -> None:
    rehearsal = ran(200)
    rehearsal.declare()
    rehearsal.apply(allow_deletes=200)
    assert rehearsal.living == {}
    assert 18 <= rate(rehearsal, "delete") <= 20


@pytest.mark.parametrize("asked", [2.0, 7.5, 40.0])
def test_a_rate_limit_of_the_manifest_is_the_pace(asked: float) -> None:
    rehearsal = Rehearsal(calls_per_second=asked, task_seconds=2)
    rehearsal.accounts["kling"] = KlingAccount(type="kling", rate_limit={"create": asked})
    rehearsal.declare(*(voice(f"v{i}") for i in range(60)))
    rehearsal.apply()
    assert refused(rehearsal) == 0
    assert rate(rehearsal) >= 0.9 * asked


def test_a_slower_cloud_is_found_out_and_its_pace_kept() -> None:
    rehearsal = ran(200, calls_per_second=10)
    assert refused(rehearsal) < 0.1
    assert rate(rehearsal) > 8.5


def test_a_pace_that_was_lowered_grows_back() -> None:
    rehearsal = Rehearsal(task_seconds=2)
    rehearsal.declare(*(voice(f"v{i}") for i in range(200)))

    def calm_down(moment: str, what: str) -> None:
        if rehearsal.clock.monotonic() > 5:
            rehearsal.turn(calls_per_second=20)

    rehearsal.turn(calls_per_second=4)
    rehearsal.hook = calm_down
    rehearsal.apply()
    assert min(gaps(rehearsal.times("create"))[-50:]) < 1 / 18
    assert rehearsal.told(Kind.SLOWED)


# -- tasks in flight, which nobody told the tool -----------------------------------------------------------------------

# (voices, cap, seconds a task): time beside the ideal of ceil(voices / cap) tasks in a row, and calls for each voice
CAPPED: dict[tuple[int, int, float], tuple[float, float]] = {
    (40, 1, 2): (1.15, 2.5),
    (40, 1, 30): (1.1, 3.1),
    (40, 3, 10): (1.1, 2.1),
    (40, 5, 2): (1.15, 1.7),
    (40, 10, 1): (1.4, 1.5),  # 10 calls take half a second, at 20 a second
    (40, 10, 30): (1.1, 2.1),
    (40, 50, 10): (1.1, 1.4),
    (200, 1, 1): (1.2, 2.4),
    (200, 1, 10): (1.1, 2.4),
    (200, 3, 5): (1.1, 1.6),
    (200, 5, 2): (1.15, 1.9),
    (200, 5, 30): (1.1, 1.6),
    (200, 10, 2): (1.15, 1.5),
    (200, 10, 10): (1.1, 1.4),
    (200, 50, 2): (1.1, 1.1),
    (200, 50, 30): (1.1, 1.25),
}


@pytest.mark.parametrize("case", CAPPED, ids=lambda case: "{} voices, {} at once, {} s".format(*case))
def test_a_cap_is_learned_with_few_refusals_and_used_with_few_calls(case: tuple[int, int, float]) -> None:
    number, cap, seconds = case
    longest, calls = CAPPED[case]
    rehearsal = ran(number, in_flight_cap=cap, task_seconds=seconds)
    ideal = max(math.ceil(number / cap) * seconds, number / 20 + seconds)
    assert refused(rehearsal) < 0.15
    assert rehearsal.clock.monotonic() < longest * ideal
    assert sum(rehearsal.count(what) for what in ("create", "list", "get")) <= calls * number


def test_a_slot_that_was_refused_is_waited_for() -> None:
    assert ran(10, in_flight_cap=1, task_seconds=2).count("create") <= 20


def test_slots_that_others_give_back_are_taken() -> None:
    rehearsal = Rehearsal(task_seconds=2, in_flight_cap=2)
    rehearsal.declare(*(voice(f"v{i}") for i in range(200)))

    def more_room(moment: str, what: str) -> None:
        if rehearsal.clock.monotonic() > 20:
            rehearsal.turn(in_flight_cap=None)

    rehearsal.hook = more_room
    rehearsal.apply()
    assert rehearsal.clock.monotonic() < 20 + 60


def test_a_cap_of_the_manifest_is_never_crossed() -> None:
    rehearsal = Rehearsal(task_seconds=2, in_flight_cap=5)
    rehearsal.accounts["kling"] = KlingAccount(type="kling", max_in_flight=5)
    rehearsal.declare(*(voice(f"v{i}") for i in range(50)))
    rehearsal.apply()
    assert refused(rehearsal) == 0


def test_two_providers_of_one_account_share_its_pace() -> None:
    rehearsal = Rehearsal(task_seconds=2)
    rehearsal.accounts = {"one": KlingAccount(type="kling"), "two": KlingAccount(type="kling")}
    rehearsal.declare(*(voice(f"v{i}", provider=("one", "two")[i % 2]) for i in range(100)))
    rehearsal.apply()
    assert refused(rehearsal) == 0
    assert 18 <= rate(rehearsal) <= 20


def test_two_providers_of_one_account_share_its_slots() -> None:
    rehearsal = Rehearsal(task_seconds=2, in_flight_cap=5)
    rehearsal.accounts = {
        "one": KlingAccount(type="kling", max_in_flight=8),
        "two": KlingAccount(type="kling", max_in_flight=5),
    }
    rehearsal.declare(*(voice(f"v{i}", provider=("one", "two")[i % 2]) for i in range(40)))
    rehearsal.apply()
    assert refused(rehearsal) == 0
    assert len(rehearsal.living) == 40


def test_a_retry_after_is_kept() -> None:
    rehearsal = Rehearsal()
    cloud = PaperCloud(rehearsal.clock)
    rehearsal.provide = lambda account: cloud
    rehearsal.declare(voice("narrator"))
    cloud.say("submit", Throttled("parallel task over resource pack limit", in_flight=True, retry_after=17))
    rehearsal.apply()
    first, second = [at for at, call, _ in cloud.heard if call == "submit"]
    assert second - first >= 17


def test_a_cloud_that_throttles_for_ever_is_given_up_and_nothing_is_open() -> None:
    rehearsal = Rehearsal(calls_per_second=20, throttle=0.0, in_flight_cap=1, task_seconds=100_000)
    rehearsal.accounts["kling"] = KlingAccount(type="kling", timeouts=Timeouts(operation=60))
    rehearsal.declare(voice("first"))
    rehearsal.apply()  # holds the only slot
    rehearsal.declare(voice("first"), voice("second"))
    rehearsal.apply()
    assert rehearsal.at_status(Status.INTENDED) == []
    assert [e.address for e in rehearsal.told(Kind.FAILED)][1:] == ["first", "second"]
    assert rehearsal.clock.monotonic() < 300

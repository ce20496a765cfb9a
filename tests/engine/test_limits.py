"""Limits are kept, and used: 20 calls a second, tasks in flight, and what the cloud teaches by refusing."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from reconciler.errors import Throttled
from reconciler.model.account import Timeouts
from reconciler.model.events import Kind
from reconciler.model.state import Status
from reconciler.providers.kling.account import KlingAccount
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.simulated_run import SimulatedRun, voice


def ran(number: int, **faults: Any) -> SimulatedRun:
    simulated = SimulatedRun(**({"task_seconds": 2} | faults))
    simulated.declare(*(voice(f"v{i}") for i in range(number)))
    simulated.apply()
    assert len(simulated.made) == len(simulated.living) == number
    return simulated


def refused(simulated: SimulatedRun) -> float:
    """The part of the creates that the cloud refused."""
    return 1 - len(simulated.made) / simulated.count("create")


def rate(simulated: SimulatedRun, what: str = "create") -> float:
    times = simulated.times(what)
    return (len(times) - 1) / (times[-1] - times[0])


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def test_200_creates_at_20_a_second_are_never_refused() -> None:
    assert refused(ran(200)) == 0


def test_200_creates_use_nine_tenths_of_the_rate() -> None:
    assert 18 <= rate(ran(200)) <= 20


def test_polls_and_creates_together_stay_within_the_rate() -> None:
    simulated = ran(200)
    calls = sorted(simulated.times("create") + simulated.times("list") + simulated.times("get"))
    assert max(sum(begin <= at < begin + 1 for at in calls) for begin in calls) <= 20


def test_200_voices_take_at_most_1_15_calls_each() -> None:
    simulated = ran(200)
    assert sum(simulated.count(what) for what in ("create", "list", "get")) / 200 < 1.15


def test_500_voices_are_done_within_a_twentieth_of_the_bound() -> None:
    simulated = ran(500)
    bound = 500 / 20 + 2
    assert simulated.clock.monotonic() < bound * 1.05


def test_200_deletions_keep_the_rate_too() -> None:
    simulated = ran(200)
    simulated.declare()
    simulated.apply(allow_deletes=200)
    assert simulated.living == {}
    assert 18 <= rate(simulated, "delete") <= 20


@pytest.mark.parametrize("asked", [2.0, 7.5, 40.0])
def test_a_rate_limit_of_the_manifest_is_the_pace(asked: float) -> None:
    simulated = SimulatedRun(calls_per_second=asked, task_seconds=2)
    simulated.accounts["kling"] = KlingAccount(type="kling", rate_limit={"create": asked})
    simulated.declare(*(voice(f"v{i}") for i in range(60)))
    simulated.apply()
    assert refused(simulated) == 0
    assert rate(simulated) >= 0.9 * asked


def test_a_slower_cloud_is_found_out_and_its_pace_kept() -> None:
    simulated = ran(200, calls_per_second=10)
    assert refused(simulated) < 0.1
    assert rate(simulated) > 8.5


def test_a_pace_that_was_lowered_grows_back() -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(*(voice(f"v{i}") for i in range(200)))

    def calm_down(moment: str, what: str) -> None:
        if simulated.clock.monotonic() > 5:
            simulated.turn(calls_per_second=20)

    simulated.turn(calls_per_second=4)
    simulated.hook = calm_down
    simulated.apply()
    assert min(gaps(simulated.times("create"))[-50:]) < 1 / 18
    assert simulated.told(Kind.SLOWED)


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
    simulated = ran(number, in_flight_cap=cap, task_seconds=seconds)
    ideal = max(math.ceil(number / cap) * seconds, number / 20 + seconds)
    assert refused(simulated) < 0.15
    assert simulated.clock.monotonic() < longest * ideal
    assert sum(simulated.count(what) for what in ("create", "list", "get")) <= calls * number


def test_a_slot_that_was_refused_is_waited_for() -> None:
    assert ran(10, in_flight_cap=1, task_seconds=2).count("create") <= 20


def test_slots_that_others_give_back_are_taken() -> None:
    simulated = SimulatedRun(task_seconds=2, in_flight_cap=2)
    simulated.declare(*(voice(f"v{i}") for i in range(200)))

    def more_room(moment: str, what: str) -> None:
        if simulated.clock.monotonic() > 20:
            simulated.turn(in_flight_cap=None)

    simulated.hook = more_room
    simulated.apply()
    assert simulated.clock.monotonic() < 20 + 60


def test_a_cap_of_the_manifest_is_never_crossed() -> None:
    simulated = SimulatedRun(task_seconds=2, in_flight_cap=5)
    simulated.accounts["kling"] = KlingAccount(type="kling", max_in_flight=5)
    simulated.declare(*(voice(f"v{i}") for i in range(50)))
    simulated.apply()
    assert refused(simulated) == 0


def test_two_providers_of_one_account_share_its_pace() -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.accounts = {"one": KlingAccount(type="kling"), "two": KlingAccount(type="kling")}
    simulated.declare(*(voice(f"v{i}", provider=("one", "two")[i % 2]) for i in range(100)))
    simulated.apply()
    assert refused(simulated) == 0
    assert 18 <= rate(simulated) <= 20


def test_two_providers_of_one_account_share_its_slots() -> None:
    simulated = SimulatedRun(task_seconds=2, in_flight_cap=5)
    simulated.accounts = {
        "one": KlingAccount(type="kling", max_in_flight=8),
        "two": KlingAccount(type="kling", max_in_flight=5),
    }
    simulated.declare(*(voice(f"v{i}", provider=("one", "two")[i % 2]) for i in range(40)))
    simulated.apply()
    assert refused(simulated) == 0
    assert len(simulated.living) == 40


def test_a_retry_after_is_kept() -> None:
    simulated = SimulatedRun()
    cloud = ScriptedProvider(simulated.clock)
    simulated.provide = lambda account: cloud
    simulated.declare(voice("narrator"))
    cloud.say("submit", Throttled("parallel task over resource pack limit", in_flight=True, retry_after=17))
    simulated.apply()
    first, second = [at for at, call, _ in cloud.heard if call == "submit"]
    assert second - first >= 17


def test_a_cloud_that_throttles_for_ever_is_given_up_and_nothing_is_open() -> None:
    simulated = SimulatedRun(calls_per_second=20, throttle=0.0, in_flight_cap=1, task_seconds=100_000)
    simulated.accounts["kling"] = KlingAccount(type="kling", timeouts=Timeouts(operation=60))
    simulated.declare(voice("first"))
    simulated.apply()  # holds the only slot
    simulated.declare(voice("first"), voice("second"))
    simulated.apply()
    assert simulated.at_status(Status.INTENDED) == []
    assert [e.address for e in simulated.told(Kind.FAILED)][1:] == ["first", "second"]
    assert simulated.clock.monotonic() < 300

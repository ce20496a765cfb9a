"""Several runs of one process keep the limits of an account together."""

from __future__ import annotations

from reconciler.engine.account_limits import AccountLimits
from reconciler.engine.cloud import Cloud
from tests.engine.scripted_provider import ScriptedProvider
from tests.support.clock import FakeClock

CLOCK = FakeClock()


def cloud(name: str, quota: str = "one", *, rate: float | None = None, most: int | None = None) -> Cloud:
    rates = {} if rate is None else {"create": rate}
    return Cloud(name=name, provider=ScriptedProvider(CLOCK, None), quota=quota, rates=rates, max_in_flight=most)


def test_two_runs_of_one_account_share_its_limits_and_other_accounts_do_not() -> None:
    limits = AccountLimits()
    games, film = limits.queues({"kling": cloud("kling")}), limits.queues({"k": cloud("k"), "o": cloud("o", "other")})
    assert games["kling"].limits is film["k"].limits
    assert film["o"].limits is not film["k"].limits
    assert games["kling"].sharing == [games["kling"], film["k"]]


def test_the_lowest_limit_of_an_account_counts_also_for_the_run_that_came_first() -> None:
    limits = AccountLimits()
    first = limits.queues({"kling": cloud("kling", rate=10, most=7)})["kling"].limits
    first.limiter("create").take(0.0)
    limits.queues({"kling": cloud("kling", rate=2, most=9)})
    assert first.limiter("create").allowed == 2
    assert first.limiter("create").rate <= 2
    assert first.concurrency.most == 7


def test_what_was_learned_stays_and_the_queues_of_a_run_that_ended_do_not() -> None:
    limits = AccountLimits()
    for _ in range(100):
        queues = limits.queues({"kling": cloud("kling")})
        queues["kling"].limits.limiter("create").take(0.0)
        limits.leave(queues.values())
    assert [len(sharing) for sharing in limits.sharing.values()] == [0]
    assert limits.limits["one"].limiter("create").next_at > 4.9  # a hundred calls at about 20 a second


def test_the_readers_of_one_account_are_one() -> None:
    limits, clock = AccountLimits(), FakeClock()
    reader = limits.reader("one", clock, {})
    assert limits.reader("one", clock, {"list": 2.0}) is reader
    for _ in range(5):
        reader("list")
    assert clock.monotonic() >= 1.5

"""20 calls a second, as strictly as a cloud may mean them: kept, used, and found again after a refusal."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.auth import ApiKey
from reconciler.providers.kling.provider import KlingProvider
from tests.engine.expected_voices import KLING_KEYS
from tests.engine.simulated_run import SimulatedRun, Wire, operation, voice
from tests.support.allowances import Allowance, AnySecond, Bucket, EachSecond, Storm

TOO_MANY = {"code": 1302, "message": "too many requests", "request_id": "r"}


@dataclass
class Metered(httpx.BaseTransport):
    """The way to the cloud, behind somebody who counts: creates alone, or all calls together."""

    simulated: SimulatedRun
    allowance: Allowance
    together: bool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        counted = self.together or operation(request.method, request.url.path) == "create"
        if counted and not self.allowance.takes(self.simulated.clock.monotonic()):
            self.simulated.called("refused", request)
            return httpx.Response(429, json=TOO_MANY)
        return Wire(self.simulated).handle_request(request)


def ran(
    allowance: Allowance,
    *,
    together: bool = False,
    number: int = 200,
    latency: Callable[[], float] | float = 0.05,
) -> SimulatedRun:
    simulated = SimulatedRun(task_seconds=2, latency=latency, calls_per_second=1_000_000)
    simulated.provide = lambda account: metered(simulated, account, allowance, together)
    simulated.declare(*(voice(f"v{i}") for i in range(number)))
    simulated.apply()
    assert len(simulated.made) == number
    return simulated


def metered(simulated: SimulatedRun, account: KlingAccount, allowance: Allowance, together: bool) -> KlingProvider:
    transport = Metered(simulated, allowance, together)
    return KlingProvider(account, ApiKey(KLING_KEYS[account.region]), clock=simulated.clock, transport=transport)


def uneven(milliseconds: float) -> Callable[[], float]:
    """Latencies of a network that bunches calls together."""
    chance = random.Random(1)
    return lambda: 0.05 + chance.uniform(0, milliseconds / 1000)


def rate(simulated: SimulatedRun) -> float:
    times = simulated.times("create")
    return (len(times) - 1) / (times[-1] - times[0])


def calls(simulated: SimulatedRun) -> int:
    return sum(simulated.count(what) for what in ("create", "list", "get", "refused"))


TWENTY: dict[str, Callable[[], Allowance]] = {
    "any second": lambda: AnySecond(20),
    "each second": lambda: EachSecond(20),
    "each second by another clock": lambda: EachSecond(20, ahead=0.6),
    "a bucket of one": lambda: Bucket(20, holds=1),
    "a bucket of 20": lambda: Bucket(20, holds=20),
}


@pytest.mark.parametrize("together", [False, True], ids=["creates alone", "all calls together"])
@pytest.mark.parametrize("allowed", TWENTY.values(), ids=TWENTY.keys())
def test_200_creates_are_never_refused_at_nine_tenths_of_the_rate(
    allowed: Callable[[], Allowance], together: bool
) -> None:
    simulated = ran(allowed(), together=together)
    assert simulated.count("refused") == 0
    assert rate(simulated) >= 18
    assert calls(simulated) <= 1.15 * 200


# A network that bunches calls brings some of them too early, which costs a moment and not the pace.
UNEVEN: dict[str, tuple[Callable[[], Allowance], float]] = {
    "any second, 4 ms": (lambda: AnySecond(20), 4),
    "any second, 20 ms": (lambda: AnySecond(20), 20),
    "each second, 20 ms": (lambda: EachSecond(20), 20),
    "a bucket of two, 20 ms": (lambda: Bucket(20, holds=2), 20),
    "a bucket of 20, 100 ms": (lambda: Bucket(20, holds=20), 100),
}


@pytest.mark.parametrize("case", UNEVEN.values(), ids=UNEVEN.keys())
def test_on_an_uneven_network_200_creates_keep_nine_tenths_of_the_rate(
    case: tuple[Callable[[], Allowance], float],
) -> None:
    allowed, milliseconds = case
    simulated = ran(allowed(), together=True, latency=uneven(milliseconds))
    assert simulated.count("refused") <= 4
    assert rate(simulated) >= 18
    assert calls(simulated) <= 1.15 * 200


SLOW_DOWN: dict[str, Callable[[], Allowance]] = {
    "any second": lambda: AnySecond(10),
    "each second": lambda: EachSecond(10),
    "a bucket of 10": lambda: Bucket(10, holds=10),
}


@pytest.mark.parametrize("allowed", SLOW_DOWN.values(), ids=SLOW_DOWN.keys())
def test_a_cloud_that_allows_half_is_found_out_by_few_refusals(allowed: Callable[[], Allowance]) -> None:
    simulated = ran(allowed())
    assert simulated.count("refused") < 0.1 * 200
    assert rate(simulated) >= 8.5
    assert calls(simulated) <= 1.15 * 200


@pytest.mark.parametrize("seconds", [1, 5, 30])
def test_after_a_storm_of_refusals_the_full_pace_is_back_within_20_seconds(seconds: float) -> None:
    simulated = ran(Storm(3, 3 + seconds), together=True, number=600)
    times = [at for at in simulated.times("create") if at >= 3 + seconds + 20]
    assert (len(times) - 1) / (times[-1] - times[0]) >= 18
    assert simulated.count("refused") < 10 + seconds

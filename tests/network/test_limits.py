"""Limits on a real socket: a run keeps and uses the allowed rate, and does not repeat a permanent refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.network.place import KEY, NetworkHarness
from tests.support.allowances import Allowance, AnySecond, Bucket
from tests.support.cli_harness import voice
from tests.support.hostile_wire import HostileWire
from tests.support.kling_rules import Refusal
from tests.support.kling_service import Call, KlingService
from tests.support.kling_socket import JsonAnswer

PERMANENT = {1100: "abnormal account", 1101: "in arrears", 1102: "Account balance not enough", 1304: "IP whitelist"}


class StrictKling(KlingService):
    """A simulated Kling with a rate limit: on creates, or on all calls `together`."""

    def __init__(self, allowance: Allowance, *, together: bool) -> None:
        super().__init__(api_key=KEY)
        self.allowance, self.together = allowance, together

    def _work(self, operation: str, named: str, query: dict[str, str], body: dict[str, Any]) -> JsonAnswer:
        if (self.together or operation == "create") and not self.allowance.takes(self.now()):
            raise Refusal(429, 1302, "too many requests")
        return super()._work(operation, named, query, body)


def creates(kling: KlingService) -> list[Call]:
    return [call for call in kling.calls if call.operation == "create"]


def rate(kling: KlingService) -> float:
    """Creates per second, from the first to the last."""
    times = [call.at for call in creates(kling)]
    return (len(times) - 1) / (times[-1] - times[0])


# -- 20 calls a second, and tasks of 2 s -------------------------------------------------------------------------------

VOICES = 200
ALLOWED: dict[str, Callable[[], StrictKling]] = {  # engine/test_rate_limits_strict has more, in virtual time
    "all calls in any second": lambda: StrictKling(AnySecond(20), together=True),
    "creates from a bucket of 2": lambda: StrictKling(Bucket(20, holds=2), together=False),
}


@pytest.fixture(scope="module", params=list(ALLOWED.values()), ids=list(ALLOWED))
def paced(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StrictKling]:
    """The cloud after one apply of 200 voices."""
    with request.param() as kling:
        kling.task_seconds = 2.0
        harness = NetworkHarness(tmp_path_factory.mktemp("paced"), kling, kling.url, timeouts={})
        harness.declare(*(f"voice-{n}" for n in range(VOICES)))
        harness.apply(code=0)
        yield kling


@pytest.mark.slow
def test_hardly_a_call_is_refused(paced: StrictKling) -> None:
    refused = [call for call in paced.calls if call.code != 0]
    assert len(refused) <= 0.05 * VOICES  # a busy machine sends some too close together; none in virtual time


@pytest.mark.slow
def test_most_of_the_allowed_rate_is_used(paced: StrictKling) -> None:
    assert rate(paced) >= 0.7 * 20  # 0.9 in virtual time, and on an idle machine


@pytest.mark.slow
def test_a_voice_takes_hardly_more_than_its_create(paced: StrictKling) -> None:
    assert paced.bought == VOICES
    assert len(paced.calls) <= 1.15 * VOICES


# -- tasks in flight ---------------------------------------------------------------------------------------------------

CAPS = {3: 20, 5: 40}  # tasks at once -> voices


@pytest.fixture(scope="module", params=list(CAPS))
def capped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KlingService]:
    """The cloud after an apply, with a limit of tasks at once that the manifest does not state."""
    with KlingService(api_key=KEY) as kling:
        kling.task_seconds, kling.in_flight_cap = 2.0, request.param
        harness = NetworkHarness(tmp_path_factory.mktemp("capped"), kling, kling.url, timeouts={})
        harness.declare(*(f"voice-{n}" for n in range(CAPS[request.param])))
        harness.apply(code=0)
        yield kling


@pytest.mark.slow
def test_the_cap_is_learned_from_few_refusals(capped: KlingService) -> None:
    refused = [call for call in creates(capped) if call.code == 1303]
    assert capped.bought == CAPS[capped.in_flight_cap or 0]
    assert 0 < len(refused) < 0.15 * len(creates(capped))


@pytest.mark.slow
def test_the_slots_are_used(capped: KlingService) -> None:
    cap = capped.in_flight_cap or 1
    assert capped.calls[-1].at - capped.calls[0].at < 1.6 * (CAPS[cap] / cap) * 2.0  # 1.1 on virtual time


@pytest.mark.slow
def test_tasks_are_looked_up_when_they_are_due(capped: KlingService) -> None:
    assert len(capped.calls) < 3.2 * CAPS[capped.in_flight_cap or 0]


# -- one account, two names --------------------------------------------------------------------------------------------


def with_two_names(folder: Path, kling: KlingService, number: int, **second: Any) -> NetworkHarness:
    """Declares voices at two providers of one account: the same key, and endpoints that differ only by a slash."""
    harness = NetworkHarness(folder, kling, kling.url)
    first = {"type": "kling", "endpoint": kling.url}
    voices = {f"voice-{n}": voice(f"voice-{n}") | {"provider": ("one", "two")[n % 2]} for n in range(number)}
    second = first | {"endpoint": f"{kling.url}/"} | second
    harness.cli.write(voices, providers={"one": first, "two": second})
    return harness


def test_two_names_of_one_account_share_its_pace(tmp_path: Path) -> None:
    with StrictKling(AnySecond(20), together=True) as kling:
        harness = with_two_names(tmp_path, kling, 60)
        harness.apply(code=0)
        assert len([call for call in kling.calls if call.code != 0]) <= 6  # of 60, on a busy machine
        assert (kling.bought, harness.actions()) == (60, {})


def test_two_names_of_one_account_share_the_slots_that_one_of_them_learned(tmp_path: Path) -> None:
    with KlingService(api_key=KEY) as kling:
        kling.task_seconds, kling.in_flight_cap = 0.5, 3
        harness = with_two_names(tmp_path, kling, 12, max_in_flight=3)
        harness.apply(code=0)
        assert [call.code for call in creates(kling)] == [0] * 12


@pytest.mark.slow
def test_two_names_of_one_account_share_the_slots_that_were_learned(tmp_path: Path) -> None:
    with KlingService(api_key=KEY) as kling:
        kling.task_seconds, kling.in_flight_cap = 1.0, 3
        with_two_names(tmp_path, kling, 24).apply(code=0)
        refused = [call for call in creates(kling) if call.code == 1303]
        assert (kling.bought, len(refused) < 0.15 * len(creates(kling)) + 1) == (24, True)


def test_two_keys_of_one_cloud_are_two_accounts_with_a_pace_each(tmp_path: Path) -> None:
    with KlingService(api_key=KEY) as one, KlingService(api_key="another-key-0123456789") as two:
        harness = NetworkHarness(tmp_path, one, one.url, env={"OTHER_KEY": two.api_key})
        accounts = {
            "one": {"type": "kling", "endpoint": one.url},
            "two": {"type": "kling", "endpoint": two.url, "credentials": {"api_key_env": "OTHER_KEY"}},
        }
        voices = {f"voice-{n}": voice(f"voice-{n}") | {"provider": ("one", "two")[n % 2]} for n in range(40)}
        harness.cli.write(voices, providers=accounts)
        harness.apply(code=0)
        assert min(rate(one), rate(two)) >= 15


# -- too many calls ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_after_a_storm_of_refusals_the_pace_grows_back(tmp_path: Path) -> None:
    with StrictKling(AnySecond(20), together=True) as kling:
        harness = NetworkHarness(tmp_path, kling, kling.url, timeouts={})
        harness.declare(*(f"voice-{n}" for n in range(200)))
        kling.refuse("create", 429, 1302, "too many requests", times=4)
        ran = harness.apply(code=0)
        assert "slowed down: POST /v1/general/custom-voices: HTTP 429, code 1302: too many requests" in ran.out
        assert kling.bought == 200
        last = [call.at for call in creates(kling)][-60:]
        assert 59 / (last[-1] - last[0]) >= 17


# -- refused for good --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", PERMANENT)
def test_a_refusal_for_good_stops_at_once_with_one_message(tmp_path: Path, kling: KlingService, code: int) -> None:
    harness = NetworkHarness(tmp_path, kling, kling.url)
    harness.declare(*(f"voice-{n}" for n in range(30)))
    kling.refuse("create", 429, code, PERMANENT[code], times=99)
    ran = harness.apply(code=1)
    assert kling.count("create") <= 2  # the second went out while the first was on its way
    assert ran.out.count(f"code {code}: {PERMANENT[code]}") == 1
    assert "30 not begun" in ran.out
    assert harness.cli.state["records"] == {}


@pytest.mark.parametrize("code", PERMANENT)
def test_a_list_refused_for_good_is_read_once(harness: NetworkHarness, wire: HostileWire, code: int) -> None:
    harness.declare("narrator")
    harness.kling.refuse("list", 429, code, PERMANENT[code], times=99)
    ran = harness.run("plan", code=1)
    assert wire.count("list") == 1
    assert f"code {code}: {PERMANENT[code]}" in ran.err

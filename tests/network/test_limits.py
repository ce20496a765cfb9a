"""Limits on a real socket: what is allowed is kept and used, and what is refused for good is asked for once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.network.place import KEY, Place
from tests.support.hostile_wire import HostileWire
from tests.support.kling_rules import Refusal
from tests.support.kling_service import Call, KlingService
from tests.support.kling_socket import JsonAnswer

ALLOWED = 20  # calls of each action in any second
PERMANENT = {1100: "abnormal account", 1101: "in arrears", 1102: "Account balance not enough", 1304: "IP whitelist"}


class Strict(KlingService):
    """Counts each action for itself, in a window of one second that slides; refused calls count too."""

    def _work(self, operation: str, named: str, query: dict[str, str], body: dict[str, Any]) -> JsonAnswer:
        now = self.now()
        if sum(call.operation == operation and now - call.at < 1 for call in self.calls) >= ALLOWED:
            raise Refusal(429, 1302, "too many requests")
        return super()._work(operation, named, query, body)


def creates(kling: KlingService) -> list[Call]:
    return [call for call in kling.calls if call.operation == "create"]


# -- calls a second ----------------------------------------------------------------------------------------------------

VOICES = 60


@pytest.fixture(scope="module")
def paced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """60 voices by one apply, with tasks of one second."""
    with Strict(api_key=KEY) as kling:
        kling.task_seconds = 1.0
        place = Place(tmp_path_factory.mktemp("paced"), kling, kling.url, timeouts={})
        place.declare(*(f"voice-{n}" for n in range(VOICES)))
        place.apply(code=0)
        yield place


def test_no_call_is_refused(paced: Place) -> None:
    assert {call.code for call in paced.kling.calls} == {0}


def test_nine_tenths_of_the_allowed_rate_are_used(paced: Place) -> None:
    times = [call.at for call in creates(paced.kling)]
    assert (VOICES - 1) / (times[-1] - times[0]) >= 0.9 * ALLOWED


def test_a_voice_takes_hardly_more_than_its_create(paced: Place) -> None:
    assert len(paced.kling.calls) <= 1.15 * VOICES
    assert len(creates(paced.kling)) == VOICES


# -- tasks in flight ---------------------------------------------------------------------------------------------------

CAP, SECONDS, MANY = 5, 2.0, 20


@pytest.fixture(scope="module")
def capped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """20 voices on an account that runs 5 tasks at once, which nobody told the tool."""
    with KlingService(api_key=KEY) as kling:
        kling.task_seconds, kling.in_flight_cap = SECONDS, CAP
        place = Place(tmp_path_factory.mktemp("capped"), kling, kling.url, timeouts={})
        place.declare(*(f"voice-{n}" for n in range(MANY)))
        place.apply(code=0)
        yield place


@pytest.mark.slow
def test_the_cap_is_learned_from_few_refusals(capped: Place) -> None:
    refused = [call for call in creates(capped.kling) if call.code == 1303]
    assert capped.kling.bought == MANY
    assert len(refused) < 0.15 * len(creates(capped.kling))


@pytest.mark.slow
def test_the_slots_are_used(capped: Place) -> None:
    calls = capped.kling.calls
    assert calls[-1].at - calls[0].at < 1.5 * (MANY / CAP) * SECONDS


# -- refused for good --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", PERMANENT)
def test_a_refusal_for_good_stops_at_once_with_one_message(tmp_path: Path, kling: KlingService, code: int) -> None:
    place = Place(tmp_path, kling, kling.url)
    place.declare(*(f"voice-{n}" for n in range(30)))
    kling.refuse("create", 429, code, PERMANENT[code], times=99)
    ran = place.apply(code=1)
    assert kling.count("create") <= 2  # the second went out while the first was on its way
    assert ran.out.count(f"code {code}: {PERMANENT[code]}") == 1
    assert "30 not begun" in ran.out
    assert place.desk.state["records"] == {}


@pytest.mark.parametrize("code", PERMANENT)
def test_a_list_refused_for_good_is_read_once(place: Place, wire: HostileWire, code: int) -> None:
    place.declare("narrator")
    place.kling.refuse("list", 429, code, PERMANENT[code], times=99)
    ran = place.run("plan", code=1)
    assert wire.count("list") == 1
    assert f"code {code}: {PERMANENT[code]}" in ran.err

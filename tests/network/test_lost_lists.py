"""A list that a trouble hits is read again; if it cannot be read, no voice counts as gone, and the plan says why.

One run serves many tests: each trouble has its own cloud and provider, and all are listed together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.network.place import KEY, NetworkHarness
from tests.support.cli_harness import Ran, voice
from tests.support.hostile_wire import HostileWire, Trouble
from tests.support.kling_service import KlingService
from tests.support.troubles import BROKEN, DRIPPING, UNHEARD, UNUSUAL

ONCE = BROKEN | {f"unheard-{n}": t for n, t in UNHEARD.items() if n != "gateway-403"}

LASTING: dict[str, tuple[Trouble, str]] = {
    "reset": (BROKEN["reset"], "no answer: connection reset by peer"),
    "stall": (BROKEN["stall"], "no answer within 1 s (timeouts.read)"),
    "too-short": (BROKEN["too-short"], "the answer broke off: peer closed connection"),
    "no-last-chunk": (BROKEN["no-last-chunk"], "the answer broke off: peer closed connection"),
    "html": (BROKEN["html"], "HTTP 200, and not a reply of Kling's: <html>"),
    "garbage-10-MB": (BROKEN["garbage-10-MB"], "HTTP 200, and not a reply of Kling's: "),
    "gateway-403": (UNHEARD["gateway-403"], "HTTP 403, and not a reply of Kling's: <html>"),
    "gateway-503": (UNHEARD["gateway-503"], "HTTP 503, and not a reply of Kling's: nothing"),
    "drip": (DRIPPING["drip"], "no whole answer within 2 s (timeouts.operation)"),
    "dripping-head": (DRIPPING["dripping-head"], "no whole answer within 2 s (timeouts.operation)"),
    "endless-news": (DRIPPING["endless-news"], "no whole answer within 2 s (timeouts.operation)"),
}


@dataclass(frozen=True)
class Clouds:
    """One provider for each trouble, with the same name."""

    harness: NetworkHarness
    wires: Mapping[str, HostileWire]

    def declare(self, **addresses: str) -> None:
        """Declares voices at every provider, as suffix of the address -> voice_name: NAME-x."""
        accounts = {
            name: {"type": "kling", "endpoint": wire.url, "timeouts": self.harness.timeouts}
            for name, wire in self.wires.items()
        }
        voices: dict[str, Any] = {
            f"{name}-{end}": voice(given) | {"provider": name} for name in accounts for end, given in addresses.items()
        }
        self.harness.cli.write(voices, providers=accounts)


@contextmanager
def clouds(folder: Path, names: list[str]) -> Iterator[Clouds]:
    with ExitStack() as stack:
        services = {name: stack.enter_context(KlingService(api_key=KEY)) for name in names}
        wires = {name: stack.enter_context(HostileWire(service.url)) for name, service in services.items()}
        harness = NetworkHarness(folder, next(iter(services.values())), "")
        harness.timeouts = {"connect": "1s", "read": "1s", "operation": "2s"}
        yield Clouds(harness, wires)


# -- temporary troubles ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], Clouds]]:
    """The actions of a plan in which a trouble hits the first list of each provider."""
    troubles = ONCE | UNUSUAL
    with clouds(tmp_path_factory.mktemp("passing"), list(troubles)) as all_of_them:
        all_of_them.harness.timeouts = {"connect": "5s", "read": "1s", "operation": "20s"}
        all_of_them.declare(x="Narrator")
        for name, trouble in troubles.items():
            all_of_them.wires[name].trouble("list", trouble)
        yield all_of_them.harness.actions(), all_of_them


def test_lists_that_fail_once_are_read_again(passing: tuple[dict[str, str], Clouds]) -> None:
    actions, at = passing
    assert {name: at.wires[name].count("list") for name in ONCE} == dict.fromkeys(ONCE, 2)
    assert {name: actions[f"{name}-x"] for name in ONCE} == dict.fromkeys(ONCE, "create")


def test_unusual_lists_are_read(passing: tuple[dict[str, str], Clouds]) -> None:
    actions, at = passing
    assert {name: at.wires[name].count("list") for name in UNUSUAL} == dict.fromkeys(UNUSUAL, 1)
    assert {name: actions[f"{name}-x"] for name in UNUSUAL} == dict.fromkeys(UNUSUAL, "create")


# -- lasting troubles --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Applied:
    """An apply that could not list. Of two voices, one was removed from the manifest, and a third was added."""

    ran: Ran
    clouds: Clouds
    records: Any  # of the state, before and after
    records_after: Any
    healed: dict[str, str]  # the actions of a plan after the lists work again


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    with clouds(tmp_path_factory.mktemp("lasting"), list(LASTING)) as all_of_them:
        harness = all_of_them.harness
        all_of_them.declare(x="Narrator", y="Hero")
        harness.apply(code=0)
        all_of_them.declare(x="Narrator", z="Newcomer")
        for name, (trouble, _) in LASTING.items():
            all_of_them.wires[name].trouble("list", trouble, times=99)
        before = harness.cli.state["records"]
        ran = harness.apply("--json")
        after = harness.cli.state["records"]
        for wire in all_of_them.wires.values():
            wire.heal()
        yield Applied(ran, all_of_them, before, after, harness.actions("--allow-deletes", str(len(LASTING))))


def test_unavailable_lists_block_every_voice_with_the_reason(lasting: Applied) -> None:
    ends = {e["address"]: e for e in lasting.ran.events if e["type"] != "summary"}
    assert {e["type"] for e in ends.values()} == {"blocked"}
    assert sorted(ends) == sorted(f"{name}-{end}" for name in LASTING for end in "xyz")
    for address, event in ends.items():
        name = address[:-2]
        assert event["provider"] == name
        assert f"GET /v1/general/custom-voices: {LASTING[name][1]}" in event["detail"]
        assert "may have happened" not in event["detail"]  # a read changes nothing


def test_unavailable_lists_change_nothing(lasting: Applied) -> None:
    assert lasting.ran.code == 1
    assert [w.count("create") + w.count("delete") for w in lasting.clouds.wires.values()] == [2] * len(LASTING)
    assert lasting.records_after == lasting.records


def test_once_the_lists_work_again_the_plan_is_as_before(lasting: Applied) -> None:
    assert lasting.healed == {f"{n}-y": "delete" for n in LASTING} | {f"{n}-z": "create" for n in LASTING}


def test_an_unavailable_list_is_an_error_where_there_is_nothing_to_block(
    harness: NetworkHarness, wire: HostileWire
) -> None:
    harness.timeouts = {"connect": "1s", "read": "0.4s", "operation": "1s"}
    harness.declare("narrator")
    wire.trouble("list", BROKEN["stall"], times=99)
    ran = harness.apply(code=1)
    assert "GET /v1/general/custom-voices: no answer within 0.4 s (timeouts.read)" in ran.err
    assert harness.bought == []
    assert not (harness.folder / "voices.state.json").exists()

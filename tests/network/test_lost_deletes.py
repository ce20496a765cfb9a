"""A delete that a trouble hits is repeated until the voice no longer exists; no other voice is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.network.place import KEY, NetworkHarness
from tests.support.hostile_wire import HostileWire
from tests.support.kling_service import KlingService
from tests.support.troubles import BROKEN, UNHEARD, UNUSUAL

TROUBLES = {f"done-{name}": trouble for name, trouble in BROKEN.items()}
TROUBLES |= {f"unheard-{name}": trouble for name, trouble in UNHEARD.items()}
GOOD = {f"good-{name}": trouble for name, trouble in UNUSUAL.items()}


@dataclass(frozen=True)
class ApplyResult:
    harness: NetworkHarness
    wire: HostileWire
    voice_ids: dict[str, str]  # address -> voice_id, before the deletion
    code: int
    events: list[dict[str, Any]]

    def said(self, kind: str, address: str) -> list[str]:
        return [e.get("detail", "") for e in self.events if e["type"] == kind and e.get("address") == address]

    def deletes_sent(self, address: str) -> int:
        return [a.about for a in self.wire.seen if a.operation == "delete"].count(self.voice_ids[address])


def removed(harness: NetworkHarness, wire: HostileWire, troubles: dict[str, Any], *, times: int) -> ApplyResult:
    """Creates voices, removes all but one from the manifest, and applies; troubles hit the deletes."""
    harness.declare(*troubles, "narrator")
    harness.apply(code=0)
    rows = harness.run("output", "--json", code=0).json
    voice_ids = {address: row["voice_id"] for address, row in rows.items()}
    for name, trouble in troubles.items():
        wire.trouble("delete", trouble, about=voice_ids[name], times=times)
    harness.declare("narrator")
    ran = harness.apply("--json", "--allow-deletes", str(len(troubles)))
    return ApplyResult(harness, wire, voice_ids, ran.code, ran.events)


@pytest.fixture(scope="module")
def troubled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApplyResult]:
    with KlingService(api_key=KEY) as kling, HostileWire(kling.url) as wire:
        harness = NetworkHarness(tmp_path_factory.mktemp("once"), kling, wire.url)
        yield removed(harness, wire, TROUBLES | GOOD, times=1)


def test_only_what_left_the_manifest_is_gone(troubled_once: ApplyResult) -> None:
    assert troubled_once.harness.left == ["narrator"]


def test_one_apply_settles_them_all(troubled_once: ApplyResult) -> None:
    assert troubled_once.code == 0
    assert troubled_once.harness.actions() == {}


def test_no_delete_buys_anything(troubled_once: ApplyResult) -> None:
    assert len(troubled_once.harness.bought) == len(TROUBLES | GOOD) + 1


def test_lost_deletes_are_reported_and_sent_again(troubled_once: ApplyResult) -> None:
    for name in TROUBLES:
        [message] = troubled_once.said("retrying", name)
        assert message.startswith("POST /v1/general/delete-voices: ")
        assert message.endswith("; the call may have been executed")
    assert {name: troubled_once.deletes_sent(name) for name in TROUBLES} == dict.fromkeys(TROUBLES, 2)


def test_unusual_answers_are_read(troubled_once: ApplyResult) -> None:
    assert {name: troubled_once.deletes_sent(name) for name in GOOD} == dict.fromkeys(GOOD, 1)


# -- trouble that lasts ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def never_arriving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApplyResult]:
    with KlingService(api_key=KEY) as kling, HostileWire(kling.url) as wire:
        harness = NetworkHarness(tmp_path_factory.mktemp("never"), kling, wire.url)
        harness.timeouts = {
            "connect": "0.5s",
            "read": "0.4s",
            "operation": "2s",
        }  # a delete is given up after `operation`
        yield removed(harness, wire, {n: t for n, t in TROUBLES.items() if n.startswith("unheard-")}, times=99)


def test_a_delete_that_never_arrives_is_reported_with_the_next_command(never_arriving: ApplyResult) -> None:
    assert never_arriving.code == 1
    for end in [e for e in never_arriving.events if e["type"] == "failed"]:
        assert end["provider"] == "kling"
        assert end["detail"].startswith(f"could not delete {never_arriving.voice_ids[end['address']]}: POST ")
        assert end["hint"] == "The next apply tries again."
    assert never_arriving.events[-1]["failed"] == len(UNHEARD)


def test_the_next_apply_deletes_them(never_arriving: ApplyResult) -> None:
    harness = never_arriving.harness
    assert set(harness.actions().values()) == {"delete"}
    never_arriving.wire.heal()
    harness.apply(code=0)
    assert harness.left == ["narrator"]
    assert harness.actions() == {}

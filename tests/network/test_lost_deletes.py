"""A delete that meets trouble is made again until the voice is gone, and nothing else goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.network.place import KEY, Place
from tests.support.hostile_wire import HostileWire
from tests.support.kling_service import KlingService
from tests.support.troubles import BROKEN, UNHEARD, UNUSUAL

TROUBLES = {f"done-{name}": trouble for name, trouble in BROKEN.items()}
TROUBLES |= {f"unheard-{name}": trouble for name, trouble in UNHEARD.items()}
GOOD = {f"good-{name}": trouble for name, trouble in UNUSUAL.items()}


@dataclass(frozen=True)
class Fleet:
    place: Place
    wire: HostileWire
    voice_ids: dict[str, str]  # address -> voice_id, before the deletion
    code: int
    events: list[dict[str, Any]]

    def said(self, kind: str, address: str) -> list[str]:
        return [e.get("detail", "") for e in self.events if e["type"] == kind and e.get("address") == address]

    def asked(self, address: str) -> int:
        return [a.about for a in self.wire.seen if a.operation == "delete"].count(self.voice_ids[address])


def removed(place: Place, wire: HostileWire, troubles: dict[str, Any], *, times: int) -> Fleet:
    """Voices that were made, and then taken out of the manifest; their deletes meet trouble. One more stays."""
    place.declare(*troubles, "narrator")
    place.apply(code=0)
    rows = place.run("output", "--json", code=0).json
    voice_ids = {address: row["voice_id"] for address, row in rows.items()}
    for name, trouble in troubles.items():
        wire.trouble("delete", trouble, about=voice_ids[name], times=times)
    place.declare("narrator")
    ran = place.apply("--json", "--allow-deletes", str(len(troubles)))
    return Fleet(place, wire, voice_ids, ran.code, ran.events)


@pytest.fixture(scope="module")
def troubled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with KlingService(api_key=KEY) as kling, HostileWire(kling.url) as wire:
        place = Place(tmp_path_factory.mktemp("once"), kling, wire.url)
        yield removed(place, wire, TROUBLES | GOOD, times=1)


def test_only_what_left_the_manifest_is_gone(troubled_once: Fleet) -> None:
    assert troubled_once.place.left == ["narrator"]


def test_one_apply_settles_them_all(troubled_once: Fleet) -> None:
    assert troubled_once.code == 0
    assert troubled_once.place.actions() == {}


def test_no_delete_buys_anything(troubled_once: Fleet) -> None:
    assert len(troubled_once.place.bought) == len(TROUBLES | GOOD) + 1


def test_lost_deletes_are_told_and_made_again(troubled_once: Fleet) -> None:
    for name in TROUBLES:
        [told] = troubled_once.said("retrying", name)
        assert told.startswith("POST /v1/general/delete-voices: ")
        assert told.endswith("; it may have happened")
    assert {name: troubled_once.asked(name) for name in TROUBLES} == dict.fromkeys(TROUBLES, 2)


def test_unusual_answers_are_read(troubled_once: Fleet) -> None:
    assert {name: troubled_once.asked(name) for name in GOOD} == dict.fromkeys(GOOD, 1)


# -- trouble that lasts ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def never_arriving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with KlingService(api_key=KEY) as kling, HostileWire(kling.url) as wire:
        place = Place(tmp_path_factory.mktemp("never"), kling, wire.url)
        place.timeouts = {"connect": "0.5s", "read": "0.4s", "operation": "2s"}  # and a delete is given up after that
        yield removed(place, wire, {n: t for n, t in TROUBLES.items() if n.startswith("unheard-")}, times=99)


def test_a_delete_that_never_arrives_is_told_with_the_way_on(never_arriving: Fleet) -> None:
    assert never_arriving.code == 1
    for end in [e for e in never_arriving.events if e["type"] == "failed"]:
        assert end["provider"] == "kling"
        assert end["detail"].startswith(f"could not delete {never_arriving.voice_ids[end['address']]}: POST ")
        assert end["hint"] == "The next apply tries again."
    assert never_arriving.events[-1]["failed"] == len(UNHEARD)


def test_the_next_apply_deletes_them(never_arriving: Fleet) -> None:
    place = never_arriving.place
    assert set(place.actions().values()) == {"delete"}
    never_arriving.wire.heal()
    place.apply(code=0)
    assert place.left == ["narrator"]
    assert place.actions() == {}

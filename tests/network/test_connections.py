"""Connections that never open, end too early, or speak an older tongue."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from tests.network.place import Place
from tests.support.hostile_wire import HostileWire, Trouble, Turn
from tests.support.kling_service import KlingService
from tests.support.troubles import BROKEN, UNUSUAL


def then_down(turn: Turn) -> None:
    """The answer comes, and from then on nothing listens."""
    begun, body = turn.passed_on()
    turn.wire.down(but=turn.line)
    turn.send(begun, body)


def arrived_then_down(turn: Turn) -> None:
    """The work is done, no answer comes, and from then on nothing listens."""
    turn.passed_on()
    turn.wire.down(but=turn.line)
    turn.reset()


def down_for(seconds: float) -> Trouble:
    def trouble(turn: Turn) -> None:
        then_down(turn)
        threading.Timer(seconds, turn.wire.up).start()

    return trouble


def then_reset_the_next(turn: Turn) -> None:
    """The answer comes; the next connection is reset as soon as it opens."""
    turn.wire.resets = 1
    turn.send(*turn.passed_on())


def then_reset_this_one(turn: Turn) -> None:
    """The answer comes, and the connection is reset while it waits to be used again."""
    turn.send(*turn.passed_on())
    turn.wait(0.05)
    turn.reset()


# -- nothing listens ---------------------------------------------------------------------------------------------------


def test_where_nothing_listens_a_plan_says_so_and_what_to_check(place: Place, wire: HostileWire) -> None:
    place.timeouts = {"operation": "1s"}
    place.declare("narrator")
    wire.down()
    ran = place.run("plan", code=1)
    assert f"GET /v1/general/custom-voices: no connection to {wire.host}: connection refused" in ran.err
    assert "nothing was sent" in ran.err
    assert "Is the endpoint right, and is there a way to it (network, firewall, proxy)?" in ran.err
    assert ran.out == ""


def test_where_nothing_listens_an_apply_leaves_nothing_behind(place: Place, wire: HostileWire) -> None:
    place.timeouts = {"operation": "1s"}
    place.declare("narrator")
    wire.down()
    place.apply(code=1)
    assert not (place.folder / "voices.state.json").exists()


def test_a_name_that_leads_nowhere_is_said(tmp_path: Path, kling: KlingService) -> None:
    place = Place(tmp_path, kling, "http://no-such-cloud.invalid", timeouts={"operation": "0.1s"})
    place.declare("narrator")
    ran = place.run("plan", code=1)
    assert "no connection to no-such-cloud.invalid: its name leads nowhere" in ran.err
    assert "nothing was sent" in ran.err


def test_a_cloud_that_is_gone_after_the_plan_stops_the_run_with_nothing_bought(place: Place, wire: HostileWire) -> None:
    place.declare("narrator", "hero")
    wire.trouble("list", then_down)
    ran = place.apply(code=1)
    assert place.bought == []
    assert f"POST /v1/general/custom-voices: no connection to {wire.host}: connection refused" in ran.out
    assert "stopped, nothing new is started" in ran.out
    assert "nothing was sent -> Is the endpoint right" in ran.out
    assert "2 not begun" in ran.out
    assert place.cli.state["records"] == {}

    wire.heal()
    place.apply(code=0)
    assert place.bought == ["hero", "narrator"]
    assert place.actions() == {}


def test_a_cloud_that_is_gone_for_a_moment_is_waited_for(place: Place, wire: HostileWire) -> None:
    place.declare("narrator", "hero")
    wire.trouble("list", down_for(0.5))
    ran = place.apply(code=0)
    assert "trying again: POST /v1/general/custom-voices: no connection" in ran.out
    assert place.bought == ["hero", "narrator"]
    assert wire.count("create") == 2
    assert place.actions() == {}


def test_a_cloud_that_is_gone_after_a_create_leaves_it_to_the_next_apply(place: Place, wire: HostileWire) -> None:
    place.timeouts = {"connect": "0.5s", "read": "0.4s", "operation": "2s"}
    place.declare("narrator")
    wire.trouble("create", arrived_then_down)
    ran = place.apply(code=1)
    assert "POST /v1/general/custom-voices: no answer: connection reset by peer; it may have happened" in ran.out
    assert "stopped, nothing new is started: GET /v1/general/custom-voices/vc-" in ran.out
    assert "the call's outcome is not known yet (1 of 1) -> The next apply looks it up and goes on." in ran.out
    [record] = place.cli.state["records"].values()
    assert (record["status"], record["attempts"]) == ("intended", 1)

    wire.heal()
    assert place.actions() == {"narrator": "recover"}
    place.apply(code=0)
    assert place.bought == ["narrator"]
    assert wire.count("create") == 1


def test_a_cloud_that_is_gone_after_a_delete_leaves_it_to_the_next_apply(place: Place, wire: HostileWire) -> None:
    place.declare("narrator", "hero")
    place.apply(code=0)
    place.declare("narrator")
    wire.trouble("delete", arrived_then_down)
    ran = place.apply(code=1)
    assert "POST /v1/general/delete-voices: no answer: connection reset by peer; it may have happened" in ran.out
    wire.heal()
    place.apply(code=0)
    assert place.left == ["narrator"]
    assert place.actions() == {}


# -- connections that end too early ------------------------------------------------------------------------------------


def test_a_connection_that_is_reset_before_it_is_read_buys_one_voice(place: Place, wire: HostileWire) -> None:
    place.declare("narrator")
    wire.trouble("list", then_reset_the_next)
    ran = place.apply(code=0)
    [told] = [line for line in ran.out.splitlines() if "trying again" in line]
    assert told.endswith(("; nothing was sent", "; it may have happened"))  # the system tells it in one way or another
    assert place.bought == ["narrator"]
    assert place.actions() == {}


def test_kept_connections_that_the_server_closes_buy_nothing_twice(place: Place, wire: HostileWire) -> None:
    names = [f"voice-{n}" for n in range(12)]
    wire.keeps_alive = False  # and says it of none
    place.declare(*names)
    place.apply(code=0)
    place.apply(code=0)
    assert place.bought == sorted(names)
    assert place.actions() == {}


def test_a_kept_connection_that_the_server_resets_buys_one_voice(place: Place, wire: HostileWire) -> None:
    place.declare("narrator")
    wire.trouble("list", then_reset_this_one)
    place.apply(code=0)
    assert place.bought == ["narrator"]
    assert place.actions() == {}


@pytest.mark.parametrize("how", ["stall"])
def test_a_poll_that_is_lost_is_made_again(place: Place, wire: HostileWire, kling: KlingService, how: str) -> None:
    kling.task_seconds = 1.0
    place.declare("narrator")
    wire.trouble("get", BROKEN[how])
    place.apply(code=0)
    assert wire.count("create") == 1
    assert place.actions() == {}


# -- other tongues -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["http-1-0"])
def test_a_server_that_is_always_like_this_is_worked_with(place: Place, wire: HostileWire, how: str) -> None:
    place.declare("narrator", "hero")
    wire.trouble("any", UNUSUAL[how], times=999)
    place.apply(code=0)
    place.declare("narrator")
    place.apply(code=0)
    assert (place.bought, place.left) == (["hero", "narrator"], ["narrator"])
    assert (wire.count("create"), wire.count("delete")) == (2, 1)


def test_an_endpoint_may_be_an_address_of_ipv6(tmp_path: Path, kling: KlingService) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with HostileWire(kling.url, family=socket.AF_INET6) as wire:
        place = Place(tmp_path, kling, wire.url)
        place.declare("narrator")
        place.apply(code=0)
        assert place.bought == ["narrator"]
        wire.down()
        place.timeouts = {"operation": "0.1s"}
        place.declare("narrator")
        assert f"no connection to {wire.host}: connection refused" in place.run("plan", code=1).err

"""Connections that never open, that end too early, or that use an older HTTP."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from tests.network.place import NetworkHarness
from tests.support.hostile_wire import Exchange, HostileWire, Trouble
from tests.support.kling_service import KlingService
from tests.support.troubles import BROKEN, UNUSUAL


def then_down(exchange: Exchange) -> None:
    """Answers, and then stops to listen."""
    begun, body = exchange.forward()
    exchange.wire.down(but=exchange.connection)
    exchange.send(begun, body)


def arrived_then_down(exchange: Exchange) -> None:
    """Does the work, does not answer, and stops to listen."""
    exchange.forward()
    exchange.wire.down(but=exchange.connection)
    exchange.reset()


def down_for(seconds: float) -> Trouble:
    def trouble(exchange: Exchange) -> None:
        then_down(exchange)
        threading.Timer(seconds, exchange.wire.up).start()

    return trouble


def then_reset_the_next(exchange: Exchange) -> None:
    """Answers, and resets the next connection as soon as it opens."""
    exchange.wire.resets = 1
    exchange.send(*exchange.forward())


def then_reset_this_one(exchange: Exchange) -> None:
    """Answers, and resets the connection while it is idle."""
    exchange.send(*exchange.forward())
    exchange.wait(0.05)
    exchange.reset()


# -- nothing listens ---------------------------------------------------------------------------------------------------


def test_where_nothing_listens_a_plan_says_so_and_what_to_check(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.timeouts = {"operation": "1s"}
    harness.declare("narrator")
    wire.down()
    ran = harness.run("plan", code=1)
    assert f"GET /v1/general/custom-voices: no connection to {wire.host}: connection refused" in ran.err
    assert "nothing was sent" in ran.err
    assert "Check the endpoint, and the network, firewall and proxy on the way to it." in ran.err
    assert ran.out == ""


def test_where_nothing_listens_an_apply_leaves_nothing_behind(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.timeouts = {"operation": "1s"}
    harness.declare("narrator")
    wire.down()
    harness.apply(code=1)
    assert not (harness.folder / "voices.state.json").exists()


def test_a_name_that_leads_nowhere_is_reported(tmp_path: Path, kling: KlingService) -> None:
    harness = NetworkHarness(tmp_path, kling, "http://no-such-cloud.invalid", timeouts={"operation": "0.1s"})
    harness.declare("narrator")
    ran = harness.run("plan", code=1)
    assert "no connection to no-such-cloud.invalid: its name leads nowhere" in ran.err
    assert "nothing was sent" in ran.err


def test_a_cloud_that_is_gone_after_the_plan_stops_the_run_with_nothing_bought(
    harness: NetworkHarness, wire: HostileWire
) -> None:
    harness.declare("narrator", "hero")
    wire.trouble("list", then_down)
    ran = harness.apply(code=1)
    assert harness.bought == []
    assert f"POST /v1/general/custom-voices: no connection to {wire.host}: connection refused" in ran.out
    assert "stopped, nothing new is started" in ran.out
    assert "nothing was sent -> Check the endpoint, and the network" in ran.out
    assert "2 not begun" in ran.out
    assert harness.cli.state["records"] == {}

    wire.heal()
    harness.apply(code=0)
    assert harness.bought == ["hero", "narrator"]
    assert harness.actions() == {}


def test_a_cloud_that_is_gone_for_a_moment_is_waited_for(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.declare("narrator", "hero")
    wire.trouble("list", down_for(0.5))
    ran = harness.apply(code=0)
    assert "trying again: POST /v1/general/custom-voices: no connection" in ran.out
    assert harness.bought == ["hero", "narrator"]
    assert wire.count("create") == 2
    assert harness.actions() == {}


def test_a_cloud_that_is_gone_after_a_create_leaves_it_to_the_next_apply(
    harness: NetworkHarness, wire: HostileWire
) -> None:
    harness.timeouts = {"connect": "0.5s", "read": "0.4s", "operation": "2s"}
    harness.declare("narrator")
    wire.trouble("create", arrived_then_down)
    ran = harness.apply(code=1)
    assert (
        "POST /v1/general/custom-voices: no answer: connection reset by peer; the call may have been executed"
        in ran.out
    )
    assert "stopped, nothing new is started: GET /v1/general/custom-voices/vc-" in ran.out
    assert "the call's outcome is not known yet (1 of 1) -> The next apply looks it up and goes on." in ran.out
    [record] = harness.cli.state["records"].values()
    assert (record["status"], record["attempts"]) == ("intended", 1)

    wire.heal()
    assert harness.actions() == {"narrator": "recover"}
    harness.apply(code=0)
    assert harness.bought == ["narrator"]
    assert wire.count("create") == 1


def test_a_cloud_that_is_gone_after_a_delete_leaves_it_to_the_next_apply(
    harness: NetworkHarness, wire: HostileWire
) -> None:
    harness.declare("narrator", "hero")
    harness.apply(code=0)
    harness.declare("narrator")
    wire.trouble("delete", arrived_then_down)
    ran = harness.apply(code=1)
    assert (
        "POST /v1/general/delete-voices: no answer: connection reset by peer; the call may have been executed"
        in ran.out
    )
    wire.heal()
    harness.apply(code=0)
    assert harness.left == ["narrator"]
    assert harness.actions() == {}


# -- connections that end too early ------------------------------------------------------------------------------------


def test_a_connection_that_is_reset_before_it_is_read_buys_one_voice(
    harness: NetworkHarness, wire: HostileWire
) -> None:
    harness.declare("narrator")
    wire.trouble("list", then_reset_the_next)
    ran = harness.apply(code=0)
    [message] = [line for line in ran.out.splitlines() if "trying again" in line]
    assert message.endswith(("; nothing was sent", "; the call may have been executed"))  # depends on the system
    assert harness.bought == ["narrator"]
    assert harness.actions() == {}


def test_kept_connections_that_the_server_closes_buy_nothing_twice(harness: NetworkHarness, wire: HostileWire) -> None:
    names = [f"voice-{n}" for n in range(12)]
    wire.keeps_alive = False  # without a header that says so
    harness.declare(*names)
    harness.apply(code=0)
    harness.apply(code=0)
    assert harness.bought == sorted(names)
    assert harness.actions() == {}


def test_a_kept_connection_that_the_server_resets_buys_one_voice(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.declare("narrator")
    wire.trouble("list", then_reset_this_one)
    harness.apply(code=0)
    assert harness.bought == ["narrator"]
    assert harness.actions() == {}


@pytest.mark.parametrize("how", ["stall"])
def test_a_poll_that_is_lost_is_made_again(
    harness: NetworkHarness, wire: HostileWire, kling: KlingService, how: str
) -> None:
    kling.task_seconds = 1.0
    harness.declare("narrator")
    wire.trouble("get", BROKEN[how])
    harness.apply(code=0)
    assert wire.count("create") == 1
    assert harness.actions() == {}


# -- other tongues -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["http-1-0"])
def test_a_server_that_always_does_this_still_works(harness: NetworkHarness, wire: HostileWire, how: str) -> None:
    harness.declare("narrator", "hero")
    wire.trouble("any", UNUSUAL[how], times=999)
    harness.apply(code=0)
    harness.declare("narrator")
    harness.apply(code=0)
    assert (harness.bought, harness.left) == (["hero", "narrator"], ["narrator"])
    assert (wire.count("create"), wire.count("delete")) == (2, 1)


def test_an_endpoint_may_be_an_address_of_ipv6(tmp_path: Path, kling: KlingService) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with HostileWire(kling.url, family=socket.AF_INET6) as wire:
        harness = NetworkHarness(tmp_path, kling, wire.url)
        harness.declare("narrator")
        harness.apply(code=0)
        assert harness.bought == ["narrator"]
        wire.down()
        harness.timeouts = {"operation": "0.1s"}
        harness.declare("narrator")
        assert f"no connection to {wire.host}: connection refused" in harness.run("plan", code=1).err

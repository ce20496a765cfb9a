"""Errors of a CDN or a gateway before the cloud: the cloud may or may not have got the request."""

from __future__ import annotations

import pytest

from tests.network.place import NetworkHarness
from tests.support.hostile_wire import HostileWire
from tests.support.troubles import HTML, answering

BUSY = answering(429, HTML, "Content-Type: text/html", "Retry-After: 1")


def test_a_create_that_a_gateway_held_back_is_sent_again_when_it_says(
    harness: NetworkHarness, wire: HostileWire
) -> None:
    harness.declare("narrator")
    wire.trouble("create", BUSY)
    ran = harness.apply(code=0)
    assert (
        "narrator: create: slowed down: POST /v1/general/custom-voices: HTTP 429, and not a reply of Kling's" in ran.out
    )
    assert (wire.count("create"), wire.count("get")) == (2, 1)  # not looked up: nothing had happened
    assert harness.bought == ["narrator"]


def test_a_gateway_that_is_busy_for_good_ends_a_plan_with_its_words(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.timeouts = {"operation": "2s"}
    harness.declare("narrator")
    wire.trouble("list", BUSY, times=99)
    ran = harness.run("plan", code=1)
    assert "Error: The cloud asks to slow down" in ran.err
    assert "HTTP 429, and not a reply of Kling's" in ran.err
    assert wire.count("list") == 2  # at 0 and 1 s; a third would begin after the 2 s


@pytest.mark.parametrize("status", [401, 407])
def test_a_gateway_that_refuses_us_stops_a_run_with_nothing_bought(
    harness: NetworkHarness, wire: HostileWire, status: int
) -> None:
    harness.declare("narrator", "hero")
    wire.trouble("create", answering(status, HTML, "Content-Type: text/html"), times=99)
    ran = harness.apply(code=1)
    assert f"stopped, nothing new is started: POST /v1/general/custom-voices: HTTP {status}" in ran.out
    assert "the call was not executed -> Check the endpoint. A proxy in between may have answered." in ran.out
    assert harness.bought == []
    assert harness.cli.state["records"] == {}


@pytest.mark.parametrize("status", [404, 413])
def test_a_create_that_a_gateway_could_not_pass_on_is_refused_and_not_bought_again(
    harness: NetworkHarness, wire: HostileWire, status: int
) -> None:
    harness.declare("narrator")
    wire.trouble("create", answering(status, HTML, "Content-Type: text/html"), times=99)
    assert f"HTTP {status}, and not a reply of Kling's" in harness.apply(code=1).out
    assert "--retry narrator" in harness.apply(code=1).out
    assert wire.count("create") == 1


@pytest.mark.parametrize("status", [403, 500, 502, 503, 504, 520, 524])
def test_a_create_that_a_gateway_lost_is_looked_up_before_it_is_sent_again(
    harness: NetworkHarness, wire: HostileWire, status: int
) -> None:
    harness.declare("narrator")
    wire.trouble("create", answering(status, HTML, "Content-Type: text/html"))
    ran = harness.apply(code=0)
    assert f"looking up what became of the call: POST /v1/general/custom-voices: HTTP {status}" in ran.out
    calls = [request.operation for request in wire.seen if request.operation in ("create", "get")]
    assert calls[:4] == ["create", "get", "get", "create"]
    assert harness.bought == ["narrator"]

"""A provider's `timeouts:` connect, read and operation. Each ends a call with a message that names it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.network.place import NetworkHarness
from tests.support.hostile_wire import Exchange, HostileWire
from tests.support.troubles import BROKEN, DRIPPING, UNHEARD


@contextmanager
def full_backlog(port: int) -> Iterator[None]:
    """A port that listens, but accepts no connection, because its backlog is full."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        full.bind(("127.0.0.1", port))
        full.listen(0)
        for _ in range(4):
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(full.getsockname())
        yield


def test_timeouts_connect_ends_a_plan(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.timeouts = {"connect": "0.3s", "operation": "1s"}
    harness.declare("narrator")
    wire.down()
    with full_backlog(int(wire.host.rpartition(":")[2])):
        ran = harness.run("plan", code=1)
    message = f"GET /v1/general/custom-voices: no connection to {wire.host} within 0.3 s (timeouts.connect)"
    assert f"{message}; nothing was sent" in ran.err
    assert "Check the endpoint, and the network" in ran.err


@pytest.mark.parametrize("operation", ["create", "delete"])
def test_timeouts_connect_ends_a_call_that_changes_something(
    harness: NetworkHarness, wire: HostileWire, operation: str
) -> None:
    harness.timeouts = {"connect": "0.3s", "read": "0.4s", "operation": "20s"}
    if operation == "delete":
        harness.declare("narrator", "hero")
        harness.apply(code=0)
        wire.seen.clear()
    harness.declare("narrator")
    with ExitStack() as stack:

        def then_full(exchange: Exchange) -> None:
            begun, body = exchange.forward()
            if b'"data":[]' in body.replace(b" ", b""):  # the last page of the list
                exchange.wire.down(but=exchange.connection)
                stack.enter_context(full_backlog(int(wire.host.rpartition(":")[2])))
            exchange.send(begun, body)

        wire.trouble("list", then_full, times=2)
        ran = harness.apply(code=1)
    assert f"no connection to {wire.host} within 0.3 s (timeouts.connect); nothing was sent" in ran.out
    assert "stopped, nothing new is started: POST /v1/general/" in ran.out
    assert wire.count(operation) == 0

    wire.heal()
    harness.apply(code=0)
    assert wire.count(operation) == 1
    assert harness.actions() == {}


def test_timeouts_read_ends_a_create_that_is_then_looked_up(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.declare("narrator")
    wire.trouble("create", BROKEN["stall"])
    ran = harness.apply(code=0)
    message = "POST /v1/general/custom-voices: no answer within 0.4 s (timeouts.read); the call may have been executed"
    assert f"narrator: create: trying again: looking up what became of the call: {message}" in ran.out
    assert wire.count("create") == 1


@pytest.mark.parametrize("how", ["dripping-head"])
def test_timeouts_operation_ends_a_delete_whose_answer_drips(
    harness: NetworkHarness, wire: HostileWire, how: str
) -> None:
    harness.timeouts = {"connect": "0.5s", "read": "0.4s", "operation": "1s"}
    harness.declare("narrator", "hero")
    harness.apply(code=0)
    harness.declare("narrator")
    wire.trouble("delete", DRIPPING[how])
    ran = harness.apply(code=1)
    late = "POST /v1/general/delete-voices: no whole answer within 1 s (timeouts.operation)"
    assert f"{late}; the call may have been executed" in ran.out
    assert "The next apply tries again." in ran.out
    harness.apply(code=0)
    assert harness.left == ["narrator"]
    assert harness.actions() == {}


def test_timeouts_operation_ends_the_tries_of_a_list(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.timeouts = {"connect": "0.5s", "read": "0.4s", "operation": "1s"}
    harness.declare("narrator")
    wire.trouble("list", UNHEARD["stall"], times=99)
    harness.run("plan", code=1)
    assert wire.count("list") == 2  # at 0 and 0.9 s; a third would begin at 2.3 s


def test_timeouts_operation_ends_the_wait_for_a_task(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.kling.task_seconds = 3.0
    harness.timeouts = {"operation": "1s"}
    harness.declare("narrator")
    ran = harness.apply(code=1)
    assert "its task has not ended after 1 s" in ran.out
    assert "The next apply goes on with it, and pays nothing." in ran.out
    assert harness.actions() in ({"narrator": "resume"}, {"narrator": "recover"})
    assert wire.count("create") == 1


@pytest.mark.parametrize("none", [0, "0s"])
@pytest.mark.parametrize("which", ["connect", "read", "operation"])
def test_no_timeout_is_zero(harness: NetworkHarness, which: str, none: float | str) -> None:
    harness.timeouts = {which: none}
    harness.declare("narrator")
    assert f"providers.kling.timeouts.{which}: should be more than 0" in harness.run("plan", code=1).err
    assert harness.kling.calls == []

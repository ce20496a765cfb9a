"""`timeouts:` in a provider: connect, read and operation. Each ends a call with a message that names it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.network.place import Place
from tests.support.hostile_wire import HostileWire, Turn
from tests.support.troubles import BROKEN, DRIPPING, UNHEARD


@contextmanager
def listener_error(port: int) -> Iterator[None]:
    """A port that listens, and where no connection opens any more: its queue is full."""
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


def test_timeouts_connect_ends_a_plan(place: Place, wire: HostileWire) -> None:
    place.timeouts = {"connect": "0.3s", "operation": "1s"}
    place.declare("narrator")
    wire.down()
    with listener_error(int(wire.host.rpartition(":")[2])):
        ran = place.run("plan", code=1)
    told = f"GET /v1/general/custom-voices: no connection to {wire.host} within 0.3 s (timeouts.connect)"
    assert f"{told}; nothing was sent" in ran.err
    assert "Is the endpoint right" in ran.err


@pytest.mark.parametrize("operation", ["create", "delete"])
def test_timeouts_connect_ends_a_call_that_changes_something(place: Place, wire: HostileWire, operation: str) -> None:
    place.timeouts = {"connect": "0.3s", "read": "0.4s", "operation": "20s"}
    if operation == "delete":
        place.declare("narrator", "hero")
        place.apply(code=0)
        wire.seen.clear()
    place.declare("narrator")
    with ExitStack() as stack:

        def then_deaf(turn: Turn) -> None:
            begun, body = turn.passed_on()
            if b'"data":[]' in body.replace(b" ", b""):  # the page that ends the list
                turn.wire.down(but=turn.line)
                stack.enter_context(listener_error(int(wire.host.rpartition(":")[2])))
            turn.send(begun, body)

        wire.trouble("list", then_deaf, times=2)
        ran = place.apply(code=1)
    assert f"no connection to {wire.host} within 0.3 s (timeouts.connect); nothing was sent" in ran.out
    assert "stopped, nothing new is started: POST /v1/general/" in ran.out
    assert wire.count(operation) == 0

    wire.heal()
    place.apply(code=0)
    assert wire.count(operation) == 1
    assert place.actions() == {}


def test_timeouts_read_ends_a_create_that_is_then_looked_up(place: Place, wire: HostileWire) -> None:
    place.declare("narrator")
    wire.trouble("create", BROKEN["stall"])
    ran = place.apply(code=0)
    told = "POST /v1/general/custom-voices: no answer within 0.4 s (timeouts.read); it may have happened"
    assert f"narrator: create: trying again: looking up what became of the call: {told}" in ran.out
    assert wire.count("create") == 1


@pytest.mark.parametrize("how", ["dripping-head"])
def test_timeouts_operation_ends_a_delete_whose_answer_drips(place: Place, wire: HostileWire, how: str) -> None:
    place.timeouts = {"connect": "0.5s", "read": "0.4s", "operation": "1s"}
    place.declare("narrator", "hero")
    place.apply(code=0)
    place.declare("narrator")
    wire.trouble("delete", DRIPPING[how])
    ran = place.apply(code=1)
    told = "POST /v1/general/delete-voices: no whole answer within 1 s (timeouts.operation); it may have happened"
    assert told in ran.out
    assert "The next apply tries again." in ran.out
    place.apply(code=0)
    assert place.left == ["narrator"]
    assert place.actions() == {}


def test_timeouts_operation_ends_the_tries_of_a_list(place: Place, wire: HostileWire) -> None:
    place.timeouts = {"connect": "0.5s", "read": "0.4s", "operation": "1s"}
    place.declare("narrator")
    wire.trouble("list", UNHEARD["stall"], times=99)
    place.run("plan", code=1)
    assert wire.count("list") == 2  # at 0 and 0.9 s; a third would begin at 2.3 s


def test_timeouts_operation_ends_the_wait_for_a_task(place: Place, wire: HostileWire) -> None:
    place.kling.task_seconds = 3.0
    place.timeouts = {"operation": "1s"}
    place.declare("narrator")
    ran = place.apply(code=1)
    assert "its task has not ended after 1 s" in ran.out
    assert "The next apply goes on with it, and pays nothing." in ran.out
    assert place.actions() in ({"narrator": "resume"}, {"narrator": "recover"})
    assert wire.count("create") == 1


@pytest.mark.parametrize("none", [0, "0s"])
@pytest.mark.parametrize("which", ["connect", "read", "operation"])
def test_no_timeout_is_zero(place: Place, which: str, none: float | str) -> None:
    place.timeouts = {which: none}
    place.declare("narrator")
    assert f"providers.kling.timeouts.{which}: should be more than 0" in place.run("plan", code=1).err
    assert place.kling.calls == []

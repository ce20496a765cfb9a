"""A redirect is reported and never followed: its target would get the key of the account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.network.place import SIGNATURE, NetworkHarness
from tests.support.hostile_wire import HostileWire, Trouble
from tests.support.kling_service import KlingService
from tests.support.troubles import answering

REPEAT = (307, 308)  # "repeat the call there": so nothing was done here
AFTER_WORK = (301, 302, 303)  # a server may also send them after the work


@pytest.fixture
def elsewhere(kling: KlingService) -> Iterator[KlingService]:
    """Another server that would accept the same key."""
    with KlingService(api_key=kling.api_key) as other:
        yield other


def to(target: str, status: int) -> Trouble:
    return answering(status, b"", f"Location: {target}/v1/general/custom-voices?token={SIGNATURE}")


@pytest.mark.parametrize("status", [*AFTER_WORK, *REPEAT])
def test_a_list_is_not_redirected(
    harness: NetworkHarness, wire: HostileWire, elsewhere: KlingService, status: int
) -> None:
    harness.declare("narrator")
    wire.trouble("list", to(elsewhere.url, status), times=99)
    ran = harness.run("plan", code=1)
    where = f"a redirect to {elsewhere.url}/v1/general/custom-voices?***, not followed: it would take the key along"
    assert f"GET /v1/general/custom-voices: HTTP {status}, {where}; the call was not executed" in ran.err
    assert "If that is the cloud, name it as the provider's endpoint" in ran.err
    assert wire.count("list") == 1
    assert elsewhere.calls == []


@pytest.mark.parametrize("status", REPEAT)
def test_a_redirected_create_stops_the_run_with_nothing_bought(
    harness: NetworkHarness, wire: HostileWire, elsewhere: KlingService, status: int
) -> None:
    harness.declare("narrator")
    wire.trouble("create", to(elsewhere.url, status), times=99)
    ran = harness.apply(code=1)
    assert f"stopped, nothing new is started: POST /v1/general/custom-voices: HTTP {status}, a redirect" in ran.out
    assert "; the call was not executed -> If that is the cloud, name it" in ran.out
    assert (harness.bought, elsewhere.calls, wire.count("create")) == ([], [], 1)
    assert harness.cli.state["records"] == {}

    wire.heal()
    assert harness.actions() == {"narrator": "create"}


@pytest.mark.parametrize("status", [302])
def test_a_create_that_may_have_been_redirected_after_the_work_is_looked_up(
    harness: NetworkHarness, wire: HostileWire, elsewhere: KlingService, status: int
) -> None:
    harness.declare("narrator")
    wire.trouble("create", to(elsewhere.url, status))
    ran = harness.apply(code=0)
    assert f"looking up what became of the call: POST /v1/general/custom-voices: HTTP {status}, a redirect" in ran.out
    assert "it would take the key along; the call may have been executed" in ran.out
    assert (harness.bought, elsewhere.calls) == (["narrator"], [])
    assert harness.actions() == {}


@pytest.mark.parametrize("status", [302, 308])
def test_a_redirected_delete_deletes_nothing_elsewhere(
    harness: NetworkHarness, wire: HostileWire, elsewhere: KlingService, status: int
) -> None:
    harness.declare("narrator", "hero")
    harness.apply(code=0)
    harness.declare("narrator")
    wire.trouble("delete", to(elsewhere.url, status))
    ran = harness.apply(code=1 if status in REPEAT else 0)
    assert f"POST /v1/general/delete-voices: HTTP {status}, a redirect to {elsewhere.url}" in ran.out
    harness.apply(code=0)
    assert (harness.left, elsewhere.calls) == (["narrator"], [])
    assert harness.actions() == {}


def test_a_redirect_within_the_same_server_is_not_followed_either(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.declare("narrator")
    wire.trouble("list", answering(301, b"", "Location: /v2/general/custom-voices"))
    ran = harness.run("plan", code=1)
    assert "a redirect to /v2/general/custom-voices, not followed" in ran.err
    assert [request.target.partition("?")[0] for request in wire.seen] == ["/v1/general/custom-voices"]


def test_a_redirect_to_a_hostile_place_is_shown_as_harmless_text(harness: NetworkHarness, wire: HostileWire) -> None:
    harness.declare("narrator")
    wire.trouble("list", answering(302, b"", "Location: http://evil.example.com/\u202e\x9b2J/" + "x" * 5000), times=99)
    ran = harness.run("plan", code=1)
    assert "HTTP 302, a redirect to http://evil" in ran.err
    assert not [c for c in ran.err if not c.isprintable() and c != "\n"]
    assert len(ran.err) < 1000

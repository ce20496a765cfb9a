"""A create that a trouble hits is paid once and finished by two applies at most; the messages say what was done.

One run serves many tests: each trouble has its own voice, and all voices are created together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.network.place import KEY, NetworkHarness
from tests.support.hostile_wire import HostileWire
from tests.support.kling_service import KlingService
from tests.support.troubles import BROKEN, DRIPPING, UNHEARD, UNUSUAL

LOST = {f"lost-{name}": trouble for name, trouble in BROKEN.items()}
UNKNOWN = {f"unheard-{name}": trouble for name, trouble in UNHEARD.items()}
GOOD = {f"good-{name}": trouble for name, trouble in UNUSUAL.items()}
ALL = LOST | UNKNOWN | GOOD | DRIPPING

WORDS = {
    "lost-reset": "no answer: connection reset by peer",
    "lost-closed": "no answer: Server disconnected without sending a response",
    "lost-stall": "no answer within 1 s (timeouts.read)",
    "lost-half-then-stall": "the answer broke off: nothing more came for 1 s (timeouts.read)",
    "lost-half-then-reset": "the answer broke off: connection reset by peer",
    "lost-too-short": "the answer broke off: peer closed connection without sending complete message body",
    "lost-no-last-chunk": "the answer broke off: peer closed connection without sending complete message body",
    "lost-bad-chunk": "the answer broke off: illegal chunk header",
    "lost-two-lengths": "no answer: conflicting Content-Length headers",
    "lost-html": "HTTP 200, and not a reply of Kling's: <html>",
    "lost-empty": "HTTP 200, and not a reply of Kling's: nothing",
    "lost-no-content": "HTTP 204, and not a reply of Kling's: nothing",
    "lost-garbage-10-MB": "HTTP 200, and not a reply of Kling's",
    "lost-no-gzip-at-all": "the answer can't be unpacked",
    "lost-gzip-bomb": "the answer is larger than 67108864 bytes",
    "lost-gzip-twice": "the answer is compressed as gzip, gzip",
    "lost-head-of-200-kB": "no answer: Receive buffer too long",
    "lost-gateway-502": "HTTP 502, and not a reply of Kling's",
    "lost-gateway-504": "HTTP 504, and not a reply of Kling's",
    "unheard-reset": "no answer: connection reset by peer",
    "unheard-closed": "no answer: Server disconnected without sending a response",
    "unheard-stall": "no answer within 1 s (timeouts.read)",
    "unheard-gateway-502": "HTTP 502, and not a reply of Kling's",
    "unheard-gateway-503": "HTTP 503, and not a reply of Kling's",
    "unheard-gateway-403": "HTTP 403, and not a reply of Kling's",
    "unheard-sign-in-page": "HTTP 200, and not a reply of Kling's",
    "unheard-no-http": "no answer: ",
    "drip": "no whole answer within 3 s (timeouts.operation)",
    "dripping-head": "no whole answer within 3 s (timeouts.operation)",
    "endless-news": "no whole answer within 3 s (timeouts.operation)",
}


@dataclass(frozen=True)
class ApplyResult:
    """The events and the exit code of an apply, and its requests."""

    harness: NetworkHarness
    wire: HostileWire
    code: int
    events: list[dict[str, Any]]

    def sent(self, name: str) -> list[bytes]:
        """The bodies of the creates of this voice_name."""
        return [request.body for request in self.wire.seen if request.operation == "create" and request.about == name]

    def said(self, kind: str, address: str) -> list[str]:
        return [e.get("detail", "") for e in self.events if e["type"] == kind and e.get("address") == address]


@pytest.fixture(scope="module")
def troubled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApplyResult]:
    """An apply in which a trouble hits the first create of every voice."""
    with KlingService(api_key=KEY) as kling, HostileWire(kling.url) as wire:
        harness = NetworkHarness(tmp_path_factory.mktemp("once"), kling, wire.url)
        harness.timeouts = {"connect": "1s", "read": "1s", "operation": "3s"}
        for name, trouble in ALL.items():
            wire.trouble("create", trouble, about=name)
        harness.declare(*ALL)
        ran = harness.apply("--json")
        yield ApplyResult(harness, wire, ran.code, ran.events)


def test_one_apply_settles_them_all(troubled_once: ApplyResult) -> None:
    assert troubled_once.code == 0
    assert troubled_once.events[-1]["done"] == len(ALL)


def test_every_voice_was_bought_once(troubled_once: ApplyResult) -> None:
    assert troubled_once.harness.bought == sorted(ALL)


def test_no_voice_is_left_that_the_state_does_not_know(troubled_once: ApplyResult) -> None:
    assert troubled_once.harness.held() == set(troubled_once.harness.kling.voices)


def test_the_plan_afterwards_is_empty(troubled_once: ApplyResult) -> None:
    assert troubled_once.harness.actions() == {}


def test_creates_that_arrived_are_looked_up_and_not_sent_again(troubled_once: ApplyResult) -> None:
    arrived = [*LOST, *DRIPPING]
    assert {name: len(troubled_once.sent(name)) for name in arrived} == dict.fromkeys(arrived, 1)


def test_creates_that_never_arrived_are_sent_again_with_their_key(troubled_once: ApplyResult) -> None:
    assert {name: len(troubled_once.sent(name)) for name in UNKNOWN} == dict.fromkeys(UNKNOWN, 2)
    assert {name: len(set(troubled_once.sent(name))) for name in UNKNOWN} == dict.fromkeys(UNKNOWN, 1)


def test_unusual_answers_are_read(troubled_once: ApplyResult) -> None:
    assert {name: troubled_once.said("retrying", name) for name in GOOD} == {name: [] for name in GOOD}


def test_what_was_done_and_what_was_not_is_reported(troubled_once: ApplyResult) -> None:
    call = "looking up what became of the call: POST /v1/general/custom-voices: "
    shown = {}
    for name, words in WORDS.items():
        [message] = troubled_once.said("retrying", name)
        said_so = message.startswith(call + words) and message.endswith("; the call may have been executed")
        shown[name] = words if said_so else message
    assert shown == WORDS


# -- trouble that lasts ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def never_arriving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApplyResult]:
    """Applies in which no create of these voices ever arrives."""
    with KlingService(api_key=KEY) as kling, HostileWire(kling.url) as wire:
        harness = NetworkHarness(tmp_path_factory.mktemp("never"), kling, wire.url)
        for name, trouble in UNKNOWN.items():
            wire.trouble("create", trouble, about=name, times=99)
        harness.declare(*UNKNOWN, "narrator")
        ran = harness.apply("--json")
        yield ApplyResult(harness, wire, ran.code, ran.events)


def test_creates_that_never_arrive_leave_the_others_alone(never_arriving: ApplyResult) -> None:
    assert never_arriving.code == 1
    assert never_arriving.harness.bought == ["narrator"]


def test_creates_that_never_arrive_are_given_up_with_the_next_command(never_arriving: ApplyResult) -> None:
    ends = {e["address"]: e for e in never_arriving.events if e["type"] == "failed"}
    message = "sent 3 times, and nothing of it is shown: POST /v1/general/custom-voices: "
    assert all(e["detail"].startswith(message) for e in ends.values())
    assert {e["hint"] for e in ends.values()} == {"The next apply looks it up and goes on."}
    assert {e["provider"] for e in ends.values()} == {"kling"}
    assert {name: len(never_arriving.sent(name)) for name in ends} == dict.fromkeys(UNKNOWN, 3)


def test_the_next_apply_makes_each_of_them_once(never_arriving: ApplyResult) -> None:
    harness = never_arriving.harness
    assert harness.actions() == dict.fromkeys(UNKNOWN, "create")
    never_arriving.wire.heal()
    harness.apply(code=0)
    assert harness.bought == sorted([*UNKNOWN, "narrator"])
    assert harness.held() == set(harness.kling.voices)
    assert harness.actions() == {}

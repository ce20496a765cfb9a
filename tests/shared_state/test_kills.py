"""A run is killed at any of its messages to the store or to the cloud, and the next one, at another desk, finishes it.

Each voice is bought once, none is lost, and no lock is left behind.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from tests.shared_state.conftest import Desk, Team
from tests.support.kling_service import KlingService
from tests.support.kling_socket import HtmlAnswer, JsonAnswer
from tests.support.lossy_proxy import Loss, LossyProxy

NAMES = ("narrator", "hero", "villain")
MESSAGES = (3, 6, 9, 12, 15, 19, 24)  # a run sends 20 to 60, by the engine


class Trap:
    """Kills a process at its message of this number."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.process: subprocess.Popen[bytes] | None = None
        self.sprung = False

    def step(self) -> bool:
        """Whether the process was killed at this message."""
        self.left -= 1
        if self.left != 0 or self.process is None:
            return False
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.sprung = True
        return True


class DeadlyKling(KlingService):
    """Kills the run at a message, before or after it is understood."""

    def __init__(self, trap: Trap, *, after: bool) -> None:
        super().__init__()
        self._trap, self._after = trap, after

    def _answer(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> JsonAnswer | HtmlAnswer:
        if self._after:
            answer = super()._answer(method, target, headers, content)
            self._trap.step()
            return answer
        if self._trap.step():
            raise ConnectionAbortedError
        return super()._answer(method, target, headers, content)


def through(desk: Desk, port: int) -> Desk:
    """The desk, whose messages to the store pass a proxy at this port."""
    reached = re.sub(r"(127\.0\.0\.1|localhost):\d+", rf"\1:{port}", json.dumps(desk.state_settings))
    settings: dict[str, Any] = json.loads(reached)
    return Desk(desk.folder, desk.kling, env=desk.env, state_settings=settings)


def port_of(settings: Mapping[str, Any]) -> int:
    found = re.search(r"(?:127\.0\.0\.1|localhost):(\d+)", json.dumps(dict(settings)))
    assert found is not None
    return int(found[1])


def finish(team: Team, killed: Desk) -> None:
    """Another desk finishes what the killed run began; the account then holds what is declared."""
    ann = team.desk("ann")
    ann.declare(*NAMES)
    ann.apply("--lock-timeout", "60s")
    assert ann.actions() == {}
    assert ann.voicectl("plan", code=0).err == ""  # nobody holds the lock
    keys = [call.body["external_task_id"] for call in team.kling.calls if call.operation == "create" and not call.code]
    assert len(keys) == len(set(keys)) == team.kling.bought == len(NAMES)
    killed.declare(*NAMES)
    assert killed.actions() == {}


def begin(desk: Desk, trap: Trap) -> None:
    desk.declare(*NAMES)
    trap.process = desk.start("apply", "--auto-approve")
    trap.process.communicate(timeout=60)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", MESSAGES)
def test_killed_at_a_message_to_the_store(team: Team, number: int, moment: str) -> None:
    trap = Trap(number)
    lost = Loss.REQUEST if moment == "before" else Loss.NONE
    runner = team.desk("runner")
    with LossyProxy(port_of(team.site.settings), lambda chunk: lost if trap.step() else Loss.NONE) as proxy:
        begin(through(runner, proxy.port), trap)
    finish(team, runner)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 4, 6])
def test_killed_at_a_message_to_the_cloud(team: Team, number: int, moment: str) -> None:
    trap = Trap(number)
    with DeadlyKling(trap, after=moment == "after") as kling:
        deadly = Team(team.site, kling, team.root)
        runner = deadly.desk("runner")
        begin(runner, trap)
        finish(deadly, runner)


def test_a_storm_of_kills_loses_and_doubles_nothing(team: Team) -> None:
    names = [f"v{number:02}" for number in range(24)]
    for number in (3, 5, 7, 9, 12, 15, 18, 22, 26, 31):
        trap = Trap(number)
        runner = team.desk(f"runner-{number}")
        with LossyProxy(port_of(team.site.settings), lambda chunk: Loss.REQUEST if trap.step() else Loss.NONE) as proxy:  # noqa: B023 - each proxy ends in its turn
            desk = through(runner, proxy.port)
            desk.declare(*names)
            trap.process = desk.start("apply", "--auto-approve", "--lock-timeout", "30s")
            trap.process.communicate(timeout=90)
    ann = team.desk("ann")
    ann.declare(*names)
    ann.apply("--lock-timeout", "60s")
    assert ann.actions() == {}
    assert team.kling.bought == len(names)
    assert os.listdir(ann.folder) == ["voices.yaml"]  # noqa: PTH208 - hidden files too

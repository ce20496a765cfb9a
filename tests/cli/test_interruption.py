"""Ctrl-C and SIGTERM: nothing new starts, what is in flight is written down, and the next run goes on from there."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.holding import Holding
from tests.support.kling_service import KlingService


def underway(cli: CliHarness, kling: KlingService, *words: str, voices: int = 30) -> subprocess.Popen[bytes]:
    """An apply with some creations sent, and more to come."""
    cli.declare(*(f"voice-{number}" for number in range(voices)))
    running = cli.start("apply", "--auto-approve", *words)
    limit = time.monotonic() + 20
    while kling.count("create") < 5 and time.monotonic() < limit:
        time.sleep(0.005)
    return running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_exits_130_and_says_what_is_left(
    cli: CliHarness, kling: KlingService, number: signal.Signals
) -> None:
    kling.task_seconds = 1.0
    running = underway(cli, kling)
    began = time.monotonic()
    running.send_signal(number)
    out, err = running.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert running.returncode == 130
    assert b"Stopping after the open calls." in err
    assert re.search(rb"Applied: .* not begun", out)
    assert b"To continue, run voicectl apply again" in out
    assert 5 <= kling.bought < 30

    cli.apply()
    assert kling.bought == 30
    assert cli.actions() == {}


def test_at_a_terminal_too(cli: CliHarness, kling: KlingService) -> None:
    kling.task_seconds = 1.0
    cli.declare(*(f"voice-{number}" for number in range(20)))
    with cli.at_a_terminal("apply", "--auto-approve") as screen:
        screen.until("voice-0  create")
        screen.process.send_signal(signal.SIGINT)
        code, shown = screen.end()
    assert code == 130
    assert "stopped" in shown
    assert "To continue, run voicectl apply again" in " ".join(shown.split())
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back


def test_an_interrupted_apply_ends_its_json_with_the_summary(cli: CliHarness, kling: KlingService) -> None:
    kling.task_seconds = 1.0
    running = underway(cli, kling, "--json")
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=20)
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert "stopped" in {event["type"] for event in events}
    assert events[-1]["type"] == "summary"
    assert events[-1]["left"] > 0
    assert running.returncode == 130


def test_the_second_signal_leaves_at_once_and_nothing_is_bought_twice(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("slow")
        running = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        running.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert running.poll() is None  # it waits for the answer to what it has sent
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=5)
        assert running.returncode == 130

        kling.released.set()
        cli.apply()
        assert kling.bought == 1


def test_the_second_signal_gives_the_terminal_its_cursor_back(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("slow")
        with cli.at_a_terminal("apply", "--auto-approve") as screen:
            assert kling.held.wait(20)
            screen.process.send_signal(signal.SIGINT)
            screen.until("interrupted:")
            screen.process.send_signal(signal.SIGINT)
            code, shown = screen.end()
        kling.released.set()
    assert code == 130
    assert shown.endswith("\x1b[?25h")


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_a_look_that_is_interrupted_exits_130(tmp_path: Path, command: str) -> None:
    with Holding("looks") as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        running = cli.start(command)
        assert kling.held.wait(20)
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=5)
        kling.released.set()
        assert running.returncode == 130
        assert b"Traceback" not in err

"""How long an interrupted run waits for the answer of a call that it has paid for."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.holding import Holding


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_after_the_grace_time_it_leaves_and_the_next_run_finds_what_the_call_made(
    tmp_path: Path, sent: signal.Signals
) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        running = cli.start("apply", "--auto-approve", "--grace", "1s")
        assert kling.held.wait(20)
        began = time.monotonic()
        running.send_signal(sent)
        running.communicate(timeout=20)
        assert running.returncode == 130
        assert 0.9 < time.monotonic() - began < 4.0
        assert not (tmp_path / "voices.state.lock").exists()
        assert cli.state["records"]
        [record] = cli.state["records"].values()
        assert record["status"] == "intended"
        assert "call_until" in record
        kling.released.set()
        cli.apply()
        assert kling.bought == 1
        assert cli.actions() == {}


def test_without_an_open_call_an_interrupted_run_is_gone_at_once(tmp_path: Path) -> None:
    with Holding() as kling:
        kling.released.set()
        kling.task_seconds = 60
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        running = cli.start("apply", "--auto-approve")
        while not kling.bought:
            time.sleep(0.01)
        time.sleep(0.5)  # its answer is here
        began = time.monotonic()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)
        assert running.returncode == 130
        assert time.monotonic() - began < 2.0
        [record] = cli.state["records"].values()
        assert record["status"] == "running"


def test_an_answer_within_the_grace_time_is_kept(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        running = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        running.send_signal(signal.SIGINT)
        time.sleep(0.5)
        kling.released.set()
        running.communicate(timeout=20)
        assert running.returncode == 130
        [record] = cli.state["records"].values()
        assert record["status"] == "running"
        assert "call_until" not in record


def test_a_nonsense_grace_time_is_refused(cli: CliHarness) -> None:
    cli.declare("narrator")
    assert "--grace soon: not a duration." in cli.apply("--grace", "soon", code=1).err

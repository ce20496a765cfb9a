"""Runs that meet at one state, as real processes: one works, the others say who does, wait, or are refused."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.holding import Holding
from tests.support.kling_service import KlingService

SINCE = re.compile(r"\(pid \d+\) has held the lock for apply since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.")


def ended(running: subprocess.Popen[bytes], *, timeout: float = 30) -> tuple[str, str]:
    out, err = running.communicate(timeout=timeout)
    return out.decode(), err.decode()


def left_behind(folder: Path, **told: object) -> None:
    """A lock file that no living process holds."""
    holder = {
        "lock_id": "cafe0001",
        "who": "ana@here",
        "pid": 4711,
        "host": socket.gethostname(),
        "operation": "apply",
        "since": "2026-01-02T03:04:05Z",
    }
    (folder / "voices.state.lock").write_text(json.dumps(holder | told))


# -- two applies -------------------------------------------------------------------------------------------------------


def test_the_one_that_waits_continues_when_the_other_is_done(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator", "hero")
        first = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        waiting = cli.start("apply", "--auto-approve", "--lock-timeout", "5m")
        assert waiting.stderr is not None
        said = waiting.stderr.readline().decode()
        assert said.startswith("Waiting for the lock.")
        assert f"(pid {first.pid})" in said
        assert SINCE.search(said)
        kling.released.set()
        assert "Applied: 2 done" in ended(first)[0]
        assert "No changes." in ended(waiting)[0]
        assert (first.returncode, waiting.returncode) == (0, 0)
        assert kling.bought == 2


def test_a_wait_that_runs_out_ends_in_the_refusal(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        first = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        began = time.monotonic()
        refused = cli.apply("--lock-timeout", "1s", code=3)
        assert time.monotonic() - began >= 1
        assert "The state is locked" in refused.err
        assert SINCE.search(refused.err)
        kling.released.set()
        ended(first)


@pytest.mark.parametrize(
    "words",
    [
        ["destroy", "--auto-approve"],
        ["import", "narrator", "1"],
        ["state", "rm", "narrator"],
        ["state", "mv", "narrator", "other"],
        ["state", "push", "--force", "copy"],
        ["state", "rebuild"],
    ],
    ids=" ".join,
)
def test_whatever_writes_the_state_waits_its_turn(tmp_path: Path, words: list[str]) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        first = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        (tmp_path / "copy").write_bytes(cli.voicectl("state", "pull", code=0).out.encode())
        assert "The state is locked" in cli.voicectl(*words, code=3).err
        kling.released.set()
        ended(first)
        assert first.returncode == 0


def test_two_that_start_together_buy_each_voice_once(cli: CliHarness, kling: KlingService) -> None:
    kling.task_seconds = 0.3
    cli.declare("narrator", "hero")
    runs = [cli.start("apply", "--auto-approve", "--lock-timeout", "5m") for _ in range(3)]
    ends = [ended(run) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], ends
    assert sorted(task.name for task in kling.tasks) == ["hero", "narrator"]


# -- plan files --------------------------------------------------------------------------------------------------------


def test_a_plan_saved_before_the_other_apply_is_refused_after_it(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        cli.voicectl("plan", "--out", "p", code=0)
        first = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        waiting = cli.start("apply", "p", "--lock-timeout", "5m")
        assert waiting.stderr is not None
        assert b"Waiting" in waiting.stderr.readline()
        kling.released.set()
        ended(first)
        assert "The plan is out of date" in ended(waiting)[1]
        assert waiting.returncode == 4
        assert kling.bought == 1


def test_one_plan_that_two_apply_at_once_is_applied_once(cli: CliHarness, kling: KlingService) -> None:
    kling.task_seconds = 0.3
    cli.declare("narrator", "hero")
    cli.voicectl("plan", "--out", "p", code=0)
    runs = [cli.start("apply", "p", "--lock-timeout", "5m") for _ in range(2)]
    ends = [ended(run) for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 4], ends
    assert [err for _, err in ends if "The plan was applied already" in err]
    assert kling.count("create") == 2


# -- the lock of the dead ----------------------------------------------------------------------------------------------


def test_the_pid_of_a_dead_run_may_be_anothers_by_now(made: CliHarness) -> None:
    left_behind(made.folder, pid=os.getpid())  # which lives, and is no apply
    made.declare("narrator", "hero", "third")
    made.apply()
    assert not (made.folder / "voices.state.lock").exists()


@pytest.mark.parametrize("content", ["", "{", "not json", '{"pid": 1}', "\0" * 300])
def test_a_lock_file_that_a_power_cut_left_keeps_no_run_out(made: CliHarness, content: str) -> None:
    (made.folder / "voices.state.lock").write_text(content)
    made.declare("narrator", "hero", "third")
    made.apply()


def test_a_run_that_is_only_stopped_still_holds_its_lock(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        first = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        first.send_signal(signal.SIGSTOP)
        refused = cli.apply(code=3)
        [lock_id] = re.findall(r"voicectl unlock (\w+)", refused.err)
        assert f"kill {first.pid}" in cli.voicectl("unlock", lock_id, code=1).err
        first.send_signal(signal.SIGCONT)
        kling.released.set()
        ended(first)
        assert kling.bought == 1


def test_the_lock_of_another_machine_is_waited_for_and_says_how_to_break_it(made: CliHarness) -> None:
    left_behind(made.folder, host="build-7.example.com", who="ana@build-7.example.com")
    refused = made.apply("--lock-timeout", "1s", code=3)
    assert "Waiting for the lock. ana@build-7.example.com (pid 4711)" in refused.err
    assert "since 2026-01-02 03:04:05 UTC" in refused.err
    assert "voicectl unlock cafe0001" in refused.err
    made.voicectl("unlock", "cafe0001", code=0)
    made.apply()


# -- sixteen -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_sixteen_imports_at_once_are_all_in_the_state_also_when_some_are_killed(
    cli: CliHarness, kling: KlingService
) -> None:
    names = [f"voice-{number:02}" for number in range(16)]
    ids = dict(zip(names, kling.add_foreign(*names), strict=True))
    cli.declare(*names)
    runs = {name: cli.start("import", name, ids[name], "--lock-timeout", "2m") for name in names}
    time.sleep(1)
    killed = names[::5]
    for name in killed:
        runs[name].kill()
    for name, run in runs.items():
        said = ended(run, timeout=120)
        assert run.returncode == 0 or name in killed, said
    for name in killed:  # again, unless it was done before it was killed
        cli.voicectl("import", name, ids[name])
    held = cli.voicectl("output", "--json", code=0).json
    assert {name: row["voice_id"] for name, row in held.items()} == ids
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    assert kling.bought == 0

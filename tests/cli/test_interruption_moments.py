"""A signal at every moment of an apply: what was begun is written down, exit code 130, and nothing is bought twice."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cli_harness import COMMAND, CliHarness
from tests.support.holding import Holding
from tests.support.kling_service import KlingService
from tests.support.moments import Watched
from tests.support.terminal import Terminal

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
SOON = 10.0  # seconds; a call that is waited for would take 60
NAMES = [f"voice-{number}" for number in range(8)]

# The pseudo terminal becomes the one that the command's keys and hangups come from, as a shell would have it.
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture
def kling() -> Iterator[Watched]:
    with Watched() as service:
        yield service


def at_its_own_terminal(cli: CliHarness, *words: str) -> Terminal:
    return Terminal([sys.executable, "-c", TAKE_TERMINAL, *COMMAND, *words], cwd=cli.folder, env=cli.env)


def ended(running: subprocess.Popen[bytes]) -> tuple[str, str]:
    try:
        out, err = running.communicate(timeout=SOON)
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()
        raise
    return out.decode(), err.decode()


def bought(kling: KlingService) -> list[str]:
    return sorted(task.name for task in kling.tasks)


@contextmanager
def slow_disk(folder: Path) -> Iterator[None]:
    """No state is written in the meantime: every writer waits for its turn in the folder."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


# -- before anything is begun ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("accounts", [1, 3])
def test_while_the_plan_reads_the_clouds_nothing_is_started(
    tmp_path: Path, number: signal.Signals, accounts: int
) -> None:
    with Holding("looks") as kling:
        cli = CliHarness(tmp_path, kling)
        names = [f"account-{n}" for n in range(accounts)]
        cli.write(
            {f"voice-{n}": {"provider": n, "create": {"voice_name": n, "voice_url": "https://x.com/a"}} for n in names},
            providers={n: {"type": "kling", "endpoint": kling.url} for n in names},
        )
        running = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        running.send_signal(number)
        _, err = ended(running)
        kling.released.set()
        assert running.returncode == 130
        assert "No change was started." in err
        assert err.rstrip().endswith("To continue: voicectl apply")
        assert "Traceback" not in err
        assert "Exception" not in err
        assert cli.files() == {}
        assert kling.count("create") == 0


def test_a_second_signal_while_the_plan_reads_the_clouds_quits(tmp_path: Path) -> None:
    with Holding("looks") as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        running = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        for _ in range(3):
            running.send_signal(signal.SIGINT)
        _, err = ended(running)
        kling.released.set()
        assert running.returncode == 130
        assert "Traceback" not in err


@pytest.mark.parametrize("number", SIGNALS)
def test_while_it_waits_for_the_lock_the_other_run_continues(tmp_path: Path, number: signal.Signals) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        first = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        waiting = cli.start("apply", "--auto-approve", "--lock-timeout", "5m")
        assert waiting.stderr is not None
        assert b"Waiting for the lock" in waiting.stderr.readline()
        waiting.send_signal(number)
        _, err = ended(waiting)
        assert waiting.returncode == 130
        assert "No change was started." in err
        assert (cli.folder / "voices.state.lock").exists()
        kling.released.set()
        ended(first)
        assert first.returncode == 0
        assert kling.bought == 1


@pytest.mark.parametrize("number", SIGNALS)
def test_at_the_question_nothing_is_made(cli: CliHarness, kling: Watched, number: signal.Signals) -> None:
    cli.declare("narrator")
    with cli.at_a_terminal("apply") as screen:
        screen.until("Only 'yes' will be accepted")
        screen.process.send_signal(number)
        code, shown = screen.end()
    assert code == 130
    assert "No change was started." in shown
    assert kling.count("create") == 0
    assert cli.files() == {}


def test_json_says_that_nothing_was_begun(tmp_path: Path) -> None:
    with Holding("looks") as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        running = cli.start("apply", "--auto-approve", "--json")
        assert kling.held.wait(20)
        running.send_signal(signal.SIGTERM)
        out, _ = ended(running)
        kling.released.set()
        assert [json.loads(line)["type"] for line in out.splitlines()] == ["stopped", "summary"]
        assert running.returncode == 130


# -- in the middle -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS)
def test_answers_to_what_was_sent_are_written_down(cli: CliHarness, kling: Watched, number: signal.Signals) -> None:
    kling.task_seconds = 60.0
    cli.declare(*NAMES)
    sent = threading.Event()

    def slowly() -> None:
        sent.set()
        time.sleep(0.5)

    kling.during("create", slowly, nth=3)
    running = cli.start("apply", "--auto-approve")
    assert sent.wait(20)
    running.send_signal(number)
    out, _ = ended(running)
    assert running.returncode == 130
    records = cli.state["records"].values()
    assert sorted(r["task_id"] for r in records if r.get("task_id")) == sorted(task.task_id for task in kling.tasks)
    assert not [r for r in records if r["status"] == "intended"]
    assert f"{len(kling.tasks)} still running" in out
    assert "To continue, run voicectl apply again." in out

    for task in kling.tasks:
        task.seconds = 0.0
    kling.task_seconds = 0.0
    cli.apply()
    assert bought(kling) == NAMES


@pytest.mark.parametrize("number", SIGNALS)
def test_while_it_waits_for_tasks_it_leaves_without_them(
    cli: CliHarness, kling: Watched, number: signal.Signals
) -> None:
    kling.task_seconds = 60.0
    cli.declare("narrator")
    polled = threading.Event()

    def await_poll() -> None:
        kling.during("list", polled.set)
        kling.during("get", polled.set)

    kling.during("create", await_poll, after=True)
    running = cli.start("apply", "--auto-approve")
    assert polled.wait(20)
    running.send_signal(number)
    out, _ = ended(running)
    assert running.returncode == 130
    assert "1 still running" in out
    assert cli.actions() == {"narrator": "resume"}
    kling.tasks[0].seconds = 0.0
    cli.apply()
    assert kling.bought == 1


def test_after_two_hangups_the_open_calls_are_still_saved(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        running = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        running.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        running.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert running.poll() is None
        kling.released.set()
        ended(running)
        assert running.returncode == 130
        [record] = cli.state["records"].values()
        assert record["task_id"] == kling.tasks[0].task_id


def test_under_nohup_a_hangup_is_ignored(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        words = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *COMMAND, "apply", "--auto-approve"]
        running = subprocess.Popen(words, cwd=cli.folder, env=cli.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert kling.held.wait(20)
        running.send_signal(signal.SIGHUP)
        kling.released.set()
        ended(running)
        assert running.returncode == 0


def test_a_terminal_that_is_closed_loses_no_answer(cli: CliHarness, kling: Watched) -> None:
    cli.declare(*NAMES)
    kling.task_seconds = 60.0
    sent, hung_up = threading.Event(), threading.Event()

    def until_hung_up() -> None:
        sent.set()
        hung_up.wait(20)

    kling.during("create", until_hung_up, nth=3)
    with at_its_own_terminal(cli, "apply", "--auto-approve") as screen:
        assert sent.wait(20)
        screen.hang_up()
        time.sleep(0.2)
        hung_up.set()
        assert screen.process.wait(timeout=SOON) == 130
    kept = {record.get("task_id") for record in cli.state["records"].values()}
    assert kept >= {task.task_id for task in kling.tasks}
    for task in kling.tasks:
        task.seconds = 0.0
    kling.task_seconds = 0.0
    cli.apply()
    assert bought(kling) == NAMES


def test_ctrl_c_typed_twice_at_a_terminal_leaves_at_once(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("slow")
        with at_its_own_terminal(cli, "apply", "--auto-approve") as screen:
            assert kling.held.wait(20)
            screen.type("\x03")
            screen.until("interrupted:")
            screen.type("\x03")
            code, shown = screen.end()
        kling.released.set()
        assert code == 130
        assert "Traceback" not in shown
        cli.apply()
        assert kling.bought == 1


def test_three_signals_at_once_leave_a_state_that_the_next_run_settles(cli: CliHarness, kling: Watched) -> None:
    kling.task_seconds = 0.3
    cli.declare(*NAMES)
    sent = threading.Event()
    kling.during("create", sent.set, nth=3)
    running = cli.start("apply", "--auto-approve")
    assert sent.wait(20)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        running.send_signal(number)
    ended(running)
    assert running.returncode == 130
    cli.apply()
    assert bought(kling) == NAMES


def test_an_interrupted_plan_file_continues_where_it_stopped(cli: CliHarness, kling: Watched) -> None:
    kling.task_seconds = 1.0
    cli.declare(*NAMES)
    cli.voicectl("plan", "--out", "p", code=0)
    sent = threading.Event()
    kling.during("create", sent.set, nth=3)
    running = cli.start("apply", "p")
    assert sent.wait(20)
    running.send_signal(signal.SIGINT)
    ended(running)
    assert running.returncode == 130
    cli.voicectl("apply", "p", code=0)
    assert bought(kling) == NAMES
    assert "applied already" in cli.voicectl("apply", "p", code=4).err


# -- at the end --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS)
def test_while_the_last_state_is_written_it_is_written_whole(
    cli: CliHarness, kling: Watched, number: signal.Signals
) -> None:
    with at_the_last_write(cli, kling) as running:
        running.send_signal(number)
        time.sleep(0.2)
        assert running.poll() is None
    ended(running)
    assert running.returncode == 130
    assert {p.name for p in cli.folder.glob("voices.state.*")} == {"voices.state.json", "voices.state.backup"}
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0


def test_left_at_the_last_write_the_next_run_has_all(cli: CliHarness, kling: Watched) -> None:
    with at_the_last_write(cli, kling) as running:
        running.send_signal(signal.SIGINT)
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        ended(running)
    assert running.returncode == 130
    cli.apply()
    assert kling.bought == 1
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0


@contextmanager
def at_the_last_write(cli: CliHarness, kling: Watched) -> Iterator[subprocess.Popen[bytes]]:
    """An apply of one voice whose last results wait for a disk that takes them when the context ends."""
    cli.declare("narrator")
    kling.task_seconds = 0.3
    ready, go = threading.Event(), threading.Event()

    def hold() -> None:
        if kling.voices and not ready.is_set():
            ready.set()
            go.wait(20)

    for nth in range(1, 9):
        kling.during("list", hold, nth=nth, after=True)
        kling.during("get", hold, nth=nth, after=True)
    running = cli.start("apply", "--auto-approve")
    assert ready.wait(20)
    with slow_disk(cli.folder):
        go.set()
        time.sleep(0.3)
        yield running

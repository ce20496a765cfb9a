"""A lock that a run may have left at an HTTP server is named, with the command that removes it."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.engines.http_state_server import Fault, Received, StateServer
from tests.support.holding import Holding
from tests.support.moments import Watched

REFUSED = [Fault.BARE] * 3


@pytest.fixture
def server() -> Iterator[StateServer]:
    with StateServer() as made:
        yield made


@pytest.fixture
def kling() -> Iterator[Watched]:
    with Watched() as service:
        yield service


@pytest.fixture
def shared(cli: CliHarness, server: StateServer) -> CliHarness:
    return declared(cli, server)


def declared(cli: CliHarness, server: StateServer) -> CliHarness:
    cli.write({"narrator": voice("narrator")}, state=place(server))
    return cli


def place(server: StateServer) -> str:
    return f"{server.url}/state/voices"


def removed(cli: CliHarness, server: StateServer, said: str) -> None:
    """The command that was said removes the lock that is there, as if from another machine."""
    lock = server.place(place(server)).lock
    assert lock is not None
    [lock_id] = re.findall(r"voicectl unlock (\w+)", said)
    assert lock["ID"].startswith(lock_id)
    cli.voicectl("unlock", lock_id, "--auto-approve", code=0)
    assert server.place(place(server)).lock is None


@pytest.mark.parametrize(
    "words",
    [
        ("apply", "--auto-approve"),
        ("state", "rm", "narrator"),
        ("state", "push", "copy.json"),
        ("state", "mv-manifest"),
        ("state", "migrate", "--to", "local"),
    ],
    ids=" ".join,
)
def test_a_lock_that_could_not_be_released_is_a_warning_with_the_command(
    shared: CliHarness, server: StateServer, words: tuple[str, ...]
) -> None:
    shared.apply()
    (shared.folder / "copy.json").write_bytes(shared.voicectl("state", "pull", code=0).out.encode())
    server.fail("unlock", *REFUSED)
    done = shared.voicectl(*words, code=0)
    assert f"Warning: The lock of this run may still be at {place(server)}: the server says that the " in done.err
    removed(shared, server, done.err)


def test_a_second_signal_during_the_release_names_the_lock(shared: CliHarness, server: StateServer) -> None:
    running: list[subprocess.Popen[bytes]] = []

    def interrupt(request: Received) -> None:
        if request.method == "UNLOCK" and len(server.of("UNLOCK")) == 1:
            running[0].send_signal(signal.SIGINT)

    server.on_request = interrupt
    server.fail("unlock", *REFUSED)
    with Holding("looks") as kling:
        cli = declared(CliHarness(shared.folder, kling), server)
        running.append(cli.start("apply", "--auto-approve"))
        assert kling.held.wait(20)
        running[0].send_signal(signal.SIGINT)  # it plans; the first signal makes it release its lock
        _, err = running[0].communicate(timeout=20)
        kling.released.set()
    assert running[0].returncode == 130
    assert "this run was interrupted" in err.decode()
    removed(cli, server, err.decode())


def test_a_second_signal_during_the_calls_names_the_lock(tmp_path: Path, server: StateServer) -> None:
    with Holding() as kling:
        cli = declared(CliHarness(tmp_path, kling), server)
        running = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        running.send_signal(signal.SIGINT)
        while b"Stopping" not in (running.stderr.readline() if running.stderr else b"Stopping"):
            pass
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
        kling.released.set()
    assert running.returncode == 130
    assert "The lock of this run stays." in err.decode()
    removed(cli, server, err.decode())


def test_a_lock_that_ends_with_its_process_needs_no_words(tmp_path: Path) -> None:
    with Holding() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        running = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        running.send_signal(signal.SIGINT)
        while b"Stopping" not in (running.stderr.readline() if running.stderr else b"Stopping"):
            pass
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
        kling.released.set()
    assert err == b""

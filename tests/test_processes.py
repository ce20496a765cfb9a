"""Which processes of this machine are proven dead, and which clock counts its sleep."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler import processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows when a process started")

HERE = socket.gethostname()


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as begun:
        yield begun
        begun.kill()


def test_a_running_process_is_alive(child: subprocess.Popen[bytes]) -> None:
    assert processes.alive(HERE, processes.boot(), child.pid, processes.started(child.pid)) is True


def test_a_stopped_process_is_alive(child: subprocess.Popen[bytes]) -> None:
    started = processes.started(child.pid)
    os.kill(child.pid, signal.SIGSTOP)
    assert processes.alive(HERE, processes.boot(), child.pid, started) is True


def test_a_killed_process_is_dead_before_and_after_its_parent_has_noticed(child: subprocess.Popen[bytes]) -> None:
    started = processes.started(child.pid)
    child.kill()
    while processes.started(child.pid):
        time.sleep(0.001)
    assert processes.alive(HERE, processes.boot(), child.pid, started) is False
    child.wait()
    assert processes.alive(HERE, processes.boot(), child.pid, started) is False


def test_a_process_that_the_system_hides_is_not_proven_dead(
    child: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot, started = processes.boot(), processes.started(child.pid)
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text(boot.split()[0], encoding="ascii")
    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "self/ns/pid").symlink_to(boot.split()[1])
    monkeypatch.setattr(processes, "_PROC", tmp_path)  # like /proc with hidepid: the child is not in it
    assert processes.alive(HERE, boot, child.pid, started) is None
    child.kill()
    child.wait()
    assert processes.alive(HERE, boot, child.pid, started) is False


def test_a_later_process_with_the_same_id_is_another_one(child: subprocess.Popen[bytes]) -> None:
    assert processes.alive(HERE, processes.boot(), child.pid, processes.started(child.pid) - 1) is False


@pytest.mark.parametrize(
    ("host", "boot", "started"),
    [("elsewhere", processes.boot(), 1), (HERE, "another boot", 1), (HERE, "", 1), (HERE, processes.boot(), 0)],
)
def test_nothing_is_known_about_another_machine_start_or_container(host: str, boot: str, started: int) -> None:
    assert processes.alive(host, boot, os.getpid(), started) is None


def test_a_command_with_brackets_in_its_name_is_read() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "open('/proc/self/comm', 'w').write('a) Z (b'); print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as odd:
        assert odd.stdout is not None
        odd.stdout.readline()
        assert processes.started(odd.pid) > 0
        odd.kill()


def test_the_boot_clock_goes_on() -> None:
    before = processes.boot_time()
    assert processes.boot_time() >= before > 0

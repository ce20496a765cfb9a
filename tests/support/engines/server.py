"""Starts a server program on loopback, waits until it answers, and ends it by its pid."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_PATIENCE = 60.0  # seconds for a start; the machines of a pipeline are slow
_GIVEN: set[int] = set()  # a program may open its last port late


def free_ports(count: int) -> list[int]:
    """Ports that no program listens on now, below the range that the system gives to clients."""
    opened: list[socket.socket] = []
    try:
        first = 20000 + (os.getpid() * 37) % 10000
        for port in range(first, first + 4000):
            if port in _GIVEN:
                continue
            tried = socket.socket()
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                tried.close()
                continue
            opened.append(tried)
            if len(opened) == count:
                break
        ports = [each.getsockname()[1] for each in opened]
        _GIVEN.update(ports)
        return ports
    finally:
        for each in opened:
            each.close()


def program(name: str, needs: str) -> str:
    """The path of a program beside this Python, or on PATH. Skips the test without it."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"needs {needs}")
    return found


@contextmanager
def running(
    command: Sequence[str], port: int, log: Path, *, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the program while the context lasts."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environ or {})},
        )
    try:
        _wait_until_it_listens(child, port, log)
        yield child
    finally:
        child.terminate()
        try:
            child.wait(2)  # Azurite waits for its clients for ever
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_until_it_listens(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if child.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"{child.args!r} did not start:\n{log.read_text(errors='replace')[-2000:]}")

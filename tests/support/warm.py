"""Fast runs of the command: a fork server that has imported everything forks a process for each run.

    ran = warm.run(["plan"], cwd=folder, env={}, stdin=b"")

Each run has its own process, pid, folder, environment and pipes, and the real clock. Variables that Python reads only
at its start (PYTHONUTF8, LC_ALL) need a new interpreter: `fits` returns False for them.

    python -m tests.support.warm FD    the fork server; FD is the file descriptor of its end of a socket
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds; a command that hangs fails its test
_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "OPENSSL_", "SSLKEYLOGFILE")  # read before our code runs


def fits(env: Mapping[str, str]) -> bool:
    """Whether a run with this environment can be forked."""
    return not any(name.startswith(_READ_AT_START) for name in env)


def run(words: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    """Like `subprocess.run` with pipes. Kills a run that hangs, and raises TimeoutExpired."""
    requests = _connect()
    ours, theirs = socket.socketpair()
    pipes = [os.pipe() for _ in range(3)]
    (stdin_read, stdin_write), (out_read, out_write), (err_read, err_write) = pipes
    request = json.dumps({"words": list(words), "cwd": os.fspath(cwd), "env": dict(env)}).encode()
    with _SOCKET_LOCK:
        socket.send_fds(requests, [request], [theirs.fileno(), stdin_read, out_write, err_write])
    theirs.close()
    for number in (stdin_read, out_write, err_write):
        os.close(number)
    output: dict[int, bytes] = {}
    readers = [
        threading.Thread(target=_read_all, args=(number, output), daemon=True) for number in (out_read, err_read)
    ]
    for reader in readers:
        reader.start()
    threading.Thread(target=_write_all, args=(stdin_write, stdin), daemon=True).start()
    ours.settimeout(PATIENCE)
    with ours:
        pid = _number(ours)
        try:
            code = _number(ours)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(words), PATIENCE, output.get(out_read), output.get(err_read)) from None
    for reader in readers:
        reader.join(PATIENCE)
    return subprocess.CompletedProcess(list(words), code, output[out_read], output[err_read])


def load() -> None:
    """Imports everything that a run needs, once. A module of an extra that is not installed is left to the runs."""
    import reconciler

    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if module.name != "reconciler.__main__":
            with suppress(ModuleNotFoundError):
                importlib.import_module(module.name)


# -- in the tests ------------------------------------------------------------------------------------------------------

_SOCKET_LOCK = threading.Lock()
_started: list[socket.socket] = []


def _connect() -> socket.socket:
    with _SOCKET_LOCK:
        if not _started:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            environ = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.PIPE,  # pipes as for the runs, so that no import sees a terminal
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
            theirs.close()
            atexit.register(_stop, ours, process)
            _started.append(ours)
        return _started[0]


def _stop(ours: socket.socket, process: subprocess.Popen[bytes]) -> None:
    ours.close()
    process.communicate()


def _read_all(number: int, output: dict[int, bytes]) -> None:
    with os.fdopen(number, "rb") as pipe:
        output[number] = pipe.read()


def _write_all(number: int, content: bytes) -> None:
    try:
        with os.fdopen(number, "wb") as pipe:
            pipe.write(content)
    except BrokenPipeError:
        pass  # the run did not read its stdin


def _number(end: socket.socket) -> int:
    packed = end.recv(8)
    if len(packed) != 8:
        raise RuntimeError("the process that forks the runs has died")
    return int.from_bytes(packed, signed=True)


# -- in the fork server ------------------------------------------------------------------------------------------------


def main() -> None:
    load()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies: the processes that wait for runs are not waited for
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        while True:
            request, numbers, _, _ = socket.recv_fds(requests, 1 << 20, 4)
            if not request:
                return
            if os.fork() == 0:
                requests.close()
                _wait_for(request, numbers)
            for number in numbers:
                os.close(number)


def _wait_for(request: bytes, numbers: Sequence[int]) -> NoReturn:
    """Starts a run and reports its pid and exit code. It has its own process, so that many runs can overlap."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    answer = socket.socket(fileno=numbers[0])
    pid = os.fork()
    if pid == 0:
        answer.close()
        _begin(json.loads(request), numbers[1:])
    for number in numbers[1:]:
        os.close(number)
    answer.sendall(pid.to_bytes(8, signed=True))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    answer.sendall(code.to_bytes(8, signed=True))
    os._exit(0)


def _begin(request: Mapping[str, Any], numbers: Sequence[int]) -> NoReturn:
    for number, place in zip(numbers, range(3), strict=True):
        os.dup2(number, place)
        os.close(number)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    gc.enable()
    from reconciler.__main__ import main as voicectl

    sys.argv = ["voicectl", *request["words"]]
    voicectl()
    raise AssertionError("it ends the process")


if __name__ == "__main__":
    main()

"""Runs of the command as processes that need no start: a process that has imported all of it forks them.

    ran = warm.run(["plan"], cwd=folder, env={}, stdin=b"")

Each run has its own process, pid, folder, environment and pipes, and its clock is ours. What only an interpreter that
starts can see (PYTHONUTF8, the letters of LC_ALL) needs a real start: `fits` tells.

    python -m tests.support.warm NUMBER    the process that forks; NUMBER is of its end of a socket
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
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds; a command that hangs fails its test
_EARLY = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "OPENSSL_", "SSLKEYLOGFILE")  # read before any line of ours


def fits(env: Mapping[str, str]) -> bool:
    """Whether a run with this environment can be forked."""
    return not any(name.startswith(_EARLY) for name in env)


def run(words: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    """As `subprocess.run` with these pipes. Raises TimeoutExpired, and kills the run, where it hangs."""
    orders = _orders()
    ours, theirs = socket.socketpair()
    pipes = [os.pipe() for _ in range(3)]
    (stdin_read, stdin_write), (out_read, out_write), (err_read, err_write) = pipes
    order = json.dumps({"words": list(words), "cwd": os.fspath(cwd), "env": dict(env)}).encode()
    with _ONE_AT_A_TIME:
        socket.send_fds(orders, [order], [theirs.fileno(), stdin_read, out_write, err_write])
    theirs.close()
    for number in (stdin_read, out_write, err_write):
        os.close(number)
    heard: dict[int, bytes] = {}
    readers = [threading.Thread(target=_hear, args=(number, heard), daemon=True) for number in (out_read, err_read)]
    for reader in readers:
        reader.start()
    threading.Thread(target=_say, args=(stdin_write, stdin), daemon=True).start()
    ours.settimeout(PATIENCE)
    with ours:
        pid = _number(ours)
        try:
            code = _number(ours)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(words), PATIENCE, heard.get(out_read), heard.get(err_read)) from None
    for reader in readers:
        reader.join(PATIENCE)
    return subprocess.CompletedProcess(list(words), code, heard[out_read], heard[err_read])


def load() -> None:
    """Everything a run imports, once."""
    import reconciler

    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if module.name != "reconciler.__main__":
            importlib.import_module(module.name)


# -- at the tests' end -------------------------------------------------------------------------------------------------

_ONE_AT_A_TIME = threading.Lock()
_started: list[socket.socket] = []


def _orders() -> socket.socket:
    with _ONE_AT_A_TIME:
        if not _started:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            environ = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.PIPE,  # as the runs have them: what is opened here knows no terminal
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


def _hear(number: int, heard: dict[int, bytes]) -> None:
    with os.fdopen(number, "rb") as pipe:
        heard[number] = pipe.read()


def _say(number: int, said: bytes) -> None:
    try:
        with os.fdopen(number, "wb") as pipe:
            pipe.write(said)
    except BrokenPipeError:
        pass  # it did not listen


def _number(end: socket.socket) -> int:
    packed = end.recv(8)
    if len(packed) != 8:
        raise RuntimeError("the process that forks the runs has died")
    return int.from_bytes(packed, signed=True)


# -- at the end that forks ---------------------------------------------------------------------------------------------


def main() -> None:
    load()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for the runs
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        while True:
            order, numbers, _, _ = socket.recv_fds(orders, 1 << 20, 4)
            if not order:
                return
            if os.fork() == 0:
                orders.close()
                _wait_for(order, numbers)
            for number in numbers:
                os.close(number)


def _wait_for(order: bytes, numbers: Sequence[int]) -> NoReturn:
    """In a process of its own, so that many runs may go on at once."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    answer = socket.socket(fileno=numbers[0])
    pid = os.fork()
    if pid == 0:
        answer.close()
        _begin(json.loads(order), numbers[1:])
    for number in numbers[1:]:
        os.close(number)
    answer.sendall(pid.to_bytes(8, signed=True))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    answer.sendall(code.to_bytes(8, signed=True))
    os._exit(0)


def _begin(order: Mapping[str, Any], numbers: Sequence[int]) -> NoReturn:
    for number, place in zip(numbers, range(3), strict=True):
        os.dup2(number, place)
        os.close(number)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    gc.enable()
    from reconciler.__main__ import main as voicectl

    sys.argv = ["voicectl", *order["words"]]
    voicectl()
    raise AssertionError("it ends the process")


if __name__ == "__main__":
    main()

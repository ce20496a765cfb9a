"""A fork server for crash tests: it has imported the whole command, and forks a process for each run.

    python -m tests.support.crash

Requests are lines of JSON on stdin, `{"commands": [[...]], "folder": ..., "environ": {...}, "die_at": "before …"}`;
each response is a line: `{"killed": true, "codes": [], "points": [...], "out": ...}`. `points` are the crash points
that the run passed (`tests.support.crash_points`), and `die_at` names the one at which it is killed. `kill_after` kills
it so many seconds after it printed `said` instead. Several commands run one after the other; only the crash points of
the first one count.

Nothing of this is in the product. The clock of a run is `SPEEDUP` times as fast as ours, so that its waits are short.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

from tests.support.crash_points import Points, arm

SPEEDUP = 100.0


def main() -> None:
    warm()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_serve(json.loads(line))) + "\n")
        sys.stdout.flush()


def warm() -> None:
    """Imports everything that a run needs, once."""
    import httpx

    import reconciler

    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if module.name != "reconciler.__main__":
            with suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(module.name)
    trusted = httpx.create_ssl_context()  # this takes 20 ms
    httpx.create_ssl_context = lambda *_, **__: trusted  # whatever its arguments are
    gc.collect()
    gc.freeze()


def _serve(request: Mapping[str, Any]) -> dict[str, Any]:
    files = {name: os.path.join(request["folder"], f".{name}") for name in ("out", "points", "codes")}  # noqa: PTH118 - no pathlib in what is forked often
    for file in files.values():
        open(file, "w", encoding="utf-8").close()  # noqa: PTH123 - as above
    pid = os.fork()
    if pid == 0:
        _run(request, files)
    if "kill_after" in request:
        _wait_for_output(request.get("said", ""), files["out"], pid)
        time.sleep(request["kill_after"])
        os.kill(pid, signal.SIGKILL)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    lines = {name: _lines(file) for name, file in files.items()}
    codes = [int(code) for code in lines["codes"]]
    return {"killed": ended < 0, "codes": codes, "points": lines["points"], "out": "\n".join(lines["out"])}


def _wait_for_output(said: str, out: str, pid: int) -> None:
    while said not in "\n".join(_lines(out)):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.001)


def _run(request: Mapping[str, Any], files: Mapping[str, str]) -> NoReturn:
    try:
        os.chdir(request["folder"])
        os.environ.update(request["environ"])
        out, points, codes = (open(files[name], "w", buffering=1, encoding="utf-8") for name in files)  # noqa: SIM115, PTH123 - until the process ends
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - as above
        sys.stdout = sys.stderr = out
        speed_up()
        counted = Points(request.get("die_at"), points)
        if "kill_after" not in request:
            arm(counted)
        for argv in request["commands"]:
            codes.write(f"{_command(argv)}\n")
            counted.over = True
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(0)


def _command(argv: list[str]) -> int:
    from reconciler.__main__ import command

    sys.argv = ["voicectl", *argv]
    return command()


def speed_up() -> None:
    """Makes the clock and the waits of this process `SPEEDUP` times as fast."""
    from reconciler import system_clock
    from reconciler.engine.worker_pool import ThreadPool

    wait = ThreadPool.wait
    system_clock.SystemClock.monotonic = lambda self: time.monotonic() * SPEEDUP  # type: ignore[method-assign]  # the point of it
    system_clock.SystemClock.sleep = lambda self, seconds: time.sleep(seconds / SPEEDUP)  # type: ignore[method-assign]  # as above
    ThreadPool.wait = lambda self, seconds: wait(self, seconds / SPEEDUP)  # type: ignore[method-assign]  # as above


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as above
        return file.read().splitlines()


if __name__ == "__main__":
    main()

"""A process that has imported the whole command and forks it for each run, which dies where it is told to.

    python -m tests.support.crash

Orders come as lines of JSON on stdin, `{"commands": [[...]], "folder": ..., "environ": {...}, "die_at": "before …"}`;
each is answered by a line: `{"killed": true, "codes": [], "points": [...], "out": ...}`. `points` are the moments that
the run passed at which it could have died (`tests.support.crash_points`); `kill_after` is for a death at a number of
seconds instead, counted from when it `said` that. Several commands run one after the other; only the first one's
moments count.

Nothing of this is in the product. A run's own time goes `HURRY` times as fast, so that it waits little.
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
from typing import Any, NoReturn

from tests.support.crash_points import Points, arm

HURRY = 100.0


def main() -> None:
    warm()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_obeyed(json.loads(line))) + "\n")
        sys.stdout.flush()


def warm() -> None:
    """Everything a run imports, once."""
    import httpx

    import reconciler

    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if module.name != "reconciler.__main__":
            importlib.import_module(module.name)
    trusted = httpx.create_ssl_context()  # 20 ms each time
    httpx.create_ssl_context = lambda *_, **__: trusted  # whatever its arguments are
    gc.collect()
    gc.freeze()


def _obeyed(order: Mapping[str, Any]) -> dict[str, Any]:
    files = {name: os.path.join(order["folder"], f".{name}") for name in ("out", "points", "codes")}  # noqa: PTH118 - no pathlib in what is forked often
    for file in files.values():
        open(file, "w", encoding="utf-8").close()  # noqa: PTH123 - as above
    pid = os.fork()
    if pid == 0:
        _run(order, files)
    if "kill_after" in order:
        _await(order.get("said", ""), files["out"], pid)
        time.sleep(order["kill_after"])
        os.kill(pid, signal.SIGKILL)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    told = {name: _lines(file) for name, file in files.items()}
    codes = [int(code) for code in told["codes"]]
    return {"killed": ended < 0, "codes": codes, "points": told["points"], "out": "\n".join(told["out"])}


def _await(said: str, out: str, pid: int) -> None:
    while said not in "\n".join(_lines(out)):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.001)


def _run(order: Mapping[str, Any], files: Mapping[str, str]) -> NoReturn:
    try:
        os.chdir(order["folder"])
        os.environ.update(order["environ"])
        out, points, codes = (open(files[name], "w", buffering=1, encoding="utf-8") for name in files)  # noqa: SIM115, PTH123 - until the process ends
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - as above
        sys.stdout = sys.stderr = out
        hurry()
        counted = Points(order.get("die_at"), points)
        if "kill_after" not in order:
            arm(counted)
        for argv in order["commands"]:
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


def hurry() -> None:
    """The run's clock goes faster than ours, and so do its waits."""
    from reconciler import wiring
    from reconciler.engine.worker_pool import ThreadPool

    wait = ThreadPool.wait
    wiring.SystemClock.monotonic = lambda self: time.monotonic() * HURRY  # type: ignore[method-assign]  # the point of it
    wiring.SystemClock.sleep = lambda self, seconds: time.sleep(seconds / HURRY)  # type: ignore[method-assign]  # as above
    ThreadPool.wait = lambda self, seconds: wait(self, seconds / HURRY)  # type: ignore[method-assign]  # as above


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as above
        return file.read().splitlines()


if __name__ == "__main__":
    main()

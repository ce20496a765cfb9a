"""A process that has imported the whole command and forks it for each run, which dies where it is told to.

    python -m tests.support.crash

Orders come as lines of JSON on stdin, `{"argv": [...], "folder": ..., "environ": {...}, "die_at": 17}`; each is
answered by a line: `{"exit": -9, "points": [...], "out": ...}`. `points` are the moments a run passed at which it could
have died: before and after each durable write and each exchange with a cloud. They are counted as they come, so code
that is new is swept too. A process that is killed has done what it has done, whether or not it read the reply: so
"after" an exchange is also the moment at which the cloud has done the work and nobody heard of it.

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
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import IO, Any, NoReturn

HURRY = 20.0
WRITES = ("fsync", "replace", "rename", "link", "unlink", "ftruncate")


class Points:
    """The moments passed so far; the `die_at`th, counted from 1, is the last."""

    def __init__(self, die_at: int | None, told: IO[str]) -> None:
        self._die_at = die_at
        self._count = 0
        self._told = told
        self._lock = threading.Lock()

    def passed(self, moment: str) -> None:
        with self._lock:
            self._count += 1
            self._told.write(f"{moment}\n")
            if self._count == self._die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, real: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:
        def called(*args: Any, **options: Any) -> Any:
            what = name(*args)
            self.passed(f"before {what}")
            result = real(*args, **options)
            self.passed(f"after {what}")
            return result

        return called


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
    httpx.Client().close()
    gc.collect()
    gc.freeze()


def _obeyed(order: Mapping[str, Any]) -> dict[str, Any]:
    said, points = os.path.join(order["folder"], ".said"), os.path.join(order["folder"], ".points")  # noqa: PTH118 - no pathlib in what is forked often
    pid = os.fork()
    if pid == 0:
        _run(order, said=said, points=points)
    after = order.get("kill_after")
    if after is not None:
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {"exit": code, "points": _lines(points), "out": "\n".join(_lines(said))}


def _run(order: Mapping[str, Any], *, said: str, points: str) -> NoReturn:
    code = 1
    try:
        os.chdir(order["folder"])
        os.environ.update(order["environ"])
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - until the process ends
        sys.stdout = sys.stderr = open(said, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - as above
        hurry()
        told = open(points, "w", buffering=1, encoding="utf-8")  # noqa: SIM115, PTH123 - as above
        arm(Points(order.get("die_at"), told))
        code = _command(order["argv"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _command(argv: list[str]) -> int:
    from reconciler.__main__ import main as voicectl

    sys.argv = ["voicectl", *argv]
    try:
        voicectl()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    return 0


def arm(points: Points) -> None:
    """From here on every durable write and every exchange is a point."""
    import httpx

    for write in WRITES:
        setattr(os, write, points.around(getattr(os, write), lambda *args, write=write: write))
    exchange = points.around(
        httpx.HTTPTransport.handle_request, lambda transport, request: f"{request.method} {request.url.path}"
    )
    httpx.HTTPTransport.handle_request = exchange  # type: ignore[method-assign]  # the point of it


def hurry() -> None:
    """The run's clock goes faster than ours, and so do its waits."""
    from reconciler import wiring
    from reconciler.engine.crew import Threads

    wait = Threads.wait
    wiring.SystemClock.monotonic = lambda self: time.monotonic() * HURRY  # type: ignore[method-assign]  # the point of it
    wiring.SystemClock.sleep = lambda self, seconds: time.sleep(seconds / HURRY)  # type: ignore[method-assign]  # as above
    Threads.wait = lambda self, seconds: wait(self, seconds / HURRY)  # type: ignore[method-assign]  # as above


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as above
            return file.read().splitlines()
    except FileNotFoundError:
        return []


if __name__ == "__main__":
    main()

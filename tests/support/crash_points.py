"""Crash points: the points at which a run can be killed. They are found at run time, so new code is covered too.

    a write to a disk     before it, and after half of its bytes
    a durable operation   before and after fsync, replace, rename, link, unlink, ftruncate
    an HTTP call          before it is sent; when it is answered and not yet read; after it

A point has a name and a count: `half of write voices.state.journal #3`. So the same point can be hit again although
threads pass their points in any order. "After a write" needs no point: it is the same as before the next point.
"""

from __future__ import annotations

import builtins
import io
import os
import re
import select
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable
from typing import IO, Any

DURABLE = ("fsync", "replace", "rename", "link", "unlink", "ftruncate")
WRITING = os.O_WRONLY | os.O_RDWR
_KEY = re.compile(r"\bvc-[\w-]+")  # differs for each lineage


class Points:
    """Counts the points that were passed, and writes each to `log`; kills the process at `die_at`."""

    def __init__(self, die_at: str | None, log: IO[str]) -> None:
        self._die_at = die_at
        self._counts: Counter[str] = Counter()
        self._log = log
        self._lock = threading.RLock()
        self.over = False  # True: later points are not counted

    def passed(self, point: str, last: Callable[[], object] = lambda: None) -> None:
        """Counts a point. If the process dies here, `last` is called first."""
        with self._lock:
            if self.over:
                return
            self._counts[point] += 1
            name = f"{point} #{self._counts[point]}"
            self._log.write(f"{name}\n")
            if name == self._die_at:
                last()
                os.kill(os.getpid(), signal.SIGKILL)


def arm(points: Points) -> None:
    """Starts to count the points of this process."""
    names = _names_of_files()
    for call in DURABLE:
        setattr(os, call, _around(points, call, getattr(os, call), names))
    for call in ("write", "pwrite"):
        setattr(os, call, _torn(points, getattr(os, call), names))
    _arm_files(points, names)
    _arm_exchanges(points)


def _names_of_files() -> dict[int, str]:
    """Records the files that are opened from now on: file descriptor -> name."""
    names: dict[int, str] = {}
    real = os.open

    def opened(path: Any, flags: int, *args: Any, **options: Any) -> int:
        number = real(path, flags, *args, **options)
        names[number] = _basename(path) if flags & WRITING else "folder"
        return number

    os.open = opened
    return names


def _around(points: Points, call: str, real: Callable[..., Any], names: dict[int, str]) -> Callable[..., Any]:
    def called(first: Any, *args: Any, **options: Any) -> Any:
        what = f"{call} {names.get(first, 'file') if isinstance(first, int) else _basename(first)}"
        points.passed(f"before {what}")
        result = real(first, *args, **options)
        points.passed(f"after {what}")
        return result

    return called


def _torn(points: Points, real: Callable[..., int], names: dict[int, str]) -> Callable[..., int]:
    def called(number: int, content: Any, *where: int) -> int:
        if number in names:  # not a terminal or a pipe
            points.passed(f"before write {names[number]}")
            half = bytes(content)[: len(content) // 2]
            points.passed(f"half of write {names[number]}", lambda: real(number, half, *where))
        return real(number, content, *where)

    return called


def _arm_files(points: Points, names: dict[int, str]) -> None:
    """The same for files that are written with `open`, `Path.write_text` and the like."""
    real = io.open

    class Raw(io.FileIO):
        def write(self, content: Any) -> int:
            what = _basename(self.name) if not isinstance(self.name, int) else names.get(self.name, "file")
            points.passed(f"before write {what}")
            half = bytes(content)[: len(content) // 2]
            points.passed(f"half of write {what}", lambda: super(Raw, self).write(half))
            return super().write(content)

    def opened(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if not set(mode) & set("wxa+"):
            return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw = Raw(file, mode.replace("b", "").replace("t", ""), closefd, opener)
        buffer = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffer if "b" in mode else io.TextIOWrapper(buffer, encoding, errors, newline)

    io.open = builtins.open = opened


def _arm_exchanges(points: Points) -> None:
    import httpx

    from reconciler.providers.http.sockets import Sockets

    handle, receive = Sockets.handle_request, socket.socket.recv
    asked = threading.local()

    def handled(transport: Sockets, request: httpx.Request) -> httpx.Response:
        action = request.headers.get("X-TC-Action")  # Tencent: the path is the same for each action
        what = asked.what = f"{request.method} {action or _KEY.sub('KEY', request.url.path)}"
        points.passed(f"before {what}")
        response = handle(transport, request)
        points.passed(f"after {what}")
        return response

    def received(connection: socket.socket, *args: Any) -> bytes:
        what, asked.what = getattr(asked, "what", None), None
        if what is not None:
            select.select([connection], [], [], connection.gettimeout())
            points.passed(f"answered, unread {what}")
        return receive(connection, *args)

    Sockets.handle_request = handled  # type: ignore[method-assign, assignment]  # the point of it
    socket.socket.recv = received  # type: ignore[method-assign, assignment]  # as above


def _basename(path: str | os.PathLike[str]) -> str:
    return os.path.basename(os.fspath(path))  # noqa: PTH119 - no pathlib in what is forked often

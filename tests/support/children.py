"""Child processes that a test can kill at a chosen call. They are forks, so that a sweep over every call is cheap."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, NoReturn

FILE_CALLS = ("open", "write", "pwrite", "fsync", "ftruncate", "fchmod", "link", "replace", "unlink", "mkdir")


def fork(work: Callable[[], object]) -> int:
    """Forks a child that runs `work`, and returns its pid. It exits with 0, or with 1 and a traceback on stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about threads: the child uses none of its parent's
        pid = os.fork()
    if pid == 0:
        _run_and_exit(work)
    return pid


def wait(pid: int) -> int:
    """Waits for the child. Returns its exit code, or minus the number of the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def in_child(work: Callable[[], object]) -> int:
    return wait(fork(work))


def die_at(call: int, *, torn: bool) -> None:
    """Kills this process at its `call`th call that touches a disk from now on; `torn`: half of a write is done."""
    count = 0

    def dying(real: Callable[..., Any], *, writes: bool) -> Callable[..., Any]:
        def called(*args: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == call:
                if writes and torn:
                    real(args[0], bytes(args[1])[: len(args[1]) // 2], *args[2:])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return called

    for name in FILE_CALLS:
        setattr(os, name, dying(getattr(os, name), writes=name in ("write", "pwrite")))


@contextmanager
def said(work: Callable[[Callable[[bytes], object]], object]) -> Iterator[tuple[int, IO[bytes]]]:
    """Forks a child that can send lines; yields its pid and the pipe to read them from. Kills it at the end."""
    reader, writer = os.pipe()
    write = os.write  # `die_at` may replace it in the child

    def run() -> None:
        os.close(reader)
        work(lambda line: write(writer, line + b"\n"))

    pid = fork(run)
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as pipe:
            yield pid, pipe
    finally:
        with suppress(ChildProcessError):  # the test has waited for it
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _run_and_exit(work: Callable[[], object]) -> NoReturn:
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)

"""Real processes that die when a test says so: forks, so that a sweep over every call stays cheap."""

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
    """The pid of a child that does `work` and exits: 0, or 1 with its traceback on stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about threads: the child uses none of its parent's
        pid = os.fork()
    if pid == 0:
        _live_and_die(work)
    return pid


def wait(pid: int) -> int:
    """Its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def in_child(work: Callable[[], object]) -> int:
    return wait(fork(work))


def die_at(call: int, *, torn: bool) -> None:
    """From here on the `call`th call that touches a disk is this process's last; `torn` writes half of it first."""
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
    """A child that can say lines; yields its pid and the pipe they arrive at. It does not outlive the context."""
    ear, mouth = os.pipe()
    speak = os.write

    def speaking() -> None:
        os.close(ear)
        work(lambda line: speak(mouth, line + b"\n"))

    pid = fork(speaking)
    os.close(mouth)
    try:
        with os.fdopen(ear, "rb") as pipe:
            yield pid, pipe
    finally:
        with suppress(ChildProcessError):  # the test has waited for it
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _live_and_die(work: Callable[[], object]) -> NoReturn:
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)

"""Runs a command at a pseudo terminal, and keeps what the user would see."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_TIMEOUT = 30.0  # seconds


class Terminal:
    """`with Terminal([…], cwd=…, env=…) as screen: screen.until("yes"); screen.type("yes\\n"); screen.end()`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdout: IO[bytes] | None = None,
        stderr: IO[bytes] | None = None,
    ) -> None:
        """`stdout` and `stderr`: files or pipes to use instead of the terminal."""
        self._ours, theirs = pty.openpty()
        self.shown = ""
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env={"TERM": "xterm", "COLUMNS": "100", "LINES": "40", **env},
            stdin=theirs,
            stdout=theirs if stdout is None else stdout,
            stderr=theirs if stderr is None else stderr,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """Closes the terminal, like a closed window. The kernel then sends SIGHUP to the command."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def until(self, words: str) -> str:
        """Waits until these words are shown. Returns everything shown so far."""
        limit = time.monotonic() + _TIMEOUT
        while words not in self.shown:
            assert time.monotonic() < limit, f"{words!r} never came: {self.shown[-2000:]}"
            assert self._read(), f"it ended without {words!r}: {self.shown[-2000:]}"
        return self.shown

    def end(self) -> tuple[int, str]:
        """Waits for the end. Returns the exit code and everything shown."""
        while self._read():
            pass
        return self.process.wait(timeout=_TIMEOUT), self.shown

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], _TIMEOUT)[0]:
            return False
        try:
            some = os.read(self._ours, 65536)
        except OSError:  # Linux says EIO when the other side has closed
            return False
        self.shown += some.decode(errors="replace")
        return bool(some)

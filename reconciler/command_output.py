"""Runs a command that the user allowed, without a shell, for at most 30 s, and reads what it prints."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from reconciler.values import value

TIMEOUT = 30.0  # seconds
LARGEST = 64_000  # bytes of output
_SHOWN = 200  # characters of what it wrote to stderr


class CommandFailed(Exception):
    """The command gave no answer; the text says why, and holds nothing that it printed to stdout."""


@value
class Ended:
    """A command that has ended. `complaint` is the first line of its stderr, unless a word of stdout is in it."""

    code: int
    out: bytes
    complaint: str

    @property
    def words(self) -> str:
        """How it ended, for a message: `ended with 3: no such key`."""
        return f"ended with {self.code}{f': {self.complaint}' if self.complaint else ''}"


def output_of(words: Sequence[str], *, folder: Path, environ: Mapping[str, str], timeout: float = TIMEOUT) -> bytes:
    """What the command printed. `folder`: where it runs. Raises CommandFailed, also if it did not end with 0."""
    ended = run(words, folder=folder, environ=environ, timeout=timeout)
    if ended.code != 0:
        raise CommandFailed(ended.words)
    return ended.out


def run(
    words: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    stdin: bytes = b"",
    timeout: float = TIMEOUT,
    largest: int = LARGEST,
) -> Ended:
    """Runs the command to its end, with this input. Raises CommandFailed if it can't start, or does not end in time."""
    with ExitStack() as closing:
        given: int | IO[bytes] = subprocess.DEVNULL
        if stdin:  # a file, because a pipe can fill up before the program reads it
            given = closing.enter_context(TemporaryFile())
            given.write(stdin)
            given.seek(0)
        try:
            child = subprocess.Popen(  # noqa: S603 - the user allowed it; no shell reads it
                words, cwd=folder, env=dict(environ), stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise CommandFailed(f"could not be started: {error.strerror}") from None
        except ValueError:
            raise CommandFailed("could not be started: it holds a null byte") from None
        with child:
            try:
                out, err = _read(child, time.monotonic() + timeout, largest)
                code = child.wait()
            except subprocess.TimeoutExpired:
                raise CommandFailed(f"did not end within {timeout:g} s") from None
            finally:
                with suppress(OSError):
                    child.kill()
    return Ended(code, out, _first_line(err, out))


def _read(child: subprocess.Popen[bytes], until: float, largest: int) -> tuple[bytes, bytes]:
    """Both outputs to their ends. Raises TimeoutExpired, and CommandFailed for too much output."""
    out, err = bytearray(), bytearray()
    with selectors.DefaultSelector() as waiting:
        for stream, kept in ((child.stdout, out), (child.stderr, err)):
            if stream is not None:
                waiting.register(stream, selectors.EVENT_READ, kept)
        while waiting.get_map():
            left = until - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(child.args, TIMEOUT)
            for key, _ in waiting.select(left):
                piece = os.read(key.fd, 4096)
                if not piece:
                    waiting.unregister(key.fileobj)
                elif key.data is err:
                    err += piece[: LARGEST - len(err)]  # the rest is read and dropped, so that it does not block
                else:
                    out += piece
            if len(out) > largest:
                raise CommandFailed(f"printed more than {largest:,} bytes")
    child.wait(max(until - time.monotonic(), 0.1))
    return bytes(out), bytes(err)


def _first_line(err: bytes, out: bytes) -> str:
    """The first line of stderr, unless a word of stdout is in it."""
    line = next((line for line in err.decode(errors="replace").splitlines() if line.strip()), "")
    words = [word for word in out.decode(errors="replace").split() if len(word) >= 4]
    if not line or any(word in line for word in words):
        return ""
    return "".join(character if character.isprintable() else "?" for character in line.strip())[:_SHOWN]

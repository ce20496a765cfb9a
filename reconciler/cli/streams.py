"""stdout for data, stderr for messages. Characters that the encoding lacks are escaped, so they cannot end a run.

Whoever reads a stream may leave (`apply | head -1`): what is still written to it goes nowhere, and the command goes on.
A full disk under stdout is an error. It opens the streams before anything else of ours is imported.
"""

from __future__ import annotations

import codecs
import errno
import os
import stat
import sys
from typing import TextIO

from reconciler.errors import OutputLost

_ESCAPED = "backslashreplace"  # `\xe9`, `\u6c49` or `\U0001f600` instead of a letter that the encoding lacks
_READER_LEFT = (errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN)


def open_streams() -> None:
    """Makes the three streams safe: a closed one becomes the null device, and every character can be written."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # no file that is opened later may take its number
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, _ESCAPED), (sys.stderr, _ESCAPED)):
        stream.reconfigure(errors=errors)  # type: ignore[union-attr]  # the interpreter opened them as TextIOWrapper


def is_utf8(stream: TextIO) -> bool:
    """Whether the stream writes UTF-8, as programs that read JSON expect."""
    return codecs.lookup(stream.encoding).name in ("utf-8", "utf-8-sig")


def write_stdout(words: str, *, end: str = "\n") -> bool:
    """Writes to stdout and flushes. Returns False if the reader has closed it. Raises OutputLost on a full disk."""
    try:
        sys.stdout.write(words + end)
        sys.stdout.flush()
    except OSError as error:
        return _unread(error)
    return True


def put_bytes(content: bytes) -> bool:
    """Writes exactly these bytes to stdout; otherwise like `write_stdout`."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        return _unread(error)
    return True


def write_stderr(words: str, *, end: str = "\n") -> None:
    """Writes to stderr and flushes. A failure is ignored: the exit code still says how the command ended."""
    try:
        sys.stderr.write(words + end)
        sys.stderr.flush()
    except OSError:
        discard(sys.stderr)


def ask(question: str) -> str:
    """Reads one line of stdin. Asks on stderr, or on stdout if only that is a terminal."""
    if sys.stdout.isatty() and not sys.stderr.isatty():
        write_stdout(question, end="")
    else:
        write_stderr(question, end="")
    return sys.stdin.readline().strip()  # not click's prompt: it takes a Ctrl-C for an answer


def live_block_fits() -> bool:
    """Whether a live block can be drawn: both streams are a terminal that can overwrite lines."""
    from reconciler import wiring

    able = os.environ.get("TERM") not in ("dumb", "unknown") and not wiring.logs_calls(os.environ)
    return able and sys.stdout.isatty() and sys.stderr.isatty()


def discard(stream: TextIO) -> None:
    """Discards later writes to the stream; otherwise the interpreter would report an error at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def reader_has_left(error: OSError) -> bool:
    """Whether a failed write to stdout only means that nothing reads it any more: a closed pipe or terminal."""
    return error.errno in _READER_LEFT or (error.errno == errno.EIO and _is_device(sys.stdout))


def _unread(error: OSError) -> bool:
    left = reader_has_left(error)
    discard(sys.stdout)
    if not left:
        raise OutputLost(f"stdout: {error.strerror}.") from None
    return False


def _is_device(stream: TextIO) -> bool:
    return stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)

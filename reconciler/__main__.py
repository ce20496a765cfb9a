"""`voicectl`, and `python -m reconciler`. Answers `--version` before anything is imported."""

import sys

EXIT_CODE_FILE = "VOICECTL_EXIT_CODE_FILE"


def main() -> None:
    """The entry point of the program. Ends the process."""
    leave(command())


def command() -> int:
    """Runs the command line of this process. Returns its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from reconciler import __version__

        return _written(f"voicectl {__version__}\n")
    import gc
    import os
    import signal

    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # else pydantic looks through all installed packages
    gc.disable()  # importing and loading make no cycles worth looking for; an apply turns it on again
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: words and 130, whatever the command
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # a closed terminal too, unless it runs under nohup
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        from reconciler.cli.streams import open_streams

        open_streams()
        from reconciler.cli.main import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before the command began, or after it
        return 130


def leave(code: int) -> None:
    """Ends the process at once: taking down the modules of a plan costs 50 to 100 ms.

    The state is saved and its lock released by then. After an interrupt a read may still wait for its answer. A tracer,
    such as coverage, gets the interpreter's own end.
    """
    import os

    code = _written("", code)
    if os.environ.get(EXIT_CODE_FILE):
        _append(os.environ[EXIT_CODE_FILE], f"exit_code={code}\n")
    if code != 130 and (sys.gettrace() is not None or sys.getprofile() is not None or "coverage" in sys.modules):
        sys.exit(code)
    os._exit(code)


def _written(words: str, code: int = 0) -> int:
    """Writes the words and flushes both streams. Returns the exit code: 1 instead of 0 if stdout is a full disk.

    A closed stdout and a reader that has left are not failures.
    """
    from contextlib import suppress

    try:
        print(words, end="", flush=True)  # noqa: T201 - works without a stdout, too
    except OSError as error:
        from reconciler.cli.streams import reader_has_left

        if code == 0 and not reader_has_left(error):
            code = 1
            with suppress(OSError):
                print(f"Error: stdout: {error.strerror}.", file=sys.stderr)  # noqa: T201 - as above
    except ValueError:  # stdout was closed
        pass
    with suppress(OSError, ValueError):
        print(end="", file=sys.stderr, flush=True)  # noqa: T201 - as above
    return code


def _append(path: str, line: str) -> None:
    """Adds a line to the file of a pipeline: outputs of a step at GitHub, a dotenv report at GitLab.

    So a shell step can be `exec voicectl`, and a later step still knows how it ended. A run that was killed adds none.
    """
    from contextlib import suppress
    from pathlib import Path

    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(line)
    except OSError as error:
        with suppress(OSError, ValueError):
            print(f"Error: {EXIT_CODE_FILE}: {path}: {error.strerror}.", file=sys.stderr)  # noqa: T201 - as above


if __name__ == "__main__":
    main()

"""`voicectl`, and `python -m reconciler`. Answers `--version` before anything is imported."""

import sys


def main() -> None:
    if sys.argv[1:] in (["--version"], ["-V"]):
        from reconciler import __version__

        sys.stdout.write(f"voicectl {__version__}\n")
        return
    import gc
    import signal

    gc.disable()  # importing and loading make no cycles worth looking for; an apply turns it on again
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: words and 130, whatever the command
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # a closed terminal too, unless nohup stands before it
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        from reconciler.cli.streams import open_streams

        open_streams()
        from reconciler.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before the command began, or after it
        code = 130
    if code == 130:
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> None:
    """At once: a look that was interrupted may still wait for its answer, and nobody need be there to read."""
    import os
    from contextlib import suppress

    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

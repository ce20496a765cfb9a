"""`voicectl`, and `python -m reconciler`. Answers `--version` before anything is imported."""

import sys


def main() -> None:
    if sys.argv[1:] in (["--version"], ["-V"]):
        from reconciler import __version__

        sys.stdout.write(f"voicectl {__version__}\n")
        return
    import signal

    from reconciler.cli.main import run

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: words and 130, whatever the command
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

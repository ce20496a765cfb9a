"""The command that prints a key: bounded in time and size, and silent about what it printed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from reconciler.command_output import LARGEST, CommandFailed, output_of

NO_ENVIRONMENT: dict[str, str] = {}


def run(tmp_path: Path, script: str, **options: float) -> bytes:
    return output_of([sys.executable, "-c", script], folder=tmp_path, environ=NO_ENVIRONMENT, **options)


def test_its_output_is_the_key_and_stderr_is_not(tmp_path: Path) -> None:
    assert run(tmp_path, "import sys; print('key'); sys.stderr.write('x' * 200_000)") == b"key\n"


def test_no_shell_reads_its_words(tmp_path: Path) -> None:
    script = "import sys; sys.stdout.write(sys.argv[1])"
    words = [sys.executable, "-c", script, "$HOME; echo `id`"]
    assert output_of(words, folder=tmp_path, environ=NO_ENVIRONMENT) == b"$HOME; echo `id`"


def test_it_runs_in_the_folder_with_the_environment_and_without_stdin(tmp_path: Path) -> None:
    script = "import os, sys; print(os.getcwd(), os.environ['A'], repr(sys.stdin.read()))"
    done = output_of([sys.executable, "-c", script], folder=tmp_path, environ={"A": "1"})
    assert done.decode().split() == [str(tmp_path), "1", "''"]


def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    for script in ("import time; time.sleep(60)", "import os, time; os.close(1); os.close(2); time.sleep(60)"):
        with pytest.raises(CommandFailed, match=r"did not end within 0\.5 s"):
            run(tmp_path, script, timeout=0.5)
    assert time.monotonic() - began < 10


def test_one_that_prints_without_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=f"more than {LARGEST:,} bytes"):
        run(tmp_path, "while True: print('x' * 1000)")


def test_one_that_fails_is_reported_with_one_line_of_stderr(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        run(tmp_path, r"import sys; sys.stderr.write('\x1b[31mno access\nmore'); sys.exit(4)")
    assert str(caught.value) == "ended with 4: ?[31mno access"


def test_a_line_that_repeats_the_key_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        run(tmp_path, "import sys; print('topsecret'); sys.stderr.write('got topsecret'); sys.exit(1)")
    assert str(caught.value) == "ended with 1"


def test_one_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="could not be started: No such file or directory"):
        output_of(["./nowhere"], folder=tmp_path, environ=NO_ENVIRONMENT)
    with pytest.raises(CommandFailed, match="null byte"):
        output_of(["a\0b"], folder=tmp_path, environ=NO_ENVIRONMENT)

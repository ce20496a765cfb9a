"""The live block, on a real (pseudo) terminal: stderr of a process of its own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

BEGIN = """
import time
from reconciler.cli.progress import Progress
from reconciler.model.events import Event, Kind, Tally
from reconciler.views.render_options import RenderOptions
def told(kind, address="narrator", **fields):
    show(Event(kind=kind, address=address, action="create", **fields))
with Progress(time.monotonic, total=2, render_options=lambda: RenderOptions(colour=True)) as show:
    told(Kind.STARTED)
    told(Kind.STARTED, "hero")
    told(Kind.ACCEPTED)
"""


def on_a_terminal(script: str) -> tuple[int, str]:
    """The exit code, and all that the script wrote to its terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stderr=theirs,
        stdout=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                some = os.read(ours, 65536)
            except OSError:  # Linux says EIO when the other side has closed
                break
            if not some:
                break
            written += some
    os.close(ours)
    return process.returncode, written.decode()


@pytest.fixture(scope="module")
def half_done() -> str:
    code, written = on_a_terminal(
        BEGIN + "    told(Kind.DONE, voice_id='850087542757535834', detail='[red]\\x1b[2J')\n"
    )
    assert code == 0
    return written


def test_the_block_shows_how_far_it_is_and_what_runs(half_done: str) -> None:
    assert "1/2  1 done, 1 running" in half_done
    assert "hero  create" in half_done


def test_a_voice_that_ended_leaves_a_line(half_done: str) -> None:
    assert "voice_id 850087542757535834" in half_done


def test_what_a_cloud_says_is_neither_markup_nor_a_terminal_command(half_done: str) -> None:
    assert r"[red]\x1b[2J" in half_done
    assert "\x1b[2J" not in half_done


def test_the_last_line_is_the_summary() -> None:
    _, written = on_a_terminal(BEGIN + "    show(Event(kind=Kind.SUMMARY, tally=Tally(total=2, done=2)))\n")
    assert "Applied: 2 done" in written


def test_the_cursor_comes_back_after_an_exception() -> None:
    code, written = on_a_terminal(BEGIN + "    raise KeyboardInterrupt\n")
    assert code != 0
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


def test_it_repaints_while_thousands_begin_and_end() -> None:
    many = """
    for number in range(3_000):
        told(Kind.STARTED, f"voice-{number}")
    time.sleep(0.3)
    for number in range(2, 3_000):
        told(Kind.ACCEPTED, f"voice-{number}")
        show(Event(kind=Kind.BLOCKED, address=f"voice-{number}", action="create"))
    time.sleep(0.3)
"""
    begin = BEGIN.replace("total=2", "total=3002, said_already=[f'voice-{n}' for n in range(3_000)]")
    code, written = on_a_terminal(begin + many)
    assert (code, "Traceback" in written) == (0, False)
    assert "3002 running" in written
    assert "and 2994 more" in written
    assert "2998/3002  0 done, 4 running, " in written
    assert "voice-1   create" in written[written.rindex("4 running") :]


def test_a_second_call_of_a_change_began_with_the_first() -> None:
    again = "    time.sleep(1.2)\n    told(Kind.STARTED)\n    time.sleep(0.2)\n"
    _, written = on_a_terminal(BEGIN + again)
    last = written[written.rindex("2 running") :]
    assert "narrator  create  1." in last


def test_rich_is_not_imported_before_the_block_opens() -> None:
    script = "import sys, reconciler.cli.progress; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0

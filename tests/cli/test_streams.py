"""What goes to stdout and what to stderr, whichever of them is a terminal, a file, or a pipe that nobody reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.cli_harness import COMMAND, CliHarness
from tests.support.kling_service import KlingService

HIDE_CURSOR = "\x1b[?25l"  # only the live block does
QUESTION = "Only 'yes' will be accepted: "


class Seen:
    """What a command wrote: `screen` is what a person saw, `out` and `err` what went to files instead."""

    def __init__(self, cli: CliHarness, *words: str, out: bool, err: bool, **env: str) -> None:
        """`out` and `err`: whether stdout and stderr are the terminal."""
        files = [cli.folder / "stdout.log", cli.folder / "stderr.log"]
        with files[0].open("wb") as stdout, files[1].open("wb") as stderr:
            asked = {"stdout": None if out else stdout, "stderr": None if err else stderr}
            with cli.at_a_terminal(*words, **asked, **env) as screen:  # type: ignore[arg-type]  # a file, or none
                if "--auto-approve" not in words:
                    screen.type("yes\n")
                self.code, self.screen = screen.end()
        self.out, self.err = (file.read_text() for file in files)


@pytest.mark.parametrize(("out", "err"), [(True, True), (True, False), (False, True), (False, False)])
def test_plan_and_results_are_on_stdout_and_the_question_where_it_is_seen(
    cli: CliHarness, out: bool, err: bool
) -> None:
    cli.declare("narrator", "hero")
    planned = Seen(cli, "plan", out=out, err=err)
    assert "create hero (kling)" in (planned.screen if out else planned.out)

    for command, ended in (("apply", "hero: create: "), ("destroy", "hero: delete: ")):
        seen = Seen(cli, command, out=out, err=err)
        results = seen.screen if out else seen.out
        assert seen.code == 0
        assert results.index("hero (kling)") < results.index(ended) < results.index("Applied: 2 done")
        assert (HIDE_CURSOR in seen.screen) == (out and err)
        assert QUESTION in (seen.screen if out or err else seen.err)
        assert ended not in seen.err
        assert "\x1b" not in seen.out + seen.err


def test_there_is_no_live_block_on_a_terminal_that_can_not_show_one(cli: CliHarness) -> None:
    cli.declare("narrator")
    seen = Seen(cli, "apply", "--auto-approve", out=True, err=True, TERM="dumb")
    assert "narrator: create: done" in seen.screen
    assert "\x1b" not in seen.screen


@pytest.mark.parametrize("words", [("apply", "--auto-approve"), ("apply", "--auto-approve", "--json")])
def test_a_full_disk_under_stdout_ends_no_run_and_is_reported(
    cli: CliHarness, kling: KlingService, words: tuple[str, ...]
) -> None:
    cli.declare("narrator", "hero")
    ran = into_a_full_disk(cli, *words)
    assert ran.returncode == 1
    assert kling.bought == 2
    assert "No space left on device. Everything was done; the state holds it." in ran.stderr
    assert "voicectl state list" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_failures_are_reported_even_if_stdout_is_closed(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["villain"] = "too noisy"
    cli.declare("villain", "hero")
    running = cli.start("apply", "--auto-approve")
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    said = running.stderr.read().decode()
    running.stderr.close()
    assert running.wait(timeout=60) == 1
    assert "villain: create: failed: too noisy" in said
    assert "Applied: 1 done, 1 failed" in said
    assert "hero" not in said


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("apply --auto-approve | head -1", 0),
        ("drift | true", 2),
        ("plan --detailed-exitcode --replace narrator --json | true", 2),
    ],
)
def test_a_reader_that_leaves_changes_no_exit_code(cli: CliHarness, kling: KlingService, words: str, code: int) -> None:
    cli.declare("narrator", *(f"voice-{number}" for number in range(5)))
    if not words.startswith("apply"):
        cli.apply()
        kling.rename_outside(cli.voice_id("narrator"), "renamed")
    command, _, reader = words.partition(" | ")
    script = f"{' '.join(COMMAND)} {command} | {{ {reader}; exec <&-; sleep 0.1; }}; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", script], cwd=cli.folder, env=cli.env, capture_output=True, check=False)
    assert ran.stdout.decode().splitlines()[-1] == str(code)
    assert ran.stderr == b""
    assert kling.bought == 6


def test_a_closed_stderr_ends_no_run(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    running = cli.start("-v", "apply", "--auto-approve")
    assert running.stderr is not None
    running.stderr.close()
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert b"Applied: 1 done" in out
    assert kling.bought == 1


def into_a_full_disk(cli: CliHarness, *words: str) -> subprocess.CompletedProcess[str]:
    with Path("/dev/full").open("wb") as full:
        return subprocess.run(
            [*COMMAND, *words],
            cwd=cli.folder,
            env=cli.env,
            stdout=full,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )


def test_colours_follow_the_first_that_says_something(cli: CliHarness) -> None:
    cli.declare("narrator")
    cases: list[tuple[tuple[str, ...], dict[str, str], bool, bool]] = [
        (("--no-color",), {"FORCE_COLOR": "1"}, True, False),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ((), {"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ((), {"FORCE_COLOR": "1"}, False, True),
        ((), {"NO_COLOR": "", "FORCE_COLOR": ""}, True, True),
        ((), {"TERM": "dumb"}, True, False),
        ((), {}, False, False),
    ]
    for words, env, terminal, coloured in cases:
        seen = Seen(cli, "plan", *words, out=terminal, err=terminal, **env)
        assert ("\x1b[32m" in seen.screen + seen.out) == coloured, (words, env, terminal)

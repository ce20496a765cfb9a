"""At a terminal it asks and shows its progress; elsewhere it does not ask."""

from __future__ import annotations

import re
import signal
import subprocess

import pytest

from reconciler.views.wrap import width
from tests.support.cli_harness import COMMAND, CliHarness, voice
from tests.support.kling_service import KlingService

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


# -- the question ------------------------------------------------------------------------------------------------------


def test_apply_asks_and_yes_continues(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", "hero")
    with cli.at_a_terminal("apply") as screen:
        screen.until("Only 'yes' will be accepted")
        assert kling.count("create") == 0
        assert "create hero (kling)" in screen.shown
        screen.type("yes\n")
        code, shown = screen.end()
    assert code == 0
    assert kling.bought == 2
    assert "Applied: 2 done" in shown


@pytest.mark.parametrize("answer", ["y\n", "YES\n", "no\n", "\nno\n", "\x04"])
def test_any_other_answer_makes_nothing(cli: CliHarness, kling: KlingService, answer: str) -> None:
    cli.declare("narrator")
    with cli.at_a_terminal("apply") as screen:
        screen.until("Only 'yes' will be accepted")
        screen.type(answer)
        code, shown = screen.end()
    assert code == 1
    assert "Nothing was applied" in shown
    assert kling.count("create") == 0


def test_ctrl_c_at_the_question_exits_130_and_makes_nothing(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    with cli.at_a_terminal("apply") as screen:
        screen.until("Only 'yes' will be accepted")
        screen.process.send_signal(signal.SIGINT)
        code, _ = screen.end()
    assert code == 130
    assert kling.count("create") == 0


def test_destroy_names_the_number_in_its_question(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", "hero")
    cli.apply()
    with cli.at_a_terminal("destroy") as screen:
        assert "Destroy 2 voices?" in screen.until("Only 'yes' will be accepted")
        screen.type("yes\n")
        assert screen.end()[0] == 0
    assert kling.voices == {}


def test_nothing_is_asked_when_there_is_nothing_to_do(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    with cli.at_a_terminal("apply") as screen:
        code, shown = screen.end()
    assert code == 0
    assert "No changes." in shown
    assert "Only 'yes'" not in shown


def test_a_plan_with_only_blocked_changes_needs_no_confirmation(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["villain"] = "too noisy"
    cli.declare("villain")
    cli.apply(code=1)
    with cli.at_a_terminal("apply") as screen:
        code, shown = screen.end()
    assert code == 1
    assert "too noisy" in shown
    assert "Only 'yes'" not in shown


def test_the_live_block_shows_how_far_it_is(cli: CliHarness, kling: KlingService) -> None:
    kling.task_seconds = 0.6
    cli.declare("narrator", "hero")
    with cli.at_a_terminal("apply", "--auto-approve") as screen:
        screen.until("2 running")
        _, shown = screen.end()
    assert "0/2" in shown
    assert re.search(r"narrator: create: .*done", shown)
    counted = re.findall(r"([0-9]+) calls", shown)  # in the block, again and again, and in the last line
    assert re.findall(r"Applied: .*?([0-9]+) calls", shown) == [counted[-1]] == [counted[-2]]


def test_colours_are_for_terminals_that_want_them(cli: CliHarness) -> None:
    cli.declare("narrator")
    with cli.at_a_terminal("plan") as screen:
        assert "\x1b[32m" in screen.end()[1]
    with cli.at_a_terminal("plan", "--no-color") as screen:
        assert "\x1b[" not in screen.end()[1]
    with cli.at_a_terminal("plan", NO_COLOR="1") as screen:
        assert "\x1b[" not in screen.end()[1]


# -- without a terminal ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_without_a_terminal_apply_does_not_ask_and_makes_no_call(
    cli: CliHarness, kling: KlingService, command: str
) -> None:
    cli.declare("narrator")
    refused = cli.voicectl(command, stdin="yes\n", code=1)
    assert "--auto-approve" in refused.err
    assert kling.calls == []
    assert cli.files() == {}


def test_json_does_not_ask_either(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    refused = cli.voicectl("apply", "--json", code=1)
    assert refused.out == ""
    assert "--auto-approve" in refused.err
    assert kling.calls == []


def test_piped_it_prints_a_line_a_change_and_no_control_character(cli: CliHarness) -> None:
    cli.declare("narrator", "hero")
    ran = cli.apply()
    assert len([line for line in ran.out.splitlines() if ": create: done, voice_id " in line]) == 2
    assert ran.out.splitlines()[-1].startswith("Applied: 2 done; ")
    assert ran.err == ""
    assert not CONTROLS.search(ran.out)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_an_empty_one(cli: CliHarness, kling: KlingService, closed: str) -> None:
    cli.declare("narrator")
    words = " ".join([*COMMAND, "apply", "--auto-approve", closed])
    assert subprocess.run(["sh", "-c", words], cwd=cli.folder, env=cli.env, check=False).returncode == 0
    assert kling.bought == 1


def test_a_reader_that_leaves_early_is_not_a_bug(cli: CliHarness) -> None:
    cli.declare(*(f"voice-{number}" for number in range(300)))
    with subprocess.Popen(
        [*COMMAND, "plan"], cwd=cli.folder, env=cli.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"bug" not in process.stderr.read()


@pytest.mark.parametrize("json_or_not", [(), ("--json",)])
def test_an_apply_continues_when_its_output_is_closed(
    cli: CliHarness, kling: KlingService, json_or_not: tuple[str, ...]
) -> None:
    cli.declare("narrator", "hero", "villain")
    running = cli.start("apply", "--auto-approve", *json_or_not)
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    told = running.stderr.read()
    running.stderr.close()
    assert running.wait(timeout=60) == 0
    assert told == b""
    assert len(cli.voicectl("output", "--json", code=0).json) == kling.bought == 3


# -- its width ---------------------------------------------------------------------------------------------------------

SCREEN = 100  # columns


@pytest.fixture
def wordy(cli: CliHarness, kling: KlingService) -> CliHarness:
    """A plan whose lines would be too wide for a screen."""
    kling.failing["语音"] = "the sample holds two voices, " * 6
    cli.declare("hero", narrator=voice("语音"))
    cli.apply(code=1)
    kling.failing.clear()
    cli.declare(hero=voice("heroine", voice_url=f"https://cdn.example.com/{'long/' * 8}a.mp3"), narrator=voice("语音"))
    return cli


def test_a_plan_is_folded_to_the_screen_and_no_command_is_broken(wordy: CliHarness) -> None:
    with wordy.at_a_terminal("plan", NO_COLOR="1") as screen:
        code, shown = screen.end()
    assert code == 0
    wide = [line for line in shown.replace("\r\n", "\n").split("\n") if width(line) > SCREEN]
    assert wide == []
    assert "voicectl apply --retry narrator" in shown


def test_an_error_is_folded_to_the_screen(cli: CliHarness) -> None:
    cli.write({"hero": voice("hero") | {"creat": {}}}, safety={"max_delete_percent": "most of them " * 10})
    with cli.at_a_terminal("plan", NO_COLOR="1") as screen:
        _, shown = screen.end()
    assert max(width(line) for line in shown.replace("\r\n", "\n").split("\n")) <= SCREEN


def test_what_is_piped_keeps_its_lines(wordy: CliHarness) -> None:
    told = wordy.voicectl("plan", code=0).out
    [blocked] = [line for line in told.splitlines() if "its creation failed" in line]
    assert blocked.count("two voices") == 6


def test_the_switches_of_the_sandbox_fit_80_columns(cli: CliHarness) -> None:
    cli.declare("hero")
    lines = cli.voicectl("sandbox", "faults", code=0).out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("deleted_voice ") for line in lines)

"""An option that does not exist: what was meant is said, and never an option that pays, deletes or overrules."""

from __future__ import annotations

import pytest

from reconciler.cli.main import COMMANDS, run
from tests.support.cli_harness import CliHarness

PAYS = ("--retry", "--replace", "--allow-recreates", "--allow-deletes", "--auto-approve", "--force", "--probe")


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--target", "hero"),
        ("apply", "--target=hero"),
        ("plan", "--destroy"),
        ("apply", "--recreate", "hero"),
        ("plan", "--rplace", "hero"),
        ("plan", "--retries", "3"),
        ("apply", "--allow-delete", "3"),
        ("plan", "--allow-recreate", "3"),
        ("apply", "--auto-aprove"),
        ("destroy", "--autoapprove"),
        ("drift", "--prob"),
        ("validate", "--probes"),
        ("state", "push", "--forced", "copy.json"),
        ("resolve", "hero", "--retri"),
        ("resolve", "hero", "--forgot"),
        ("state", "rebuild", "--newlineage"),
    ],
)
def test_an_option_that_pays_or_overrules_is_never_suggested(cli: CliHarness, words: tuple[str, ...]) -> None:
    cli.declare("hero")
    refused = cli.voicectl(*words, code=1).err
    said = f"No such option: {next(w for w in words if w.startswith('--')).split('=')[0]}."
    assert said in refused
    assert "Did you mean" not in refused
    assert not [option for option in PAYS if option in refused.replace(said, "")]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("plan", "--ouput", "p"), "--out"),
        (("plan", "--jsn"), "--json"),
        (("apply", "--lock-timout", "5m"), "--lock-timeout"),
        (("--sandbx", "plan"), "--sandbox"),
        (("plan", "--no-colour"), "--no-color"),
        (("state", "list", "--abandond"), "--abandoned"),
        (("-chdir=prod", "plan"), "-C DIR"),
        (("--chdir=prod", "plan"), "-C DIR"),
    ],
)
def test_a_harmless_option_is_suggested(cli: CliHarness, words: tuple[str, ...], meant: str) -> None:
    cli.declare("hero")
    assert f"Did you mean {meant}?" in cli.voicectl(*words, code=1).err


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("plan", "-out=tonight.plan"), "out"),
        (("plan", "-out", "tonight.plan"), "out"),
        (("plan", "-json"), "json"),
        (("plan", "-detailed-exitcode"), "detailed-exitcode"),
        (("plan", "-no-color"), "no-color"),
        (("apply", "-auto-approve"), "auto-approve"),
        (("apply", "-replace=hero"), "replace"),
        (("apply", "-lock-timeout=5m"), "lock-timeout"),
        (("destroy", "-auto-approve"), "auto-approve"),
        (("-sandbox", "plan"), "sandbox"),
        (("plan", "-verbose"), "verbose"),
        (("-version",), "version"),
        (("plan", "-help"), "help"),
        (("-file=voices.yaml", "plan"), "file"),
        (("plan", "-format", "json"), "format"),
        (("plan", "-format=json"), "format"),
        (("state", "push", "-force", "copy.json"), "force"),
        (("state", "list", "-all"), "all"),
    ],
)
def test_a_long_option_behind_one_dash_gets_a_hint_for_two_dashes(
    cli: CliHarness, words: tuple[str, ...], option: str
) -> None:
    cli.declare("hero")
    refused = cli.voicectl(*words, code=1).err
    assert f"No such option: -{option}. Write it with two dashes: --{option}" in refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "-var=a=b"), "No such option: -var."),
        (("plan", "-refresh=false"), "No such option: -refresh."),
        (("apply", "-out=p"), "No such option: -out."),
        (("plan", "-x"), "No such option: -x."),
    ],
)
def test_what_has_no_such_option_is_named_as_it_was_written(cli: CliHarness, words: tuple[str, ...], said: str) -> None:
    cli.declare("hero")
    refused = cli.voicectl(*words, code=1).err
    assert said in refused
    assert "dashes" not in refused


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_no_command_suggests_an_option_that_pays(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for option in PAYS:
        assert run([command, f"{option}x"]) == 1
        assert f"Did you mean {option}" not in capsys.readouterr().err


def test_short_options_may_still_be_joined_with_their_value(cli: CliHarness) -> None:
    cli.declare("hero", file="files.yaml")
    assert cli.voicectl("-ffiles.yaml", "plan", "--json", code=0).json["summary"]["create"] == 1

"""Environment variables stand in for options: once, empty ones not at all, and bad ones are named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from reconciler.cli import environment
from reconciler.cli.context import Globals
from reconciler.cli.main import run, voicectl
from tests.support.cli_harness import CliHarness, Ran
from tests.test_house import EVERY_COMMAND

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"(?<![A-Za-z_])VOICECTL_[A-Z_]+\b")


def ran(cli: CliHarness, *words: str, code: int | None = 0, **env: str) -> Ran:
    return cli.voicectl(*words, env=cli.env | env, code=code)


def declared(shown: Ran) -> list[str]:
    return [change["address"] for change in shown.json["changes"]]


@pytest.fixture
def studio(cli: CliHarness) -> CliHarness:
    """Three manifests, one of them in a folder of its own, with a blank in its name."""
    (cli.folder / "my studio").mkdir()
    cli.declare("usual")
    cli.declare("other", file="other voices.yaml")
    cli.declare("third", file="my studio/voices.yaml")
    return cli


def test_the_manifest_and_the_directory_come_from_the_environment(studio: CliHarness) -> None:
    assert declared(ran(studio, "plan", "--json")) == ["usual"]
    assert declared(ran(studio, "plan", "--json", VOICECTL_FILE="other voices.yaml")) == ["other"]
    assert declared(ran(studio, "plan", "--json", VOICECTL_CHDIR="my studio")) == ["third"]
    assert declared(ran(studio, "plan", "--json", VOICECTL_CHDIR="my studio", VOICECTL_FILE=".")) == ["third"]


def test_an_option_on_the_command_line_wins(studio: CliHarness) -> None:
    for words in (("-f", "voices.yaml", "plan"), ("plan", "-f", "voices.yaml")):
        assert declared(ran(studio, *words, "--json", VOICECTL_FILE="other voices.yaml")) == ["usual"]
    for words in (("-C", "my studio", "plan"), ("plan", "-C", "my studio")):
        assert declared(ran(studio, *words, "--json", VOICECTL_CHDIR="nowhere")) == ["third"]
    timeout = ran(studio, "apply", "--lock-timeout", "soon", code=1, VOICECTL_LOCK_TIMEOUT="1s").err
    assert "--lock-timeout soon" in timeout or "confirmation" in timeout


@pytest.mark.parametrize("value", ["1", "true", "yes", "on"])
def test_the_sandbox_comes_from_the_environment(studio: CliHarness, value: str) -> None:
    shown = ran(studio, "plan", VOICECTL_SANDBOX=value)
    assert (studio.folder / ".voicectl").is_dir()
    assert "usual" in shown.out


@pytest.mark.parametrize("value", ["0", "false", "no", "off", ""])
def test_an_empty_or_false_variable_is_as_if_unset(studio: CliHarness, value: str) -> None:
    ran(studio, "plan", VOICECTL_SANDBOX=value, VOICECTL_NO_COLOR=value, VOICECTL_VERBOSE=value)
    assert not (studio.folder / ".voicectl").is_dir()


def test_every_empty_variable_is_as_if_unset(studio: CliHarness) -> None:
    empty: dict[str, str] = dict.fromkeys(NAME.findall((ROOT / "README.md").read_text(encoding="utf-8")), "")
    for words in (("plan",), ("drift",), ("validate",), ("state", "list"), ("apply", "--auto-approve")):
        with_empty = studio.voicectl(*words, env=studio.env | empty)
        assert with_empty.code == studio.voicectl(*words).code
    assert studio.voicectl("plan", env=studio.env | empty) == studio.voicectl("plan")


def test_details_come_from_the_environment(studio: CliHarness) -> None:
    assert "manifest: voices.yaml" in ran(studio, "plan", VOICECTL_VERBOSE="1").err


def test_colours_are_left_out(studio: CliHarness) -> None:
    assert "\x1b[" in ran(studio, "plan", FORCE_COLOR="1").out
    assert "\x1b[" not in ran(studio, "plan", FORCE_COLOR="1", VOICECTL_NO_COLOR="1").out


@pytest.mark.parametrize(
    ("words", "variable", "value"),
    [
        (("plan",), "VOICECTL_CHDIR", "nowhere"),
        (("plan",), "VOICECTL_FILE", "nowhere.yaml"),
        (("output",), "VOICECTL_FILE", "/dev/null"),
        (("plan",), "VOICECTL_SANDBOX", "perhaps"),
        (("plan",), "VOICECTL_NO_COLOR", "perhaps"),
        (("plan",), "VOICECTL_VERBOSE", "perhaps"),
        (("apply", "--auto-approve"), "VOICECTL_LOCK_TIMEOUT", "soon"),
        (("state", "rm", "usual"), "VOICECTL_LOCK_TIMEOUT", "soon"),
        (("apply", "--auto-approve"), "VOICECTL_GRACE", "soon"),
        (("plan",), "VOICECTL_STATE", "ftp://nowhere"),
        (("plan",), "VOICECTL_LOG", "trace"),
        (("validate",), "VOICECTL_LOG", "trace"),
    ],
)
def test_a_bad_value_is_an_error_that_names_its_variable(
    studio: CliHarness, words: tuple[str, ...], variable: str, value: str
) -> None:
    refused = ran(studio, *words, code=1, **{variable: value})
    assert variable in refused.err
    assert refused.out == ""


def test_commands_in_hints_lead_to_the_same_place_without_the_variables(studio: CliHarness) -> None:
    hint = ran(studio, "plan", "--out", "p.plan", VOICECTL_CHDIR="my studio", VOICECTL_SANDBOX="1").err
    assert "voicectl -C 'my studio' --sandbox apply p.plan" in hint


def test_a_group_and_its_command_read_a_variable_once(studio: CliHarness) -> None:
    missing = ran(studio, "state", "list", code=1, VOICECTL_CHDIR="my studio").err
    assert "my studio/voices.state.json" in missing
    assert "my studio/my studio" not in missing


# -- help and README ---------------------------------------------------------------------------------------------------


def test_help_names_the_variable_of_each_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["apply", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for variable in (environment.FILE, environment.CHDIR, environment.SANDBOX, environment.LOCK_TIMEOUT):
        assert f"[env var: {variable}]" in shown
    assert "[env var: VOICECTL_STATE]" in shown


def test_the_readme_lists_exactly_the_variables_that_the_code_reads() -> None:
    code = {
        name for path in (ROOT / "reconciler").rglob("*.py") for name in NAME.findall(path.read_text(encoding="utf-8"))
    }
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = set(re.findall(r"^\| `(VOICECTL_[A-Z_]+)` \|", readme, re.MULTILINE))
    assert table == {"VOICECTL_VAR_NAME" if name.startswith("VOICECTL_VAR_") else name for name in code}


def test_each_variable_of_an_option_is_one_of_ours() -> None:
    used = {
        parameter.envvar
        for command in EVERY_COMMAND.values()
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.envvar
    }
    named = {value for name, value in vars(environment).items() if name.isupper()}
    assert used == named


def test_no_variable_is_read_where_a_line_is_only_completed() -> None:
    context = voicectl.make_context("voicectl", ["plan"], obj=Globals(), resilient_parsing=True)
    assert json.dumps(context.obj.file) == "null"

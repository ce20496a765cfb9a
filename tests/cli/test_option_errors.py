"""An option that does not exist: what was meant is said, and never an option that pays, deletes or overrules."""

from __future__ import annotations

import re

import pytest

from reconciler.cli.main import COMMANDS, run
from tests.support.cli_harness import CliHarness

PAYS = ("--retry", "--replace", "--allow-recreates", "--allow-deletes", "--auto-approve", "--force", "--probe")


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--targets", "hero"),
        ("apply", "--targets=hero"),
        ("plan", "--destroyed"),
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
    ("words", "twin"),
    [
        (("plan", "-out=tonight.plan"), ("plan", "--out=tonight.plan")),
        (("plan", "-out", "tonight.plan"), ("plan", "--out", "tonight.plan")),
        (("plan", "-json"), ("plan", "--json")),
        (("plan", "-var=take=2=3"), ("plan", "--var=take=2=3")),
        (("plan", "-var", "take=2", "-var-file=v.yaml"), ("plan", "--var", "take=2", "--var-file=v.yaml")),
        (("plan", "-target=hero", "-refresh=false"), ("plan", "--target=hero", "--refresh=false")),
        (("plan", "-target", "hero", "-destroy"), ("plan", "--target", "hero", "--destroy")),
        (("plan", "-detailed-exitcode"), ("plan", "--detailed-exitcode")),
        (("plan", "-no-color"), ("plan", "--no-color")),
        (("plan", "-replace=hero"), ("plan", "--replace=hero")),
        (("plan", "-retry", "nobody"), ("plan", "--retry", "nobody")),
        (("drift", "-lock-timeout=5m"), ("drift", "--lock-timeout=5m")),
        (("drift", "-lock-timeout", "never", "-accept", "hero"), ("drift", "--lock-timeout=never", "--accept=hero")),
        (("-sandbox", "plan"), ("--sandbox", "plan")),
        (("plan", "-verbose"), ("plan", "--verbose")),
        (("-version",), ("--version",)),
        (("plan", "-help"), ("plan", "--help")),
        (("-file=voices.yaml", "plan"), ("--file=voices.yaml", "plan")),
        (("-file", "nowhere.yaml", "plan"), ("--file", "nowhere.yaml", "plan")),
        (("plan", "-format", "json"), ("plan", "--format", "json")),
        (("plan", "-format=json"), ("plan", "--format=json")),
        (("state", "push", "-force", "copy.json"), ("state", "push", "--force", "copy.json")),
        (("state", "list", "-all"), ("state", "list", "--all")),
        (("apply", "-json"), ("apply", "--json")),
    ],
)
def test_a_long_option_behind_one_dash_is_taken_as_its_twin(
    cli: CliHarness, words: tuple[str, ...], twin: tuple[str, ...]
) -> None:
    cli.declare("hero")
    first, second = cli.voicectl(*words), cli.voicectl(*twin)
    assert (first.code, without_ids(first.out), first.err) == (second.code, without_ids(second.out), second.err)
    assert "No such option" not in first.err


def without_ids(shown: str) -> str:
    return re.sub(r'"(plan_id|lineage)": "[^"]*"', "", shown)


def test_an_apply_takes_the_options_of_terraform(cli: CliHarness) -> None:
    cli.declare("hero")
    cli.voicectl("plan", "-out=tonight.plan", "-lock-timeout=1s", code=1)  # plan takes no lock
    cli.voicectl("plan", "-out=tonight.plan", code=0)
    cli.voicectl("apply", "-auto-approve", "-json", "-lock-timeout=1s", "tonight.plan", code=0)
    cli.voicectl("destroy", "-auto-approve", code=0)


def test_short_options_are_what_they_were(cli: CliHarness) -> None:
    (cli.folder / "out").mkdir()
    cli.declare("hero", file="out/voices.yaml")
    cli.declare("hero", file="orce.yaml")
    for words in (("-C", "out"), ("-Cout",), ("-f", "out"), ("-force.yaml",), ("-vforce.yaml",)):
        assert cli.voicectl(*words, "plan", "--json", code=0).json["summary"]["create"] == 1


@pytest.mark.parametrize("words", [("plan", "-force"), ("plan", "-force=yes"), ("-format=json", "plan")])
def test_a_long_option_that_a_command_lacks_is_no_manifest(cli: CliHarness, words: tuple[str, ...]) -> None:
    cli.declare("hero")
    name = next(word for word in words if word.startswith("-")).partition("=")[0]
    assert f"No such option: {name}." in cli.voicectl(*words, code=1).err


def test_the_value_of_an_option_may_look_like_an_option(cli: CliHarness) -> None:
    cli.declare("hero")
    assert "--retry -json: the manifest declares no such voice" in cli.voicectl("plan", "--retry=-json", code=1).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "-parallelism=3"), "No such option: -parallelism."),
        (("plan", "-lock=false"), "No such option: -lock."),
        (("apply", "-out=p"), "No such option: -out."),
        (("plan", "-x"), "No such option: -x."),
    ],
)
def test_what_has_no_such_option_is_named_as_it_was_written(cli: CliHarness, words: tuple[str, ...], said: str) -> None:
    cli.declare("hero")
    refused = cli.voicectl(*words, code=1).err
    assert said in refused


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_no_command_suggests_an_option_that_pays(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for option in PAYS:
        assert run([command, f"{option}x"]) == 1
        assert f"Did you mean {option}" not in capsys.readouterr().err


def test_short_options_may_still_be_joined_with_their_value(cli: CliHarness) -> None:
    cli.declare("hero", file="files.yaml")
    assert cli.voicectl("-ffiles.yaml", "plan", "--json", code=0).json["summary"]["create"] == 1

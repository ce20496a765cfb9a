"""Global options stand before or after the command; paths are relative to -C; wrong words exit 1."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.cli_harness import COMMAND, CliHarness
from tests.support.kling_service import KlingService
from tests.support.speech import recorded, speech


@pytest.fixture
def prod(cli: CliHarness) -> CliHarness:
    """Everything in the folder `prod`, under another name."""
    (cli.folder / "prod").mkdir()
    cli.declare("narrator", file="prod/studio.yaml")
    return cli


@pytest.mark.parametrize(
    "words",
    [
        ("-C", "prod", "-f", "studio.yaml", "plan", "--json"),
        ("plan", "-C", "prod", "--json", "-f", "studio.yaml"),
        ("-f", "prod/studio.yaml", "plan", "--json"),
        ("plan", "--json", "--file", "prod/studio.yaml"),
        ("-C", "prod", "plan", "--json", "-fstudio.yaml"),
    ],
)
def test_global_options_may_be_before_or_after_the_command(prod: CliHarness, words: tuple[str, ...]) -> None:
    assert prod.voicectl(*words, code=0).json["summary"]["create"] == 1


def test_they_may_be_before_and_after_a_command_of_a_group_too(prod: CliHarness) -> None:
    prod.apply("-f", "prod/studio.yaml")
    for words in (
        ("-f", "prod/studio.yaml", "state", "list"),
        ("state", "-f", "prod/studio.yaml", "list"),
        ("state", "list", "-f", "prod/studio.yaml"),
    ):
        assert prod.voicectl(*words, code=0).out.startswith("narrator  ready")


def test_every_path_is_relative_to_c(prod: CliHarness, kling: KlingService) -> None:
    there = ("-C", "prod", "-f", "studio.yaml")
    told = prod.voicectl("plan", *there, "--out", "p", code=0)
    assert "voicectl -C prod -f studio.yaml apply p" in told.err
    assert (prod.folder / "prod/p").exists()
    assert prod.voicectl(*there, "show", "p", code=0).out == told.out
    prod.voicectl("apply", "p", *there, code=0)
    assert kling.bought == 1

    (prod.folder / "prod/copy.json").write_text(prod.voicectl(*there, "state", "pull", code=0).out)
    prod.voicectl("state", "push", "copy.json", *there, code=0)


def test_a_folder_that_does_not_exist_is_named(cli: CliHarness) -> None:
    assert "-C missing: No such file or directory." in cli.voicectl("plan", "-C", "missing", code=1).err


def test_hints_lead_to_the_same_manifest(prod: CliHarness) -> None:
    refused = prod.voicectl("apply", "-f", "prod/studio.yaml", code=1)
    assert "voicectl -f prod/studio.yaml apply --auto-approve" in refused.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plna",), "Did you mean plan?"),
        (("state", "lst"), "Did you mean list?"),
        (("plan", "--detailed-exitcodes"), "--detailed-exitcode"),
        (("apply", "p", "q"), "unexpected extra argument"),
        (("import", "narrator"), "VOICE_ID"),
        (("schema", "yaml"), "manifest"),
        (("completion", "tcsh"), "bash"),
        (("plan", "--allow-deletes", "many"), "not a valid integer"),
        (("plan", "--retry", "narator"), "Did you mean narrator?"),
        (("plan", "--replace", "nobody"), "declares no such voice"),
        (("voices", "klng"), "It declares kling."),
        (("voices", "kling", "--presets", "--unmanaged"), "can't be used together"),
        (("output", "nobody"), "No state here yet"),
        (("state", "show", "nobody"), "state"),
        (("show", "missing.plan"), "missing.plan"),
        (("-f", "missing.yaml", "plan"), "missing.yaml does not exist"),
        ((), "Usage: voicectl"),
        (("state",), "Usage: voicectl state"),
    ],
)
def test_what_can_not_be_done_exits_1_and_says_why(cli: CliHarness, words: tuple[str, ...], said: str) -> None:
    cli.declare("narrator")
    refused = cli.voicectl(*words, code=1)
    assert refused.out == ""
    assert said in refused.err
    assert "Traceback" not in refused.err
    assert "bug" not in refused.err


def test_init_writes_a_commented_manifest_that_is_valid_and_never_twice(cli: CliHarness) -> None:
    assert "Wrote voices.yaml and manifest.schema.json." in cli.voicectl("init", code=0).err
    written = (cli.folder / "voices.yaml").read_text()
    assert "# a provider is a named account" in written
    assert cli.voicectl("validate", code=0).out == "voices.yaml is valid: 1 voice, 1 provider.\n"
    assert "already exists" in cli.voicectl("init", code=1).err
    assert (cli.folder / "voices.yaml").read_text() == written
    assert cli.voicectl("--sandbox", "plan", "--json", code=0).json["summary"]["create"] == 1


def test_the_schema_that_the_manifest_of_init_names_is_there(cli: CliHarness) -> None:
    cli.voicectl("init", code=0)
    [named] = re.findall(
        r"^# yaml-language-server: \$schema=(.*)$", (cli.folder / "voices.yaml").read_text(), re.MULTILINE
    )
    assert json.loads((cli.folder / named).read_text()) == cli.voicectl("schema", "manifest", code=0).json


def test_init_keeps_a_schema_that_is_there(cli: CliHarness) -> None:
    (cli.folder / "manifest.schema.json").write_text("{}")
    assert "Wrote voices.yaml." in cli.voicectl("init", code=0).err
    assert (cli.folder / "manifest.schema.json").read_text() == "{}"


def test_every_entry_that_init_comments_out_is_valid(cli: CliHarness) -> None:
    cli.voicectl("init", code=0)
    path = cli.folder / "voices.yaml"
    head, rest = path.read_text().split("version: 1\n")
    keys = re.sub(r"^( *)# (?= *\w+:)", r"\1", rest, flags=re.M)
    path.write_text(f"{head}version: 1\n{keys}")
    (cli.folder / "concierge.wav").write_bytes(recorded(speech(12)))
    told = cli.voicectl("validate", code=0).out
    assert told == "voices.yaml is valid: 4 voices, 1 sound, 3 providers.\n"


def test_validate_shows_every_problem_with_its_place_and_makes_no_call(cli: CliHarness, kling: KlingService) -> None:
    (cli.folder / "voices.yaml").write_text(
        "version: 1\n"
        "providers:\n"
        "  kling: {type: kling}\n"
        "voices:\n"
        "  narrator:\n"
        "    provider: kling\n"
        "    create: {voice_name: A name that is far too long, voice_url: https://cdn.example.com/a.mp3}\n"
        "  hero:\n"
        "    provider: klng\n"
        "    creat: {voice_name: Hero}\n"
    )
    refused = cli.voicectl("validate", code=1)
    assert "voices.yaml:7:" in refused.err
    assert "voices.narrator.create.voice_name" in refused.err
    assert "at most 20" in refused.err
    assert "voices.yaml:9:" in refused.err
    assert "did you mean create" in refused.err
    assert refused.out == ""
    assert kling.calls == []


def test_completion_knows_the_commands(cli: CliHarness) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_VOICECTL_COMPLETE" in cli.voicectl("completion", shell, code=0).out
    asked = {"_VOICECTL_COMPLETE": "bash_complete", "COMP_WORDS": "voicectl pl", "COMP_CWORD": "1"}
    assert cli.voicectl(env=cli.env | asked).out == "plain,plan\n"


def test_the_version_is_reported(cli: CliHarness) -> None:
    import reconciler

    assert cli.voicectl("--version", code=0).out == f"voicectl {reconciler.__version__}\n"


def test_a_full_disk_under_stdout_is_an_error(cli: CliHarness) -> None:
    cli.declare("narrator")
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [*COMMAND, "plan"], cwd=cli.folder, env=cli.env, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ran.returncode == 1
    assert b"No space left on device" in ran.stderr
    assert b"Traceback" not in ran.stderr


def test_verbose_shows_on_stderr_what_was_read(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    told, plain = cli.voicectl("-v", "plan", code=0), cli.voicectl("plan", code=0)
    assert told.out == plain.out
    assert plain.err == ""
    assert told.err == (
        f"manifest: voices.yaml\nstate: {cli.folder / 'voices.state.json'}\nkling: kling {kling.url}, calls made: 1\n"
    )

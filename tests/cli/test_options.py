"""Global options stand before or after the command; paths are relative to -C; wrong words exit 1."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.desk import COMMAND, Desk
from tests.support.kling_service import KlingService
from tests.support.sounds import wav


@pytest.fixture
def prod(desk: Desk) -> Desk:
    """Everything in the folder `prod`, under another name."""
    (desk.folder / "prod").mkdir()
    desk.declare("narrator", file="prod/studio.yaml")
    return desk


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
def test_global_options_stand_before_or_after_the_command(prod: Desk, words: tuple[str, ...]) -> None:
    assert prod.voicectl(*words, code=0).json["summary"]["create"] == 1


def test_they_stand_before_and_after_a_command_of_a_group_too(prod: Desk) -> None:
    prod.apply("-f", "prod/studio.yaml")
    for words in (
        ("-f", "prod/studio.yaml", "state", "list"),
        ("state", "-f", "prod/studio.yaml", "list"),
        ("state", "list", "-f", "prod/studio.yaml"),
    ):
        assert prod.voicectl(*words, code=0).out.startswith("narrator  ready")


def test_every_path_is_relative_to_c(prod: Desk, kling: KlingService) -> None:
    there = ("-C", "prod", "-f", "studio.yaml")
    told = prod.voicectl("plan", *there, "--out", "p", code=0)
    assert "voicectl -C prod -f studio.yaml apply p" in told.err
    assert (prod.folder / "prod/p").exists()
    assert prod.voicectl(*there, "show", "p", code=0).out == told.out
    prod.voicectl("apply", "p", *there, code=0)
    assert kling.bought == 1

    (prod.folder / "prod/copy.json").write_text(prod.voicectl(*there, "state", "pull", code=0).out)
    prod.voicectl("state", "push", "copy.json", *there, code=0)


def test_a_folder_that_is_not_there_is_named(desk: Desk) -> None:
    assert "-C missing: No such file or directory." in desk.voicectl("plan", "-C", "missing", code=1).err


def test_hints_lead_to_the_same_manifest(prod: Desk) -> None:
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
        (("voices", "kling", "--presets", "--unmanaged"), "exclude each other"),
        (("output", "nobody"), "No state here yet"),
        (("state", "show", "nobody"), "state"),
        (("show", "missing.plan"), "missing.plan"),
        (("-f", "missing.yaml", "plan"), "missing.yaml does not exist"),
        ((), "Usage: voicectl"),
        (("state",), "Usage: voicectl state"),
    ],
)
def test_what_can_not_be_done_exits_1_and_says_why(desk: Desk, words: tuple[str, ...], said: str) -> None:
    desk.declare("narrator")
    refused = desk.voicectl(*words, code=1)
    assert refused.out == ""
    assert said in refused.err
    assert "Traceback" not in refused.err
    assert "bug" not in refused.err


def test_init_writes_a_commented_manifest_that_is_valid_and_never_twice(desk: Desk) -> None:
    assert "Wrote voices.yaml." in desk.voicectl("init", code=0).err
    written = (desk.folder / "voices.yaml").read_text()
    assert "# a provider is a named account" in written
    assert desk.voicectl("validate", code=0).out == "voices.yaml is valid: 1 voice, 1 provider.\n"
    assert "there already" in desk.voicectl("init", code=1).err
    assert (desk.folder / "voices.yaml").read_text() == written
    assert desk.voicectl("--sandbox", "plan", "--json", code=0).json["summary"]["create"] == 1


def test_every_entry_that_init_comments_out_is_valid(desk: Desk) -> None:
    desk.voicectl("init", code=0)
    path = desk.folder / "voices.yaml"
    head, rest = path.read_text().split("version: 1\n")
    keys = re.sub(r"^( *)# (?= *\w+:)", r"\1", rest, flags=re.M)
    path.write_text(f"{head}version: 1\n{keys}")
    (desk.folder / "concierge.wav").write_bytes(wav(12))
    told = desk.voicectl("validate", code=0).out
    assert told == "voices.yaml is valid: 4 voices, 1 sound, 3 providers.\n"


def test_validate_shows_every_problem_with_its_place_and_makes_no_call(desk: Desk, kling: KlingService) -> None:
    (desk.folder / "voices.yaml").write_text(
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
    refused = desk.voicectl("validate", code=1)
    assert "voices.yaml:7:" in refused.err
    assert "voices.narrator.create.voice_name" in refused.err
    assert "at most 20" in refused.err
    assert "voices.yaml:9:" in refused.err
    assert "did you mean create" in refused.err
    assert refused.out == ""
    assert kling.calls == []


def test_completion_knows_the_commands(desk: Desk) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_VOICECTL_COMPLETE" in desk.voicectl("completion", shell, code=0).out
    asked = {"_VOICECTL_COMPLETE": "bash_complete", "COMP_WORDS": "voicectl pl", "COMP_CWORD": "1"}
    assert desk.voicectl(env=desk.env | asked).out == "plain,plan\n"


def test_the_version_is_told(desk: Desk) -> None:
    import reconciler

    assert desk.voicectl("--version", code=0).out == f"voicectl {reconciler.__version__}\n"


def test_a_full_disk_under_stdout_is_an_error(desk: Desk) -> None:
    desk.declare("narrator")
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [*COMMAND, "plan"], cwd=desk.folder, env=desk.env, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ran.returncode == 1
    assert b"No space left on device" in ran.stderr
    assert b"Traceback" not in ran.stderr


def test_verbose_says_beside_the_data_what_was_looked_at(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator")
    told, plain = desk.voicectl("-v", "plan", code=0), desk.voicectl("plan", code=0)
    assert told.out == plain.out
    assert plain.err == ""
    assert told.err == (
        f"manifest: voices.yaml\nstate: {desk.folder / 'voices.state.json'}\nkling: kling {kling.url}, calls made: 1\n"
    )

"""One cast, several environments: include, variables and for_each on the command line."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.kling_service import KlingService

CAST = """
variables: {take: {default: "1"}, host: {default: cdn.example.com}}
voices:
  narrator: {provider: kling, create: {voice_name: Narrator, voice_url: "https://${var:host}/${var:take}.mp3"}}
  npc:
    provider: kling
    for_each: [en, de]
    create: {voice_name: "${each:key}", voice_url: "https://${var:host}/${each:key}.mp3"}
"""


@pytest.fixture
def cast(cli: CliHarness) -> CliHarness:
    """voices.yaml includes shared/cast.yaml: narrator, npc["en"] and npc["de"]."""
    (cli.folder / "shared").mkdir()
    (cli.folder / "shared/cast.yaml").write_text(CAST)
    cli.write({}, include=["shared/cast.yaml"])
    return cli


@pytest.fixture
def made(cast: CliHarness, kling: KlingService) -> CliHarness:
    cast.apply()
    kling.calls.clear()
    return cast


def commands_of(text: str) -> list[list[str]]:
    """The commands of a text, as a shell splits them."""
    return [shlex.split(line[line.index("voicectl") :]) for line in text.splitlines() if "voicectl " in line]


def test_voices_of_an_included_file_converge(cast: CliHarness, kling: KlingService) -> None:
    assert cast.actions() == {"narrator": "create", 'npc["en"]': "create", 'npc["de"]': "create"}
    cast.apply()
    assert kling.bought == 3
    assert cast.voicectl("plan", "--detailed-exitcode").code == 0
    assert sorted(cast.voicectl("output", "--json", code=0).json) == ["narrator", 'npc["de"]', 'npc["en"]']


def test_a_value_of_the_command_line_is_stronger_than_a_file_of_values(made: CliHarness) -> None:
    (made.folder / "take2.yaml").write_text("take: 2\n")
    assert made.actions("--var-file", "take2.yaml") == {"narrator": "replace"}
    assert made.actions("--var", "take=1", "--var-file", "take2.yaml") == {}
    assert made.actions("--var=take=2", "--var", "take=1") == {}
    environ = made.env | {"VOICECTL_VAR_take": "2"}
    plan: Any = made.voicectl("plan", "--json", env=environ, code=0).json
    assert [change["address"] for change in plan["changes"]] == ["narrator"]


def test_values_may_be_given_before_the_command(made: CliHarness) -> None:
    planned = made.voicectl("--var", "take=2", "plan", "--json", code=0).json
    assert [change["action"] for change in planned["changes"]] == ["replace"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--var", "take"], "--var take: a name and a value are needed, such as --var take=2."),
        (["--var", "tkae=2"], "--var tkae: no variable of this name is declared, did you mean take?"),
        (["--var-file", "none.yaml"], "--var-file: none.yaml does not exist"),
    ],
)
def test_a_wrong_option_is_an_error(cast: CliHarness, words: list[str], message: str) -> None:
    assert message in cast.voicectl("plan", *words, code=1).err


def test_the_commands_of_a_hint_name_the_same_values(cast: CliHarness) -> None:
    (cast.folder / "more.yaml").write_text("host: cdn2.example.com\n")
    saved = cast.voicectl("plan", "--var", "take=a'b", "--var-file", "more.yaml", "--out", "p", code=0).err
    [typed] = commands_of(saved)
    assert typed == ["voicectl", "--var", "take=a'b", "--var-file", "more.yaml", "apply", "p"]
    cast.voicectl(*typed[1:], code=0)


def test_a_saved_plan_is_refused_with_other_values(cast: CliHarness, kling: KlingService) -> None:
    cast.voicectl("plan", "--var", "take=2", "--out", "p", code=0)
    refused = cast.voicectl("apply", "p", code=4).err
    assert "The plan is out of date" in refused
    assert "the value of a variable" in refused
    assert kling.bought == 0
    cast.voicectl("apply", "--var", "take=2", "p", code=0)
    assert kling.bought == 3


def test_a_saved_plan_is_refused_after_an_included_file_changed(cast: CliHarness, kling: KlingService) -> None:
    cast.voicectl("plan", "--out", "p", code=0)
    (cast.folder / "shared/cast.yaml").write_text(CAST.replace("${var:take}.mp3", "other.mp3"))
    assert "The plan is out of date" in cast.voicectl("apply", "p", code=4).err
    assert kling.bought == 0


@pytest.mark.parametrize("address", ['npc["en"]', "npc[en]", "npc['en']"])
def test_an_instance_is_named_with_and_without_quotes(made: CliHarness, kling: KlingService, address: str) -> None:
    held = made.voice_id('npc["en"]')
    assert made.voice_id(address) == held
    assert held in made.voicectl("state", "show", address, code=0).out
    assert made.actions("--replace", address) == {'npc["en"]': "replace"}
    made.voicectl("state", "mv", address, "npc[fr]", code=0)
    made.voicectl("state", "rm", "npc[fr]", code=0)
    made.voicectl("import", address, held, code=0)
    assert made.voice_id(address) == held
    assert kling.bought == 0


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [("npc[*]", ['npc["de"]', 'npc["en"]']), ("npc*", ['npc["de"]', 'npc["en"]']), ("npc[en]", ['npc["en"]'])],
)
def test_instances_are_targets(cast: CliHarness, pattern: str, chosen: list[str]) -> None:
    assert sorted(cast.actions("--target", pattern)) == chosen


def test_a_hint_quotes_an_instance_for_the_shell(made: CliHarness) -> None:
    made.voicectl("state", "rm", "npc[de]", code=0)
    held = made.voice_id("npc[en]")
    refused = made.voicectl("import", "npc[de]", held, code=1).err
    assert "'npc[\"en\"]' 'npc[\"de\"]'" in refused
    assert ["voicectl", "state", "mv", 'npc["en"]', 'npc["de"]'] in commands_of(refused)


def test_entries_become_instances_by_a_pattern(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("npc_en", "npc_de")
    cli.apply()
    cli.voicectl("state", "mv", "npc_*", "npc[*]", code=0)
    assert sorted(cli.state["current"]) == ['npc["de"]', 'npc["en"]']
    create = {"voice_name": "npc_${each:key}", "voice_url": "https://cdn.example.com/npc_${each:key}.mp3"}
    cli.write({"npc": {"provider": "kling", "for_each": ["en", "de"], "create": create}})
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    assert kling.bought == 2


@pytest.mark.parametrize("words", [["import", "npc", "1"], ["plan", "--replace", "npc"], ["output", "npc"]])
def test_the_name_of_an_entry_is_not_the_address_of_its_instances(made: CliHarness, words: list[str]) -> None:
    refused = made.voicectl(*words, code=1).err
    assert "npc is an entry with for_each: name one of its instances." in refused
    assert "'npc[\"en\"]'" in refused


def test_the_state_holds_the_address_and_the_cloud_a_marker_without_brackets(made: CliHarness) -> None:
    keys = {address: key for address, key in made.state["current"].items() if address.startswith("npc")}
    assert sorted(keys) == ['npc["de"]', 'npc["en"]']
    assert "-npc__en__-" in keys['npc["en"]']


def test_a_lost_state_of_instances_is_rebuilt(made: CliHarness) -> None:
    held = json.loads(made.voicectl("output", "--json", code=0).out)
    for path in [made.folder / "voices.state.json", made.folder / "voices.state.json.backup"]:
        path.unlink(missing_ok=True)
    made.voicectl("state", "rebuild", "--auto-approve", code=0)
    assert {a: row["voice_id"] for a, row in json.loads(made.voicectl("output", "--json").out).items()} == {
        a: row["voice_id"] for a, row in held.items()
    }


def test_an_entry_that_gets_instances_keeps_its_voice(made: CliHarness, kling: KlingService) -> None:
    text = CAST.replace("  narrator: {", "  narrator:\n    for_each: [en]\n    ").replace(
        '.mp3"}}\n  npc', '.mp3"}\n  npc'
    )
    text = text.replace(
        "provider: kling, create: {voice_name: Narrator", "provider: kling\n    create: {voice_name: Narrator"
    )
    (made.folder / "shared/cast.yaml").write_text(text)
    assert made.actions() == {'narrator["en"]': "move"}
    made.apply()
    assert kling.bought == 0


def test_completion_offers_instances_of_included_files(cast: CliHarness) -> None:
    asked = {"_VOICECTL_COMPLETE": "bash_complete", "COMP_WORDS": "voicectl import ", "COMP_CWORD": "2"}
    ran = cast.voicectl(env=cast.env | asked, code=0)
    assert [line.split(",")[1] for line in ran.out.splitlines()] == ["narrator", "npc[en]", "npc[de]"]


def test_two_environments_have_a_state_each(cast: CliHarness, tmp_path: Path) -> None:
    for name, take in (("prod", "1"), ("staging", "2")):
        cast.write({}, file=f"{name}.yaml", include=["shared/cast.yaml"], values={"take": take})
    cast.apply("-f", "prod.yaml")
    assert (tmp_path / "prod.state.json").exists()
    assert not (tmp_path / "staging.state.json").exists()
    assert cast.actions("-f", "prod.yaml") == {}

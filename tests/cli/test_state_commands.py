"""state mv, rm, pull, push, rebind, mv-manifest: none of them buys or deletes a voice."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import KlingService

# -- mv, rm ------------------------------------------------------------------------------------------------------------


def test_a_voice_renamed_in_state_and_manifest_stays(made: CliHarness, kling: KlingService) -> None:
    held = made.voice_id("hero")
    made.voicectl("state", "mv", "hero", "heroine", code=0)
    made.declare("narrator", heroine=voice("hero"))
    assert made.voicectl("plan", "--detailed-exitcode").code == 0
    assert made.voice_id("heroine") == held
    made.apply()
    assert kling.count("create") == kling.count("delete") == 0


def test_an_invalid_or_used_address_is_refused(made: CliHarness) -> None:
    assert "can't be an address" in made.voicectl("state", "mv", "hero", "9 lives", code=1).err
    assert "narrator has a voice already" in made.voicectl("state", "mv", "hero", "narrator", code=1).err
    assert "not in the state" in made.voicectl("state", "mv", "nobody", "somebody", code=1).err


def test_a_forgotten_voice_that_is_still_declared_is_reused_without_a_call(
    made: CliHarness, kling: KlingService
) -> None:
    held = made.voice_id("hero")
    assert held in made.voicectl("state", "rm", "hero", code=0).err
    assert held in made.voicectl("state", "list", "--abandoned", code=0).out
    assert made.actions() == {"hero": "recover"}
    made.apply()
    assert made.voice_id("hero") == held
    assert kling.count("create") == kling.count("delete") == 0


def test_a_forgotten_voice_that_is_not_declared_stays_in_its_cloud(made: CliHarness, kling: KlingService) -> None:
    held = made.voice_id("hero")
    made.voicectl("state", "rm", "hero", code=0)
    made.declare("narrator")
    assert made.actions() == {}
    made.voicectl("destroy", "--auto-approve", code=0)
    assert list(kling.voices) == [held]


# -- pull, push --------------------------------------------------------------------------------------------------------


def test_a_pulled_state_can_be_pushed_where_it_was_lost(made: CliHarness) -> None:
    copy = made.voicectl("state", "pull", code=0).out
    (made.folder / "copy.json").write_text(copy)
    for path in made.folder.glob("voices.state.*"):
        path.unlink()
    told = made.voicectl("state", "push", "copy.json", code=0)
    assert "2 voices" in told.err
    assert "Warning" not in told.err
    assert made.voicectl("plan", "--detailed-exitcode").code == 0


def test_a_copy_may_come_from_stdin(made: CliHarness) -> None:
    copy = made.voicectl("state", "pull", code=0).out
    made.voicectl("state", "push", "-", stdin=copy, code=0)


def test_an_older_copy_or_another_lineage_is_pushed_only_by_force(made: CliHarness) -> None:
    copy = made.voicectl("state", "pull", code=0).out
    made.declare("narrator", "hero", "villain")
    made.apply()
    assert "state push --force" in made.voicectl("state", "push", "-", stdin=copy, code=1).err
    made.voicectl("state", "push", "--force", "-", stdin=copy, code=0)
    assert made.voicectl("output", "--json").json.keys() == {"narrator", "hero"}


def test_a_copy_that_is_not_a_state_is_refused(made: CliHarness) -> None:
    refused = made.voicectl("state", "push", "-", stdin="{}", code=1)
    assert refused.err.startswith("Error: <stdin> is not a complete state: ")
    assert "voicectl state pull" in refused.err
    (made.folder / "bad.json").write_text('{"version": 1}')
    assert "bad.json is not a complete state: " in made.voicectl("state", "push", "bad.json", code=1).err
    assert made.voicectl("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("content", ["", "{", '{"version":1}'])
def test_a_broken_state_says_what_to_do(made: CliHarness, kling: KlingService, content: str) -> None:
    (made.folder / "voices.state.json").write_text(content)
    for words in (("plan",), ("output",), ("apply", "--auto-approve")):
        refused = made.voicectl(*words, code=1)
        assert "The state file is damaged" in refused.err
        assert ".backup" in refused.err
        assert "voicectl state push --force" in refused.err
    assert kling.calls == []


def test_the_backup_puts_a_broken_state_right(made: CliHarness) -> None:
    made.declare("narrator", hero=voice("hero") | {"labels": {"team": "film"}})
    made.apply()
    (made.folder / "voices.state.json").write_text("{")
    made.voicectl("state", "push", "--force", "voices.state.backup", code=0)
    assert set(made.actions().values()) <= {"update", "recover"}


def test_a_state_of_a_later_voicectl_is_left_alone(made: CliHarness) -> None:
    path = made.folder / "voices.state.json"
    later = json.dumps(json.loads(path.read_text()) | {"version": 99})
    path.write_text(later)
    assert "later voicectl" in made.voicectl("plan", code=1).err
    assert path.read_text() == later


# -- rebind, mv-manifest -----------------------------------------------------------------------------------------------


def test_rebind_says_that_another_endpoint_is_the_same_account(made: CliHarness, kling: KlingService) -> None:
    kling.prefix = "/gateway"
    made.declare("narrator", "hero")
    assert made.actions() == {"narrator": "blocked", "hero": "blocked"}
    assert made.voicectl("state", "rebind", "kling", code=0).err.endswith(": 2 voices.\n")
    assert made.voicectl("plan", "--detailed-exitcode").code == 0
    assert kling.count("create") == 0
    assert "declares no provider klong" in made.voicectl("state", "rebind", "klong", code=1).err


def test_a_renamed_manifest_takes_its_state_along(made: CliHarness, kling: KlingService) -> None:
    (made.folder / "voices.yaml").rename(made.folder / "prod.yaml")
    assert "mv-manifest voices.yaml" in made.voicectl("-f", "prod.yaml", "plan", code=1).err
    made.voicectl("-f", "prod.yaml", "state", "mv-manifest", "voices.yaml", code=0)
    assert made.voicectl("-f", "prod.yaml", "plan", "--detailed-exitcode").code == 0
    assert (made.folder / "prod.state.json").exists()
    assert not (made.folder / "voices.state.json").exists()
    assert kling.count("create") == 0


def test_a_state_file_renamed_by_hand_is_refused_with_the_next_command(made: CliHarness) -> None:
    (made.folder / "voices.yaml").rename(made.folder / "prod.yaml")
    (made.folder / "voices.state.json").rename(made.folder / "prod.state.json")
    refused = made.voicectl("-f", "prod.yaml", "plan", code=1)
    assert "belongs to voices.yaml, not to prod.yaml" in refused.err
    [way_on] = re.findall(r"voicectl (-f \S+ state mv-manifest)$", refused.err, re.MULTILINE)
    made.voicectl(*way_on.split(), code=0)
    assert made.voicectl("-f", "prod.yaml", "plan", "--detailed-exitcode").code == 0


def test_two_manifests_in_a_folder_have_a_state_each(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", file="a.yaml")
    cli.declare("hero", file="b.yaml")
    cli.apply("-f", "a.yaml")
    cli.apply("-f", "b.yaml")
    assert kling.bought == 2
    assert {p.name for p in cli.folder.glob("*.state.json")} == {"a.state.json", "b.state.json"}
    cli.voicectl("-f", "a.yaml", "destroy", "--auto-approve", code=0)
    assert [t.name for t in kling.voices.values()] == ["hero"]


def test_a_folder_is_one_manifest(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", file="a.yaml")
    (cli.folder / "b.yaml").write_text(json.dumps({"version": 1, "voices": {"hero": voice("hero")}}))
    cli.apply("-f", ".")
    assert kling.bought == 2
    assert (cli.folder / "voices.state.json").exists()
    assert cli.voicectl("-f", ".", "plan", "--detailed-exitcode").code == 0
    alone = cli.voicectl("-f", "a.yaml", "plan", code=0)
    assert "was the state lost?" in alone.out


def test_a_manifest_that_becomes_a_folder_takes_its_state_along(made: CliHarness) -> None:
    refused = made.voicectl("-f", ".", "plan", code=1)
    assert "belongs to voices.yaml, not to the folder as one manifest" in refused.err
    [way_on] = re.findall(r"voicectl (-f \S+ state mv-manifest)$", refused.err, re.MULTILINE)
    assert "belongs to this folder now" in made.voicectl(*way_on.split(), code=0).err
    assert made.voicectl("-f", ".", "plan", "--detailed-exitcode").code == 0


# -- disks -------------------------------------------------------------------------------------------------------------


def test_a_folder_copied_elsewhere_works_there(made: CliHarness, kling: KlingService, tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere"
    copied.mkdir()
    for path in made.folder.glob("voices.*"):
        shutil.copy(path, copied)
    assert made.voicectl("-C", "elsewhere", "plan", "--detailed-exitcode").code == 0


# -- list --------------------------------------------------------------------------------------------------------------


def test_the_list_shows_what_lives_and_counts_what_is_over(made: CliHarness, kling: KlingService) -> None:
    made.apply("--replace", "hero")
    made.declare("hero")
    made.apply()
    held = made.voice_id("hero")
    told = made.voicectl("state", "list", code=0)
    [line] = told.out.splitlines()
    assert line.split()[:3] == ["hero", "ready", held]
    assert told.err == "2 records of what was deleted or given up: voicectl state list --all\n"
    assert [row["status"] for row in made.voicectl("state", "list", "--json", code=0).json] == ["ready"]
    everything = made.voicectl("state", "list", "--all", code=0)
    assert sorted(line.split()[1] for line in everything.out.splitlines()) == ["deleted", "deleted", "ready"]
    assert everything.err == ""
    assert len(made.voicectl("state", "list", "--all", "--json", code=0).json) == 3


def test_the_list_of_a_state_whose_voices_are_all_gone_says_so(made: CliHarness) -> None:
    made.voicectl("destroy", "--auto-approve", code=0)
    told = made.voicectl("state", "list", code=0)
    assert told.out == "The state holds no voices.\n"
    assert told.err.startswith("2 records of what was deleted")

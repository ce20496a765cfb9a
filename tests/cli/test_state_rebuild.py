"""The state is lost, and the voices are there: nothing is bought before a person has said whose they are."""

from __future__ import annotations

import re

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_rules import Listing, in_order, newest_first
from tests.support.kling_service import OWEN, Deleted, KlingService


@pytest.fixture
def lost(made: CliHarness) -> CliHarness:
    """The voices are there, and nobody knows them any more."""
    for path in made.folder.glob("voices.state.*"):
        path.unlink()
    return made


def test_a_lost_state_blocks_the_plan_with_the_question(lost: CliHarness, kling: KlingService) -> None:
    told = lost.voicectl("plan", "--detailed-exitcode", code=2)
    assert "was the state lost?" in told.out
    assert re.search(r"voicectl state rebuild --lineage [0-9a-f]{8}", told.out)
    assert set(lost.actions().values()) == {"blocked"}
    lost.apply(code=1)
    assert kling.count("create") == 0


REBUILD = ("state", "rebuild", "--auto-approve", "--lineage")


def test_rebuild_adopts_the_voices_of_a_lineage(lost: CliHarness, kling: KlingService) -> None:
    listed = lost.voicectl("state", "rebuild", code=0)
    [lineage] = re.findall(r"^([0-9a-f]{8})  2 declared voices: hero, narrator$", listed.out, re.MULTILINE)
    assert lost.voicectl(*REBUILD, lineage, code=0).err.endswith("Adopted: 2 voices.\n")
    assert lost.voicectl("plan", "--detailed-exitcode").code == 0
    lost.apply()
    assert kling.count("create") == 0
    assert {row["voice_id"] for row in lost.voicectl("output", "--json").json.values()} == set(kling.voices)


def test_rebuild_done_again_adopts_what_is_left(lost: CliHarness, kling: KlingService) -> None:
    listed = lost.voicectl("state", "rebuild", code=0)
    [lineage] = re.findall(r"^([0-9a-f]{8})  2 declared", listed.out, re.MULTILINE)
    lost.voicectl(*REBUILD, lineage, code=0)  # and died before it could say so
    assert lost.voicectl(*REBUILD, lineage, code=0).err.startswith("Adopted: 0 voices.\n")
    assert lost.actions() == {}


def test_a_new_lineage_ignores_them(lost: CliHarness, kling: KlingService) -> None:
    lost.voicectl("state", "rebuild", "--new-lineage", code=0)
    assert lost.actions() == {"hero": "create", "narrator": "create"}
    lost.apply()
    assert kling.bought == 2
    assert len(kling.voices) == 4
    lost.voicectl("destroy", "--auto-approve", code=0)
    assert len(kling.voices) == 2


def test_a_lineage_that_nothing_carries_is_refused(lost: CliHarness) -> None:
    refused = lost.voicectl("state", "rebuild", "--lineage", "00000000", code=1)
    assert "00000000" in refused.err
    lost.voicectl("state", "rebuild", "--lineage", "00000000", "--new-lineage", code=1)


def test_nothing_is_adopted_before_the_user_agrees(lost: CliHarness) -> None:
    listed = lost.voicectl("state", "rebuild", code=0)
    [lineage] = re.findall(r"^([0-9a-f]{8})  2 declared", listed.out, re.MULTILINE)
    refused = lost.voicectl("state", "rebuild", "--lineage", lineage, code=1)
    assert f"This adopts 2 voices into voices.state.json, made under lineage {lineage}: hero, narrator." in refused.err
    assert "No other state may hold them" in refused.err
    assert f"voicectl state rebuild --lineage {lineage} --auto-approve" in refused.err
    assert not (lost.folder / "voices.state.json").exists()


def test_an_old_state_buys_nothing_and_deletes_nothing(made: CliHarness, kling: KlingService) -> None:
    old = (made.folder / "voices.state.json").read_bytes()
    made.declare("narrator", "hero", guest=voice("guest"))
    made.apply()
    made.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/take-2.mp3"))
    made.apply()
    there = set(kling.voices)
    kling.calls.clear()
    (made.folder / "voices.state.json").write_bytes(old)
    made.declare("narrator", "hero")
    blocked = made.apply(code=1)
    assert "this state is out of date" in blocked.out
    assert "state rebuild --lineage" in blocked.out
    drift = made.voicectl("drift", code=1)
    assert "This state is out of date" in drift.out
    assert kling.count("create") == kling.count("delete") == 0
    assert set(kling.voices) == there


def test_a_pushed_backup_buys_nothing(made: CliHarness, kling: KlingService) -> None:
    (made.folder / "copy.json").write_text(made.voicectl("state", "pull", code=0).out)
    made.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/take-2.mp3"))
    made.apply()
    kling.calls.clear()
    made.voicectl("state", "push", "--force", "copy.json", code=0)
    assert made.actions() == {"hero": "blocked"}
    made.apply(code=1)
    assert kling.count("create") == kling.count("delete") == 0


def test_the_command_of_an_older_state_works_for_an_entry_that_left_the_manifest(
    made: CliHarness, kling: KlingService
) -> None:
    (made.folder / "copy.json").write_text(made.voicectl("state", "pull", code=0).out)
    made.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/take-2.mp3"))
    made.apply()
    made.voicectl("state", "push", "--force", "copy.json", code=0)
    made.declare("narrator")
    [lineage] = re.findall(r"state rebuild --lineage ([0-9a-f]{8})", made.voicectl("plan", code=0).out)
    made.voicectl(*REBUILD, lineage, code=0)
    made.apply("--allow-deletes", "1")
    assert made.actions() == {}
    assert kling.count("create") == 1


@pytest.mark.parametrize("order", [in_order, newest_first])
def test_a_rebuilt_state_distinguishes_a_moved_voice_from_its_successor(
    cli: CliHarness, kling: KlingService, order: Listing
) -> None:
    cli.declare(old=voice("first"))
    cli.apply()
    cli.declare(new=voice("first"))
    cli.apply()
    cli.declare(old=voice("second"), new=voice("first"))
    cli.apply()
    lineage = cli.state["lineage"][:8]
    for path in cli.folder.glob("voices.state.*"):
        path.unlink()
    kling.listing = order
    cli.voicectl(*REBUILD, lineage, code=0)
    assert cli.actions() == {"new": "blocked"}
    second = next(v for v, task in kling.voices.items() if task.name == "second")
    assert cli.voice_id("old") == second


@pytest.mark.parametrize("deleted", list(Deleted))
def test_an_import_takes_the_voice_that_it_names_though_its_key_was_used_before(
    cli: CliHarness, kling: KlingService, deleted: Deleted
) -> None:
    kling.deleted_voices = deleted
    cli.declare(hero=voice("hero"), villain=voice("villain"))
    cli.apply()
    first = cli.voice_id("hero")
    cli.declare(villain=voice("villain"))
    cli.apply("--allow-deletes", "1")  # its key is used up, and the rebuilt state does not know it
    lineage = cli.state["lineage"][:8]
    for path in cli.folder.glob("voices.state.*"):
        path.unlink()
    cli.voicectl(*REBUILD, lineage, code=0)
    [guest] = kling.add_foreign("guest")
    cli.declare(hero=voice("hero"), villain=voice("villain"))
    cli.voicectl("import", "hero", guest, code=0)
    assert guest != first
    assert cli.voice_id("hero") == guest
    assert cli.actions() == {}
    cli.declare(villain=voice("villain"))
    cli.apply("--allow-deletes", "1")
    assert guest not in kling.voices


@pytest.fixture
def renamed(cli: CliHarness, kling: KlingService) -> CliHarness:
    """An entry was renamed, and then the state was lost: the marker in the cloud is of the old address."""
    cli.declare("narrator", hero=voice("Hero"))
    cli.apply()
    cli.declare("narrator", heroine=voice("Hero"))
    assert cli.actions() == {"heroine": "move"}
    cli.apply()
    for path in cli.folder.glob("voices.state.*"):
        path.unlink()
    kling.calls.clear()
    return cli


def _lineage(cli: CliHarness) -> str:
    listed = cli.voicectl("state", "rebuild", code=0)
    [lineage] = re.findall(r"^([0-9a-f]{8})  \d declared", listed.out, re.MULTILINE)
    assert f"voicectl state rebuild --lineage {lineage}\n" in listed.err
    return str(lineage)


def test_drift_and_destroy_fail_for_renamed_entries_of_a_lost_state(renamed: CliHarness) -> None:
    drifted = renamed.voicectl("drift", code=1)
    assert "the account holds 2 voices of this manifest" in drifted.err
    assert "do not exist" not in drifted.out
    renamed.voicectl("destroy", "--auto-approve", code=1)


def test_drift_and_destroy_fail_for_one_renamed_entry_too(renamed: CliHarness, kling: KlingService) -> None:
    renamed.declare(heroine=voice("Hero"))
    [voice_id] = [key for key, each in kling.voices.items() if each.name == "Hero"]
    drifted = renamed.voicectl("drift", code=1)
    assert f"voicectl import heroine {voice_id}" in drifted.err
    renamed.voicectl("destroy", "--auto-approve", code=1)


def test_a_renamed_entry_is_left_out_of_a_rebuild_and_imported(renamed: CliHarness, kling: KlingService) -> None:
    rebuilt = renamed.voicectl(*REBUILD, _lineage(renamed), code=0)
    assert "Adopted: 1 voice.\n" in rebuilt.err
    assert "their markers name other addresses: heroine. What to do: voicectl plan\n" in rebuilt.err
    [way] = re.findall(r"^ +If it is this one: voicectl (import heroine \S+);$", renamed.voicectl("plan").out, re.M)
    renamed.voicectl(*way.split(), code=0)
    assert renamed.actions() == {}
    assert kling.count("create") == 0


def test_the_lineage_of_a_renamed_entry_alone_can_be_named(renamed: CliHarness) -> None:
    renamed.declare(heroine=voice("Hero"))
    assert "Adopted: 0 voices.\n" in renamed.voicectl(*REBUILD, _lineage(renamed), code=0).err
    assert "voicectl import heroine" in renamed.voicectl("plan").out


def test_the_lineage_of_a_renamed_entry_alone_can_be_ignored(renamed: CliHarness) -> None:
    renamed.declare(heroine=voice("Hero"))
    renamed.voicectl("state", "rebuild", "--new-lineage", code=0)
    assert renamed.actions() == {"heroine": "create"}


def test_an_apply_of_the_rest_buys_no_renamed_entry_again(renamed: CliHarness, kling: KlingService) -> None:
    owen = {"provider": "kling", "preset": {"voice_id": OWEN}}
    renamed.declare("narrator", heroine=voice("Hero"), owen=owen)
    renamed.apply(code=1)
    assert renamed.actions() == {"heroine": "blocked", "narrator": "blocked"}
    renamed.apply(code=1)
    assert kling.count("create") == 0


def test_a_pipeline_adopts_the_only_lineage_without_naming_it(lost: CliHarness, kling: KlingService) -> None:
    assert lost.voicectl("state", "rebuild", "--auto-approve", code=0).err.endswith("Adopted: 2 voices.\n")
    lost.apply()
    assert kling.count("create") == 0
